"""Rating: the ledger of each customer, its measures, its grades and its early warnings."""
