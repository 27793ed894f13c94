"""The history of the rating schema."""
