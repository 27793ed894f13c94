"""The outside of alerts: files, database, channels."""
