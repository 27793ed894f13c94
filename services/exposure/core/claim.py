"""What is owed on one document, by category: not due, overdue, retention; and what its settlement took from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.exposure.core.holding import (
    ADVANCE,
    CONTINGENT,
    CREDIT_NOTES,
    NOT_DUE,
    OVERDUE,
    PREPAYMENTS,
    RETENTION,
    UNALLOCATED,
    Sum,
    named,
)
from services.exposure.core.paper import on_paper, paper_days, split, split_bill
from services.exposure.core.walk import Share, put, walk
from shared.core.ledger.bills import stages
from shared.core.ledger.documents import CREDITS, RECEIVABLES, Document, Lot, Payment
from shared.core.ledger.filling import fill, stand_of
from shared.core.ledger.ledger import Ledger
from shared.core.ledger.position import Posting
from shared.core.ledger.receivable import Receivable
from shared.core.ledger.sight import taken
from shared.core.ledger.timeline import plain


class Claim(Receivable):
    """An item the customer owes, as exposure sees it. Which part of it is settled is as every service reads it."""

    def __init__(self, document: Document, ledger: Ledger[Any]) -> None:
        """Look at *document*."""
        super().__init__(document, ledger)
        self.ledger = ledger

    def days(self) -> Iterable[int]:
        """Days on which anything may change: also the day after each due date, and what becomes of bills."""
        days = set(self.dates())
        for lot in self.lots:
            payment = self.ledger.payments[lot.payment]
            if on_paper(payment):
                days.update(paper_days(payment, self.ledger))
        for lot in self.credits:
            bill = self.ledger.bills.get(_source(lot))
            if bill is not None and lot.payment.startswith("bill "):
                days.update(day for day, _ in stages(bill, self.ledger.bill_rules))
        days = {day for day in days if day >= self.document.booked}
        return days | {due + 1 for day in days for due, _ in self.slices(day) if due}

    def share(self, day: int) -> Share:
        """What counts from *day* on."""
        share: Share = {}
        if self.successor is None or day < self.successor.booked:
            for category, _, units in self._open(day, share):
                put(share, (category, self.document.place), self.document.id, units)
        return share

    def due_by(self, day: int) -> dict[str, int]:
        """Category → the first due date (ordinal; 0: none yet) of what of the document is open in it."""
        found: dict[str, int] = {}
        for category, due, units in self._open(day, {}):
            if units:
                found.setdefault(category, due)
        return found

    def _open(self, day: int, share: Share) -> list[tuple[str, int, int]]:
        """(category, due, units) of each instalment still open, oldest first.

        What settled the rest is taken from where it was in *share*, or put there as paper.
        """
        left = [list(part) for part in self.slices(day)]
        self._credit(day, left, share)
        for lot in self.lots:
            if used := _filled(left, stand_of(lot, day)[1]):
                self._money(lot, used, day, share)
        for lot in self.given_up:
            fill(left, stand_of(lot, day)[1])
        self.transferred(left, day, recourse=False)
        contingent = self.transferred(left, day, recourse=True)
        put(share, (CONTINGENT, self.document.place), self.document.id, contingent)
        return [
            (self._category(due, day, kept=kept), due, units)
            for (due, units), kept in zip(left, self.kept_back(day), strict=True)
        ]

    def _category(self, due: int, day: int, *, kept: bool) -> str:
        if self.document.kind == "advance_funding":
            return ADVANCE
        return OVERDUE if due and due < day else RETENTION if kept else NOT_DUE

    def _credit(self, day: int, left: list[list[int]], share: Share) -> None:
        """Take out of *left* what settles without money, credits from where they were."""
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
            used = _filled(left, amount)
            if self.document.kind in RECEIVABLES:  # of any other document the credit itself says what it took
                put(share, (CREDIT_NOTES, taker.place), taker.id, -used)
        for lot in sorted(self.credits, key=_rank):
            used = _filled(left, stand_of(lot, day)[1])
            if lot.pool:
                note = documents[_source(lot)]
                put(share, (CREDIT_NOTES, note.place), note.id, -used)
            elif lot.payment.startswith("bill "):
                for key, units in split_bill(used, self.ledger.bills.get(_source(lot)), self.ledger, day):
                    if key:
                        put(share, (key, self.document.place), self.document.id, units)

    def _money(self, lot: Lot, used: int, day: int, share: Share) -> None:
        """Take *used* units of *lot* from the money that is on no document; what was paid with paper becomes that paper."""
        payment = self.ledger.payments[lot.payment]
        for key, units in split(used, payment, self.ledger, day):
            if key:
                put(share, (key, self.document.place), self.document.id, units)
            else:
                put(share, money_of(payment), named("payment", payment.id), -units)


def money_of(payment: Payment) -> Sum:
    """Where money of *payment* is until it is on a document."""
    return (PREPAYMENTS if payment.purpose == "prepayment" else UNALLOCATED), payment.place


def claimed(document: Document, ledger: Ledger[Any]) -> list[Posting]:
    """All postings of *document*, which the customer owes."""
    common = plain(document, ledger) if document.kind != "advance_funding" else None
    if common is not None:
        due, lot = common
        if lot is None or not on_paper(ledger.payments[lot.payment]):
            return _plain(document, ledger, due, lot)
    return walk(document, Claim(document, ledger))


def _plain(document: Document, ledger: Ledger[Any], due: int, lot: Lot | None) -> list[Posting]:
    """The postings of an invoice with one due date and at most one payment, as the walk gives them, made much faster."""
    amount, booked, place, name = document.amount, document.booked, document.place, document.id
    used = min(amount, lot.steps[0][1]) if lot is not None else 0
    paid = max(booked, lot.steps[0][0]) if lot is not None and used else 0
    fresh, late = (RETENTION if document.kind == "retention" else NOT_DUE, place), (OVERDUE, place)
    turn = due + 1 if due >= booked else 0
    first = fresh if turn or not due else late
    left = amount - used
    at_first = left if paid == booked else amount
    posted: list[Posting] = [(booked, 0, first, (at_first, name))] if at_first else []
    if turn:
        before = left if paid and paid < turn else at_first
        after = left if paid and paid <= turn else before
        if before:
            posted.append((turn, 0, fresh, (-before, name)))
        if after:
            posted.append((turn, 0, late, (after, name)))
    if lot is not None and paid:
        if paid not in (booked, turn):
            posted.append((paid, 0, late if turn and paid > turn else first, (-used, name)))
        posted.append((paid, 0, money_of(ledger.payments[lot.payment]), (-used, named("payment", lot.payment))))
        posted.sort(key=lambda posting: posting[0])
    return posted


def _rank(lot: Lot) -> int:
    """Credits first; then paper, which stays exposure, so that nothing else is said to have settled what it did."""
    return 0 if lot.pool else 1 if lot.payment.startswith("bill ") else 2


def _source(lot: Lot) -> str:
    """The credit note, deposit or bill that *lot* is of."""
    return lot.payment.partition(" ")[2]


def _filled(left: list[list[int]], amount: int) -> int:
    return sum(units for _, units in fill(left, amount))
