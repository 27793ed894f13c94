"""What every handler shares: links between documents, and what an amount that is left out means."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from datetime import date
from typing import Any

ALL = -1
"""An amount left out: all of it."""


def link(names: list[str], name: str) -> list[str]:
    """*names* with *name* once, in an order that does not depend on arrival."""
    return names if name in names else added(names, name)


def added(entries: list[Any], entry: Any, key: Callable[[Any], Any] | None = None) -> list[Any]:
    """*entries* with *entry* in its place; a list of its own where there were none."""
    if not entries:
        return [entry]
    insort(entries, entry, key=key)
    return entries


def ordinal(day: date | None) -> int:
    """The day as an ordinal; 0 for none."""
    return day.toordinal() if day else 0


def earlier(day: int, other: int) -> int:
    """The earlier of two days on which the same thing is told to have ended; 0 is none.

    Told twice, it had ended by the first day already, and what a later day says changes nothing before it.
    """
    return min(day, other) if day else other
