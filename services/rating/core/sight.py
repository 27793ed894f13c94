"""What the postings of a document may look at, and what of it counts on a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from services.rating.core.days import WorkCalendar
from services.rating.core.documents import Dispute, Document, Lot
from services.rating.core.position import Lens

Key = tuple[int, int | str, str, int]
"""(family, day or name, item, days late)."""

Contribution = dict[Key, int]
"""What a document adds to each sum, in lanes where there are several."""


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


def successor(document: Document, documents: Mapping[str, Document]) -> Document | None:
    """The document that re-issues *document*; of several that say so the one recorded first holds."""
    found: Document | None = None
    for name in document.replacers:
        one = documents[name]
        if one.order is not None and one.replaces == document.id and (found is None or one.order < (found.order or ())):
            found = one
    return found


def forebears(document: Document, sight: Sight) -> list[Document]:
    """*document* and the documents it replaces, one after another: what was said to them follows to it."""
    found = [document]
    while found[-1].replaces and len(found) < 64:
        held = sight.documents.get(found[-1].replaces)
        if held is None or any(held is one for one in found) or successor(held, sight.documents) is not found[-1]:
            break
        found.append(held)
    return found


def money_on(document: Document, sight: Sight, depth: int = 0) -> list[Lot]:
    """The money on *document*, also what was allocated to a document it re-issues.

    Where one document is re-issued as several, the first recorded takes what it needs and passes on the rest.
    """
    lots = [lot for payer in document.payers for lot in sight.lots(payer, document.id)]
    former = sight.documents.get(document.replaces) if document.replaces and depth < 64 else None
    if former is None or document.order is None:
        return lots
    others = (sight.documents[name] for name in former.replacers)
    before = [x for x in others if x.order is not None and x.replaces == former.id and x.order < document.order]
    return lots + _passed_on(money_on(former, sight, depth + 1), sum(one.amount for one in before))


def _passed_on(lots: list[Lot], used: int) -> list[Lot]:
    """*lots* less the first *used* units of them."""
    if not used:
        return lots
    rest = []
    for lot in sorted(lots, key=lambda one: (one.paid, one.steps[0][0], one.payment)):
        taken = min(used, max(units for _, units, _ in lot.steps))
        used -= taken
        steps = [(on, max(0, units - taken), 0) for on, units, _ in lot.steps]
        rest.append(Lot(lot.payment, lot.paid, lot.cash_on, lot.pool, steps))
    return rest
