"""Exposure: limits, credit checks and holds."""
