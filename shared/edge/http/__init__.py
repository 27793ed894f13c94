"""The HTTP edge every service shares: identity, problem details, documents, health, metrics, paging."""
