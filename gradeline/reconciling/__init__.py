"""Our balances beside those of another system's trial balance, row by row."""
