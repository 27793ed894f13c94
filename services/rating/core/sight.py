"""What the postings of a document may look at, and what of it counts on a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from services.rating.core.days import WorkCalendar
from services.rating.core.documents import Dispute, Document, Lot
from services.rating.core.position import Lens

Contribution = dict[tuple[int, int | str, str, int], list[int]]
"""(family, key, item, days late) → numbers."""


class Sight(NamedTuple):
    """What a document's postings may look at besides the document."""

    documents: Mapping[str, Document]
    lots: Callable[[str, str], Sequence[Lot]]
    """(payment, document) → the money of that payment on that document."""
    credits: Callable[[Document], Sequence[Lot]]
    """document → credits settled on it later."""
    disputes: Mapping[str, Dispute]
    lenses: tuple[Lens, ...]
    calendar: WorkCalendar
    term_days: int
    """The term of a document that carries no due date at all (contracts D3), from its booking."""


def gross(document: Document, day: int) -> int:
    """Units of *document* on *day*: as last amended, less what was cancelled; 0 before it was booked."""
    if day < document.booked or document.order is None:
        return 0
    amount = document.amount
    newest: tuple[int, int, str, str] | None = None
    for order, on, new in document.amended:
        if on <= day and (newest is None or order > newest):
            newest, amount = order, new
    for on, cancelled in document.cancelled:
        if on <= day:
            amount -= amount if cancelled < 0 else min(amount, cancelled)
    return amount


def taken(taker: Document, target: str, day: int) -> int:
    """How much of *target* is consumed by *taker* on *day*; a cancelled document gives back its share."""
    if taker.order is None or day < taker.booked:
        return 0
    amount = sum(units for to, units in taker.takes if to == target)
    if taker.cancelled and taker.amount:
        left, cancelled = gross(taker, day), sum(taker.amount if n < 0 else n for on, n in taker.cancelled if on <= day)
        amount = amount * left // (left + cancelled) if left else 0
    return amount


def forebears(document: Document, sight: Sight) -> list[Document]:
    """*document* and the documents it replaces, one after another: what was said to them follows to it."""
    found = [document]
    while found[-1].replaces and len(found) < 64:
        held = sight.documents.get(found[-1].replaces)
        if held is None or any(held is one for one in found):
            break
        found.append(held)
    return found
