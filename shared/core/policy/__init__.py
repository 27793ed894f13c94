"""Rating rules as data: cards, combinations, caps, scales, movement; and the evaluation that explains itself."""
