"""Alerts: the right person knows in time, and it shows when they did not."""
