"""Exposure: limits, credit checks and holds. Not part of this release."""
