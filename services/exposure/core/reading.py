"""How exposure reads a customer's ledger: postings by category and place. What only time changes is a dated posting."""

from __future__ import annotations

from typing import Any

from services.exposure.core.claim import Claim
from services.exposure.core.holding import CREDIT_NOTES, DEPOSITS, PREPAYMENTS, UNALLOCATED, Holding, named
from services.exposure.core.promise import Promise
from shared.core.ledger.documents import CREDITS, NOWHERE, RECEIVABLES, Document, Payment, Place, Refund
from shared.core.ledger.ledger import Ledger
from shared.core.ledger.lots import payment_postings, pool_of
from shared.core.ledger.position import SCALAR, Posting

_POOLS = {"cash": UNALLOCATED, "prepayments": PREPAYMENTS, "credit": CREDIT_NOTES, "": DEPOSITS}


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
        if document.kind in RECEIVABLES:
            return Claim(document, ledger).postings()
        return Promise(document, ledger, self.horizon_days).postings()

    def payment(self, payment: Payment, ledger: Ledger[Any]) -> list[Posting]:
        """Money received, until it is on a document."""
        key, name = (_POOLS[pool_of(payment)], payment.place), named("payment", payment.id)
        return [(day, 0, key, (units, name)) for day, family, _, units in payment_postings(payment) if family == SCALAR]

    def refund(self, refund: Refund, ledger: Ledger[Any]) -> list[Posting]:
        """Money paid back: it is taken from what it is of, or stands beside unallocated cash where that is not known."""
        if refund.order is None:
            return []
        unknown = ((UNALLOCATED, NOWHERE), named("refund", refund.id))
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
        return ((_POOLS[pool_of(payment)], payment.place), named("payment", payment.id)), payment.paid
    if credit is not None and credit.order is not None and credit.kind in CREDITS:
        return ((CREDIT_NOTES, credit.place), credit.id), credit.booked
    return None, 0
