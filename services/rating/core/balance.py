"""What a customer owes on one day, for each of our companies and each currency, as a trial balance has it.

It is the sum of the postings of the ledger, by whose books they are in: a document, a payment or a refund is in the books of
the company that its recording names. Where a payment of one company settles a document of another, the two balances differ
by it from what is open, and their sum does not: so do the books.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shared.core.customer.evolve import order_of
from shared.core.envelope import Event
from shared.core.events.payment import PaymentRecorded, RefundPaid
from shared.core.events.transaction import TransactionRecorded
from shared.core.ledger.documents import Order
from shared.core.ledger.ledger import Ledger
from shared.core.ledger.lots import payment_postings
from shared.core.ledger.position import OPEN, SCALAR, Posting
from shared.core.ledger.reading import BEHAVIOUR
from shared.core.ledger.timeline import postings

Account = tuple[str, str]
"""(company, currency); the company is empty where no recording names one."""


class Balance(msgspec.Struct):
    """Units of 10⁻⁴ of the currency."""

    open: int = 0
    """Of documents that the customer owes."""
    cash: int = 0
    """Received, on no document."""
    credit: int = 0
    """Credit notes and the like, set against no document."""
    prepayments: int = 0
    """Paid ahead, on no document."""

    def owed(self, *, prepayments: bool) -> int:
        """What the customer owes; with *prepayments* less what it paid ahead, where that is in the same account."""
        return self.open - self.cash - self.credit - (self.prepayments if prepayments else 0)


class Companies:
    """Hears every event of a customer once, in any order, and knows in whose books a recording is."""

    def __init__(self) -> None:
        """Nothing was told."""
        self._said: dict[tuple[str, str], tuple[Order, str]] = {}

    def hear(self, event: Event) -> None:
        """Keep which company *event* names; of two recordings the one of lesser order stands."""
        data = event.data
        if isinstance(data, TransactionRecorded):
            name = ("document", data.transaction_id)
        elif isinstance(data, PaymentRecorded):
            name = ("payment", data.payment_id)
        elif isinstance(data, RefundPaid):
            name = ("refund", data.refund_id)
        else:
            return
        said = (order_of(event), data.company or "")
        self._said[name] = min(said, self._said.get(name, said))

    def of(self, kind: str, id_: str) -> str:
        """The company of a recording; empty where none is named."""
        return self._said[kind, id_][1] if (kind, id_) in self._said else ""


def balances(ledger: Ledger[Any], companies: Companies, day: int) -> dict[Account, Balance]:
    """The balances at the end of *day* that are not wholly nothing."""
    found: dict[Account, Balance] = {}
    for document in ledger.documents.values():
        _add(found, (companies.of("document", document.id), document.currency), postings(document, ledger), day)
    for payment in ledger.payments.values():
        if payment.order is not None:
            _add(
                found,
                (companies.of("payment", payment.id), payment.currency),
                payment_postings(payment, ledger.voids_of(payment)),
                day,
            )
    for refund in ledger.refunds.values():
        posted = BEHAVIOUR.refund(refund, ledger)
        _add(found, (companies.of("refund", refund.id), refund.currency), posted, day)
    nothing = Balance()
    return {account: balance for account, balance in found.items() if balance != nothing}


def _add(found: dict[Account, Balance], account: Account, posted: list[Posting], day: int) -> None:
    balance = found.get(account)
    for on, family, key, numbers in posted:
        if on > day or family not in (OPEN, SCALAR):
            continue
        if balance is None:
            balance = found[account] = Balance()
        if family == OPEN:
            balance.open += numbers[0]
        elif key == "cash":
            balance.cash += numbers
        elif key == "credit":
            balance.credit += numbers
        elif key == "prepayments":
            balance.prepayments += numbers
