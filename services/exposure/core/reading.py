"""How exposure reads a customer's ledger: postings by category and place. What only time changes is a dated posting."""

from __future__ import annotations

from typing import Any

from services.exposure.core.claim import claimed, money_of
from services.exposure.core.holding import CREDIT_NOTES, DEPOSITS, UNALLOCATED, Holding, named
from services.exposure.core.paper import on_paper, paper_days, split
from services.exposure.core.promise import Promise
from services.exposure.core.walk import walk
from shared.core.ledger.documents import CREDITS, RECEIVABLES, Deposit, Document, Payment, Place, Refund
from shared.core.ledger.filling import stand_of
from shared.core.ledger.ledger import Ledger
from shared.core.ledger.lots import payment_postings
from shared.core.ledger.position import SCALAR, Posting


class Commitments:
    """What the customer owes and may come to owe, and what speaks for it."""

    def __init__(self, horizon_days: int = 30) -> None:
        """Orders of *horizon_days* from now on count as later (LT-03.02)."""
        self.horizon_days = horizon_days

    def position(self, ledger: Ledger[Any]) -> Holding:
        """Nothing is open."""
        return Holding()

    def document(self, document: Document, ledger: Ledger[Any]) -> list[Posting]:
        """What is open of *document*, by category."""
        if document.order is None or not document.currency:
            return []
        if document.kind in RECEIVABLES or document.kind == "advance_funding":
            return claimed(document, ledger)
        return walk(document, Promise(document, ledger, self.horizon_days))

    def payment(self, payment: Payment, ledger: Ledger[Any]) -> list[Posting]:
        """Money received, until it is on a document."""
        key, name, posted = (
            money_of(payment),
            named("payment", payment.id),
            payment_postings(payment, ledger.voids_of(payment)),
        )
        money = [(day, units) for day, family, _, units in posted if family == SCALAR]
        if not on_paper(payment):
            return [(day, 0, key, (units, name)) for day, units in money]
        found: list[Posting] = []
        before = 0
        for day in sorted(
            {day for day, _ in money} | {day for day in paper_days(payment, ledger) if day >= payment.paid}
        ):
            received = sum(units for on, units in money if on <= day)
            now = sum(units for paper, units in split(received, payment, ledger, day) if not paper)
            if now != before:
                found.append((day, 0, key, (now - before, name)))
            before = now
        return found

    def deposit(self, deposit: Deposit, ledger: Ledger[Any]) -> list[Posting]:
        """What is left of *deposit*: it covers, and reduces nothing (LT-61.04)."""
        if deposit.order is None:
            return []
        lots = ledger.taken_from(deposit)
        refunds = [ledger.refunds[name] for name in ledger.refunds_of.get(deposit.id, ())]
        steps = [(order[0], what, units) for order, what, units in deposit.steps]
        steps += [
            (one.day, "refunded", one.amount) for one in refunds if one.of == deposit.id and one.order is not None
        ]
        days = {deposit.day, *(day for day, _, _ in steps), *(step[0] for lot in lots for step in lot.steps)}
        found: list[Posting] = []
        before = 0
        for day in sorted(day for day in {max(day, deposit.day) for day in days}):
            now = _left(deposit, steps, sum(stand_of(lot, day)[1] for lot in lots), day)
            if now != before:
                found.append((day, 0, (DEPOSITS, deposit.place), (now - before, named("deposit", deposit.id))))
            before = now
        return found

    def refund(self, refund: Refund, ledger: Ledger[Any]) -> list[Posting]:
        """Money paid back: it is taken from what it is of, or stands beside unallocated cash where that is not known."""
        if refund.order is None:
            return []
        unknown = ((UNALLOCATED, refund.place), named("refund", refund.id))
        deposit = ledger.deposits.get(refund.of)
        if deposit is not None and deposit.order is not None:  # from its day on it says itself what is left of it
            key, name = unknown
            before = [(refund.day, 0, key, (-refund.amount, name)), (deposit.day, 0, key, (refund.amount, name))]
            return before if refund.day < deposit.day else []
        of, since = _source(refund, ledger)
        if of is None:
            return [(refund.day, 0, unknown[0], (-refund.amount, unknown[1]))]
        if since <= refund.day:
            return [(refund.day, 0, of[0], (-refund.amount, of[1]))]
        return [
            (refund.day, 0, unknown[0], (-refund.amount, unknown[1])),
            (since, 0, unknown[0], (refund.amount, unknown[1])),
            (since, 0, of[0], (-refund.amount, of[1])),
        ]


def _source(refund: Refund, ledger: Ledger[Any]) -> tuple[tuple[tuple[str, Place], str] | None, int]:
    """(what *refund* takes from, since when that is there)."""
    payment, credit = ledger.payments.get(refund.of), ledger.documents.get(refund.of)
    if payment is not None and payment.order is not None:
        return (money_of(payment), named("payment", payment.id)), payment.paid
    if credit is not None and credit.order is not None and credit.kind in CREDITS:
        return ((CREDIT_NOTES, credit.place), credit.id), credit.booked
    return None, 0


def _left(deposit: Deposit, steps: list[tuple[int, str, int]], used: int, day: int) -> int:
    """Units of *deposit* on *day*: less what was paid back, and less what was forfeited or set against documents.

    What is forfeited is set against documents by a settlement of its own, so the greater of the two counts.
    """
    gone = {"refunded": 0, "forfeited": 0}
    for on, what, units in steps:
        if on <= day:
            gone[what] += deposit.amount if units < 0 else units
    return max(0, deposit.amount - gone["refunded"] - max(gone["forfeited"], used))
