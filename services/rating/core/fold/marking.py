"""What every handler shares: links between documents, and what an amount that is left out means."""

from __future__ import annotations

from bisect import insort
from datetime import date

ALL = -1
"""An amount left out: all of it."""


def link(names: list[str], name: str) -> None:
    """Add *name* once, in an order that does not depend on arrival."""
    if name not in names:
        insort(names, name)


def ordinal(day: date | None) -> int:
    """The day as an ordinal; 0 for none."""
    return day.toordinal() if day else 0
