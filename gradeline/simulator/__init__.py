"""A believable portfolio of invented customers: the same seed gives the same facts, byte for byte."""
