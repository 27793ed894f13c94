"""The brain of exposure: what a customer owes and may come to owe, read from the shared ledger. Pure."""
