"""Commands about one customer: decided on its folded stream, appended with the version checked (architecture, fact 7)."""
