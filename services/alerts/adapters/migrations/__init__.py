"""The history of the exposure schema."""
