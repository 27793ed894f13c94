"""What the postings of a document may look at, and what of it counts on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from shared.core.ledger.days import WorkCalendar
from shared.core.ledger.documents import CREDITS, Agreed, Dispute, Document, Lot, Payment, Term, Transfer
from shared.core.ledger.position import Lens

Key = tuple[int, int | str, Any, int]
"""(family, day or name, item or what was sold, days late)."""

Contribution = dict[Key, int]
"""What a document adds to each sum, in lanes where there are several."""

_CHAIN = 64
"""A re-issue of a re-issue …: no books go on so long, but facts can name each other in a circle."""


class Sight(Protocol):
    """What a document's postings may look at besides the document. The ledger is one."""

    lenses: tuple[Lens, ...]
    calendar: WorkCalendar
    term_days: int
    """The term of a document that carries no due date, and for which none was agreed (contracts D3), from its booking."""

    @property
    def agreed(self) -> Mapping[str, Sequence[Agreed]]:
        """Contract → the terms that were agreed in it, by order; under the empty name those of the customer."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """Every document by its id, those included that were only referred to."""

    @property
    def payments(self) -> Mapping[str, Payment]:
        """Every payment by its id, those included that were only referred to."""

    @property
    def transfers(self) -> Mapping[str, Transfer]:
        """Every sale or assignment of claims by its id."""

    @property
    def disputes(self) -> Mapping[str, Dispute]:
        """Every dispute by its id."""

    def money(self, payment: str, document: str, currency: str) -> Sequence[Lot]:
        """The money of *payment* that was said to be for *document*, where it is in *currency*."""

    def credit(self, document: Document) -> Sequence[Lot]:
        """What was set against *document* later and is no payment."""


def gross(document: Document, day: int) -> int:
    """Units of *document* on *day*: as last amended, less what was cancelled; 0 before it was booked.

    What was cancelled whole and is amended on a later day is open again: closing and reopening hides nothing.
    """
    if day < document.booked or document.order is None:
        return 0
    amount, _ = _amended(document, day)
    for cancelled in _cancelled(document, day):
        amount -= amount if cancelled < 0 else min(amount, cancelled)
    return amount


def _amended(document: Document, day: int) -> tuple[int, int]:
    """(units of *document* as last told by *day*, the day of that amendment or 0)."""
    amount, newest = document.amount, None
    for order, on, new in document.amended:
        if on <= day and (newest is None or order > newest):
            newest, amount = order, new
    return amount, newest[0] if newest is not None else 0


def _cancelled(document: Document, day: int) -> list[int]:
    """What of *document* was cancelled by *day*: units, −1 for all of it."""
    if not document.cancelled:
        return []
    reopened = _amended(document, day)[1]
    return [units for on, units in document.cancelled if on <= day and not (units < 0 and on < reopened)]


def changes_of(document: Document) -> list[int]:
    """The days on which `gross` of *document* may change."""
    days = [document.booked]
    days += [on for _, on, _ in document.amended]
    days += [on for on, _ in document.cancelled]
    return days


def term_on(document: Document, day: int) -> Term | None:
    """The terms of *document* as last told by *day*."""
    term, newest = document.term, None
    for order, on, changed in document.terms:
        if on <= day and (newest is None or order > newest):
            newest, term = order, changed
    return term


def agreed_on(document: Document, day: int, sight: Sight) -> tuple[str, Term] | None:
    """(contract or "", terms) that stand in on *day* where *document* says none: those of its contract, else the customer's.

    What held when it was booked stays; what was told only later stands in from then on (contracts D3).
    """
    for name in dict.fromkeys((document.contract, "")):
        found: Term | None = None
        for order, term in sight.agreed.get(name, ()):
            if order[0] > document.booked and (found is not None or order[0] > day):
                break
            found = term
        if found is not None:
            return name, found
    return None


def accepted_on(document: Document, day: int) -> int:
    """When *document* was accepted, as last told by *day*; 0: not yet."""
    found = 0
    for _, on in document.accepted:
        if on <= day:
            found = on
    return found


def takes_of(document: Document, documents: Mapping[str, Document]) -> Sequence[tuple[str, int]]:
    """What *document* consumes: (document, units). A re-issue that does not say so consumes what it re-issues did."""
    for _ in range(_CHAIN):
        if document.takes or not document.replaces:
            break
        held = documents.get(document.replaces)
        if held is None or held.order is None:
            break
        document = held
    return document.takes


def takers_of(document: Document, sight: Sight) -> list[tuple[Document, str]]:
    """Who consumes *document* or what it re-issues, each with the id under which it does so.

    What re-issues a consumer is one too: from its booking on it stands in the other's place.
    """
    documents, found = sight.documents, []
    for one in forebears(document, sight) if document.replaces else [document]:
        names = dict.fromkeys(one.takers)
        for name in names:
            taker = documents[name]
            found.append((taker, one.id))
            for _ in range(_CHAIN):
                after = successor(taker, documents) if taker.replacers else None
                if after is None or after.takes or after.id in names:
                    break
                found.append((after, one.id))
                taker = after
    return found


def taken(taker: Document, target: str, day: int, documents: Mapping[str, Document]) -> int:
    """How much of *target* is consumed by *taker* on *day*.

    A cancelled document gives back its share, a re-issued one all of it; a credit takes no more than it is worth.
    """
    if taker.order is None or day < taker.booked:
        return 0
    if taker.replacers:
        after = successor(taker, documents)
        if after is not None and day >= after.booked:
            return 0
    takes = takes_of(taker, documents)
    amount = sum(units for to, units in takes if to == target)
    credit = taker.kind in CREDITS
    if not (taker.cancelled or taker.amended or credit):
        return amount
    left = gross(taker, day)
    if credit:
        said = sum(units for _, units in takes)
        return amount * left // said if said > left else amount
    if taker.cancelled and taker.amount:
        cancelled = sum(taker.amount if units < 0 else units for units in _cancelled(taker, day))
        return amount * left // (left + cancelled) if left else 0
    return amount


def turns_of(taker: Document, documents: Mapping[str, Document]) -> list[int]:
    """The days on which `taken` of *taker* may change."""
    after = successor(taker, documents) if taker.replacers else None
    return changes_of(taker) + ([after.booked] if after is not None else [])


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
    while found[-1].replaces and len(found) < _CHAIN:
        held = sight.documents.get(found[-1].replaces)
        if held is None or any(held is one for one in found) or successor(held, sight.documents) is not found[-1]:
            break
        found.append(held)
    return found


def money_on(document: Document, sight: Sight) -> list[Lot]:
    """The money on *document*, also what was allocated to a document it re-issues.

    Where one document is re-issued as several, the first recorded takes what it needs and passes on the rest.
    """
    return _money_on(document, sight, document.currency, 0)


def _money_on(document: Document, sight: Sight, currency: str, depth: int) -> list[Lot]:
    lots = [lot for payer in document.payers for lot in sight.money(payer, document.id, currency)]
    former = sight.documents.get(document.replaces) if document.replaces and depth < _CHAIN else None
    if former is None or document.order is None:
        return lots
    others = (sight.documents[name] for name in former.replacers)
    before = [x for x in others if x.order is not None and x.replaces == former.id and x.order < document.order]
    return lots + _passed_on(_money_on(former, sight, currency, depth + 1), sum(one.amount for one in before))


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
