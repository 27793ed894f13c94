"""What every handler shares: links between documents, and what an amount that is left out means."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from datetime import date
from typing import Any

from shared.core.events.base import DocumentFact
from shared.core.ledger.documents import NOWHERE, Place

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


_PLACES: dict[Place, Place] = {}
"""Every place is held once: a company has few, and its documents are many."""
_MOST_PLACES = 65536


def place_of(data: DocumentFact) -> Place:
    """Where the fact *data* says that it belongs."""
    company, segment, product, salesperson, region = (
        data.company, data.segment, data.product_group, data.salesperson, data.region
    )  # fmt: skip
    if not (company or segment or product or salesperson or region):
        return NOWHERE
    place = Place(company or "", segment or "", product or "", salesperson or "", region or "")
    held = _PLACES.get(place)
    if held is None and len(_PLACES) < _MOST_PLACES:
        held = _PLACES[place] = place
    return held or place
