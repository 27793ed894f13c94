"""The HTTP routes of exposure."""
