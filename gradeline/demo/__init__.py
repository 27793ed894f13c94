"""What `gradeline up --demo` shows: a believable portfolio, live facts, and what Gradeline makes of them."""
