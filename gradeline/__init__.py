"""The gradeline command: everything on one machine, or one process of a larger installation."""
