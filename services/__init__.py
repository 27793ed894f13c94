"""Three services, one machine: each is a brain (core) with thin edges."""
