"""Files of other systems become facts: a mapping says how, a report says what was refused and why."""
