"""Thirteen bugs that a system like this one is known to have, planted one at a time, to see that the tests notice each."""
