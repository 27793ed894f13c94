"""Facts about how a customer behaves, what others say of it, and reviews that people completed."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from shared.core.events.base import Fact, settle
from shared.core.events.values import Amount, Code, Currency, DocumentId, Text, check_currency

ConductKind = Literal["violation", "complaint", "fraud", "theft", "cross_region_sale", "price_breach", "breach"]


class ConductReported(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer broke a rule of dealing with us (cross_region_sale: 窜货)."""

    TYPE: ClassVar[str] = "credit.conduct.reported.v1"
    ON: ClassVar[str | None] = "found_on"
    DOCUMENT: ClassVar[str | None] = "conduct_id"

    conduct_id: DocumentId
    kind: ConductKind
    found_on: date
    severity: Code | None = None
    amount: Amount | None = None
    currency: Currency | None = None

    def __post_init__(self) -> None:
        """Settle the amount. Raises Breach."""
        check_currency(self.currency)
        settle(self, "amount", self.currency)


class ConductClosed(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A matter of conduct was dealt with."""

    TYPE: ClassVar[str] = "credit.conduct.closed.v1"
    ON: ClassVar[str | None] = "closed_on"

    conduct_id: DocumentId
    closed_on: date
    outcome: Text | None = None
    """`proven` where what was reported turned out to be true; anything else is free text."""


class SignalReported(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The world outside says something about a customer.

    Kinds: lawsuit, enforcement, dishonest_debtor, insolvency, blacklist, abnormal_operation, registry_change, press,
    external_rating, payment_elsewhere …; unknown ones are kept and counted.
    """

    TYPE: ClassVar[str] = "credit.signal.reported.v1"
    ON: ClassVar[str | None] = "on"
    DOCUMENT: ClassVar[str | None] = "signal_id"

    signal_id: DocumentId
    kind: Code
    on: date
    severity: Code | None = None
    amount: Amount | None = None
    currency: Currency | None = None
    reference: Text | None = None

    def __post_init__(self) -> None:
        """Settle the amount. Raises Breach."""
        check_currency(self.currency)
        settle(self, "amount", self.currency)


class SignalLifted(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a signal said is no longer so."""

    TYPE: ClassVar[str] = "credit.signal.lifted.v1"
    ON: ClassVar[str | None] = "lifted_on"

    signal_id: DocumentId
    lifted_on: date


class ReviewCompleted(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """People completed a review of a customer."""

    TYPE: ClassVar[str] = "credit.review.completed.v1"
    ON: ClassVar[str | None] = "completed_on"
    DOCUMENT: ClassVar[str | None] = "review_id"

    review_id: DocumentId
    completed_on: date
    by: Code | None = None
    outcome: Text | None = None
