"""The machine that every service runs: consume, drop duplicates, fold, decide, and write it all in one transaction."""
