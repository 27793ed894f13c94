"""What is still open of a document that is no receivable: an order, a delivery, a consignment, a guarantee, a credit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.exposure.core.holding import (
    CONSIGNMENT,
    CREDIT_NOTES,
    DELIVERED,
    GUARANTEES,
    LATER,
    ORDERS,
    SPECIAL,
)
from services.exposure.core.walk import Share, put
from shared.core.ledger.commitment import Commitment
from shared.core.ledger.documents import CREDITS, Document, Term
from shared.core.ledger.ledger import Ledger
from shared.core.ledger.position import SCALAR
from shared.core.ledger.sight import term_on

CATEGORY_OF = {
    "delivery": DELIVERED,
    "consignment": CONSIGNMENT,
    "guarantee_given": GUARANTEES,
}
"""Kind of document → where what is open of it counts; a kind not named here is special."""


class Promise(Commitment):
    """A document that is no receivable, as exposure sees it."""

    def __init__(self, document: Document, ledger: Ledger[Any], horizon_days: int) -> None:
        """Look at *document*, orders with a horizon of so many days."""
        super().__init__(document, ledger)
        self.horizon_days = horizon_days

    def days(self) -> Iterable[int]:
        """Days on which anything may change: also the day on which an order comes within the horizon."""
        yield from self.dates()
        if self.document.kind == "order":
            for term in (self.document.term, *(term for _, _, term in self.document.terms)):
                yield order_date(term) - self.horizon_days
            yield from (on for _, on, _ in self.document.terms)

    def share(self, day: int) -> Share:
        """What counts from *day* on."""
        document, share = self.document, Share()
        on = self.on(day)
        if document.kind in CREDITS:
            put(share, (CREDIT_NOTES, document.place), document.id, on.get((SCALAR, "credit", "", 0), 0))
            return share
        category = CATEGORY_OF.get(document.kind, SPECIAL)
        if document.kind == "order":
            later = order_date(term_on(document, day)) - self.horizon_days > day
            category = LATER if later else ORDERS
        put(share, (category, document.place), document.id, on.get((SCALAR, document.kind, "", 0), 0))
        return share


def order_date(term: Term | None) -> int:
    """The earliest date on which anything of an order is to be delivered or paid; 0 where none was told: it counts."""
    if term is None:
        return 0
    return term.due or min((due for _, _, due, _ in term.slices if due), default=0)
