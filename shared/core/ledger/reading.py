"""What a service makes of a ledger's documents and money: the postings of each, and what they add up in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from shared.core.ledger.documents import Document, Payment, Refund
from shared.core.ledger.lots import payment_postings, refund_postings
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
        return payment_postings(payment)

    def refund(self, refund: Refund, ledger: Ledger[Any]) -> list[Posting]:
        """As `lots` reads it."""
        return refund_postings(refund, ledger.payments.get(refund.of), ledger.documents.get(refund.of))


BEHAVIOUR = Behaviour()
