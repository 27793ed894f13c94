"""The outside of exposure: files, database."""
