"""What is told about a customer, folded once for every service: documents, money, records, profile."""
