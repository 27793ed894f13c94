"""Chance in waiting: two workers that met once shall not meet again."""

from __future__ import annotations

import random

MOVED_SECONDS = 0.01
"""Times the number of the attempt: how long at most before a batch whose streams moved is made again."""
LOSSES = 3
"""So often one may lose to other writers before these wait until it has written (`shared.edge.store.turns`)."""


def part_of(seconds: float) -> float:
    """Between half of *seconds* and all of it."""
    return seconds * random.uniform(0.5, 1.0)
