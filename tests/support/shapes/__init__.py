"""One customer for each sentence of a template: told as facts, and graded a second time by plain arithmetic."""
