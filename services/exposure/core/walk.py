"""From what a document adds on each day to its dated postings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from services.exposure.core.holding import Sum
from shared.core.ledger.documents import Document
from shared.core.ledger.position import Posting

Share = dict[tuple[Sum, str], int]
"""((category, place), document) → units."""


class Shown(Protocol):
    """A document as it stands on a day."""

    def days(self) -> Iterable[int]:
        """Days on which anything may change."""

    def share(self, day: int) -> Share:
        """What counts from *day* on."""


def walk(document: Document, shown: Shown) -> list[Posting]:
    """On each day on which something changed: what counts from then on, less what counted before."""
    posted: list[Posting] = []
    before: Share = {}
    for day in sorted({day for day in shown.days() if day >= document.booked}):
        now = shown.share(day)
        for key, units in now.items():
            if delta := units - before.pop(key, 0):
                posted.append((day, 0, key[0], (delta, key[1])))
        posted += [(day, 0, key[0], (-units, key[1])) for key, units in before.items() if units]
        before = now
    return posted


def put(share: Share, category: Sum, name: str, units: int) -> None:
    """Add *units* of *name* to *category*."""
    if units:
        share[category, name] = share.get((category, name), 0) + units
