"""Facts about what a customer contests."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from shared.core.events.base import DocumentFact, settle
from shared.core.events.values import Amount, Code, Currency, DocumentId


class DisputeOpened(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer contests a document, or a part of it."""

    TYPE: ClassVar[str] = "credit.dispute.opened.v1"
    ON: ClassVar[str | None] = "opened_on"
    DOCUMENT: ClassVar[str | None] = "dispute_id"

    dispute_id: DocumentId
    transaction_id: DocumentId
    amount: Amount
    currency: Currency
    opened_on: date
    category: Code | None = None

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)


class DisputeClosed(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A dispute ended; the accepted amount was conceded to the customer."""

    TYPE: ClassVar[str] = "credit.dispute.closed.v1"
    ON: ClassVar[str | None] = "closed_on"

    dispute_id: DocumentId
    closed_on: date
    accepted_amount: Amount | None = None

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form."""
        DocumentFact.__post_init__(self)
        settle(self, "accepted_amount", None)
