"""The append-only store of one service: one PostgreSQL schema, written in batches, read by stream or in sequence."""
