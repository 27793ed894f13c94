"""What the service does when it is asked: one function an act, over ports."""
