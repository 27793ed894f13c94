"""What a service makes of a ledger's documents and money: the postings of each, and what they add up in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from shared.core.ledger.documents import Deposit, Document, Payment, Refund
from shared.core.ledger.lots import payment_postings, refund_postings, refunded_deposit
from shared.core.ledger.position import Position, Posting
from shared.core.ledger.timeline import postings

if TYPE_CHECKING:
    from shared.core.ledger.ledger import Ledger


class Sums(Protocol):
    """What postings add up in: where a customer stands on one day, in one currency."""

    def post(self, posting: Posting, sign: int) -> None:
        """Add (*sign* 1) or take away (−1) one posting."""


P = TypeVar("P", bound=Sums)
P_co = TypeVar("P_co", bound=Sums, covariant=True)


class Reading(Protocol[P_co]):
    """Pure functions of the kept facts: postings by effect day, from which a position is added up."""

    def position(self, ledger: Ledger[Any]) -> P_co:
        """A position of *ledger* to which nothing was posted yet."""

    def document(self, document: Document, ledger: Ledger[Any]) -> list[Posting]:
        """All postings of *document*, by effect day."""

    def payment(self, payment: Payment, ledger: Ledger[Any]) -> list[Posting]:
        """All postings of *payment*."""

    def refund(self, refund: Refund, ledger: Ledger[Any]) -> list[Posting]:
        """All postings of *refund*."""

    def deposit(self, deposit: Deposit, ledger: Ledger[Any]) -> list[Posting]:
        """All postings of *deposit*."""


class Behaviour:
    """How the customer pays and owes: what rating measures."""

    def position(self, ledger: Ledger[Any]) -> Position:
        """Empty sums, seen through every lens of *ledger*."""
        return Position(len(ledger.lenses))

    def document(self, document: Document, ledger: Ledger[Any]) -> list[Posting]:
        """As `timeline` reads it."""
        return postings(document, ledger)

    def payment(self, payment: Payment, ledger: Ledger[Any]) -> list[Posting]:
        """As `lots` reads it."""
        return payment_postings(payment, ledger.voids_of(payment))

    def refund(self, refund: Refund, ledger: Ledger[Any]) -> list[Posting]:
        """As `lots` reads it; a deposit is no money of the customer's account, so paying it back takes nothing from it."""
        deposit = ledger.deposits.get(refund.of)
        if deposit is not None and deposit.order is not None:
            return refunded_deposit(refund, deposit)
        return refund_postings(refund, ledger.payments.get(refund.of), ledger.documents.get(refund.of))

    def deposit(self, deposit: Deposit, ledger: Ledger[Any]) -> list[Posting]:
        """Nothing: it covers, and is neither owed nor paid (LT-61.04)."""
        return []


BEHAVIOUR = Behaviour()
