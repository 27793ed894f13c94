"""Chance in waiting: two workers that met once shall not meet again."""

from __future__ import annotations

import random

MOVED_SECONDS = 0.01
"""Times the number of the attempt: how long at most before a batch whose streams moved is made again."""


def part_of(seconds: float) -> float:
    """Between half of *seconds* and all of it."""
    return seconds * random.uniform(0.5, 1.0)
