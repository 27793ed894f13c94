"""The rating service's own tables."""
