"""The handlers of the fold, one page a kind of fact: each keeps what was said and concludes nothing."""
