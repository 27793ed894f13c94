"""Scorecards that other programs fitted: read into methods, and written as PMML."""
