"""The ledger of a customer: documents and money, standing on a day, in sums that cost days and not documents."""
