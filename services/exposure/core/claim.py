"""What is owed on one document, by category: not due, overdue, retention; and what its settlement took from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from services.exposure.core.holding import (
    CREDIT_NOTES,
    DEPOSITS,
    NOT_DUE,
    OVERDUE,
    PREPAYMENTS,
    RETENTION,
    UNALLOCATED,
    Sum,
    named,
)
from services.exposure.core.walk import Share, put, walk
from shared.core.ledger.documents import CREDITS, NOWHERE, Lot
from shared.core.ledger.position import Posting
from shared.core.ledger.receivable import Receivable, fill, stand_of
from shared.core.ledger.sight import taken


class Claim(Receivable):
    """An item the customer owes, as exposure sees it. Which part of it is settled is as every service reads it."""

    def postings(self) -> list[Posting]:
        """All postings of the document."""
        return walk(self.document, self)

    def days(self) -> Iterable[int]:
        """Days on which anything may change: also the day after each due date."""
        days = {day for day in self.dates() if day >= self.document.booked}
        return days | {part[0] + 1 for day in days for part in self.slices(day) if part[0]}

    def share(self, day: int) -> Share:
        """What counts from *day* on."""
        document = self.document
        if self.successor is not None and day >= self.successor.booked:
            return {}
        share: Share = {}
        for category, _, units in self._open(day, share):
            put(share, (category, document.place), document.id, units)
        return share

    def due_by(self, day: int) -> dict[str, int]:
        """Category → the first due date (ordinal; 0: none yet) of what of the document is open in it."""
        found: dict[str, int] = {}
        for category, due, units in self._open(day, {}):
            if units:
                found.setdefault(category, due)
        return found

    def _open(self, day: int, share: Share) -> list[tuple[str, int, int]]:
        """(category, due, units) of each instalment still open, oldest first; what settled the rest is taken out of *share*."""
        left = [list(part) for part in self.slices(day)]
        self._credit(day, left, share)
        for lot in self.lots:
            used = sum(units for _, units in fill(left, stand_of(lot, day)[1]))
            put(share, *self._source(lot), -used)
        kept = RETENTION if self.document.kind == "retention" else NOT_DUE
        return [(OVERDUE if due and due < day else kept, due, units) for due, units in left]

    def _credit(self, day: int, left: list[list[int]], share: Share) -> None:
        """Take out of *left* what credits and deposits settle, each from where it was."""
        documents = self.sight.documents
        moved = sum(stand_of(lot, day)[2] for lot in self.lots)
        credits = []
        for taker, target in self.takers:
            amount = taken(taker, target, day, documents)
            if taker.kind in CREDITS:
                credits.append((taker, amount))
            else:
                moved += amount
        fill(left, moved)
        for taker, amount in credits:
            used = sum(units for _, units in fill(left, amount))
            put(share, (CREDIT_NOTES, taker.place), taker.id, -used)
        for lot in sorted(self.credits, key=lambda lot: not lot.pool):
            used = sum(units for _, units in fill(left, stand_of(lot, day)[1]))
            put(share, *self._source(lot), -used)

    def _source(self, lot: Lot) -> tuple[Sum, str]:
        """Where the money of *lot* was before it was on the document."""
        if lot.pool == "credit":
            note = lot.payment.partition(" ")[2]
            return (CREDIT_NOTES, self.sight.documents[note].place), note
        if not lot.pool:
            return (DEPOSITS, NOWHERE), named(*lot.payment.split(" ", 1))
        category = PREPAYMENTS if lot.pool == "prepayments" else UNALLOCATED
        return (category, self.sight.payments[lot.payment].place), named("payment", lot.payment)
