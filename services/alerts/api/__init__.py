"""The HTTP routes of alerts."""
