"""Facts about overdues as billing sees them, promises to pay and dunning."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from msgspec import Meta

from shared.core import limits
from shared.core.events.base import DocumentFact, Portion, check_positive, settle, settle_each
from shared.core.events.values import Amount, Code, Currency, Days, DocumentId


class OverdueReported(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Billing says that a document is overdue: its own view, reconciled with ours."""

    TYPE: ClassVar[str] = "credit.overdue.reported.v1"
    ON: ClassVar[str | None] = "reported_on"

    transaction_id: DocumentId
    amount: Amount
    currency: Currency
    days_past_due: Days
    reported_on: date

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)


class OverdueCured(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Billing says that a document is no longer overdue."""

    TYPE: ClassVar[str] = "credit.overdue.cured.v1"
    ON: ClassVar[str | None] = "cured_on"

    transaction_id: DocumentId
    cured_on: date


class PromiseMade(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer promised to pay so much by a date."""

    TYPE: ClassVar[str] = "credit.promise.made.v1"
    ON: ClassVar[str | None] = "made_on"
    DOCUMENT: ClassVar[str | None] = "promise_id"

    promise_id: DocumentId
    made_on: date
    due_on: date
    amount: Amount
    currency: Currency
    transaction_ids: Annotated[tuple[DocumentId, ...], Meta(max_length=limits.ITEMS)] | None = None

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)


class PromiseBroken(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A promise was not kept."""

    TYPE: ClassVar[str] = "credit.promise.broken.v1"
    ON: ClassVar[str | None] = "broken_on"

    promise_id: DocumentId
    broken_on: date


class DunningSent(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer was reminded of what is overdue."""

    TYPE: ClassVar[str] = "credit.dunning.sent.v1"
    ON: ClassVar[str | None] = "sent_on"
    DOCUMENT: ClassVar[str | None] = "dunning_id"

    dunning_id: DocumentId
    sent_on: date
    level: Annotated[int, Meta(ge=0, le=99)] | None = None
    channel: Code | None = None
    items: Annotated[tuple[Portion, ...], Meta(max_length=limits.ITEMS)] | None = None
    """What was reminded of, each in its document's currency."""
    delivered_on: date | None = None
    document_id: DocumentId | None = None

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form. Raises Breach for an item of nothing."""
        DocumentFact.__post_init__(self)
        check_positive(self.items, at="/items")
        settle_each(self.items, "amount", None, at="/items")
