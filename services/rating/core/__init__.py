"""The rating brain: ledger, measures, grade path. Pure."""
