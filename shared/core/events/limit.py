"""Decisions about limits, reservations, orders and groups (topic `credit.limits`)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar

from msgspec import Meta, field

from shared.core.events.base import Decision, settle
from shared.core.events.values import Amount, Code, Currency, DocumentId, Labels, Ratio, Text, check_currency


class LimitsDecision(Decision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision that the exposure service publishes."""

    TOPIC: ClassVar[str] = "credit.limits"


class LimitDecision(LimitsDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision about one limit."""

    limit_id: DocumentId
    kind: Code
    from_: Amount | None = field(name="from")
    to: Amount | None
    currency: Currency
    valid_to: date | None = None
    exposure: Amount | None = None
    utilisation: Ratio | None = None
    place: Labels = field(default_factory=dict)
    """Of a sub-limit: company, segment, product_group, salesperson or region that it is for."""

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        check_currency(self.currency)
        for name in ("from_", "to", "exposure"):
            settle(self, name, self.currency)


class LimitChanged(LimitDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A limit is another one; null: none."""

    TYPE: ClassVar[str] = "credit.limit.changed.v1"


class LimitWatched(LimitDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Utilisation passed a watch mark, or came back under where it is cleared (LT-03.15); above 1 it is a breach."""

    TYPE: ClassVar[str] = "credit.limit.watched.v1"

    mark: Ratio
    """The highest mark that is passed and not cleared; 0: none."""


class LimitBreached(LimitDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Exposure is above the limit."""

    TYPE: ClassVar[str] = "credit.limit.breached.v1"


class LimitRestored(LimitDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Exposure is within the limit again."""

    TYPE: ClassVar[str] = "credit.limit.restored.v1"


class ReservationDecision(LimitsDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision about headroom kept for one order."""

    reservation_id: DocumentId
    order_id: DocumentId
    amount: Amount
    currency: Currency
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
    place: Labels = field(default_factory=dict)
    """company, segment, product_group, salesperson of the order: sub-limits count by them."""
    check_id: DocumentId | None = None
    """The answer by which it was made."""
    booked: Amount | None = None
    """What the order was worth in the books by then; None: it was not booked."""
    replaces: DocumentId | None = None
    """The order whose place it takes."""
    document_kind: Code | None = None
    """`advance_funding`, where it is for an advance; None: for an order."""

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        settle(self, "amount", self.currency)
        settle(self, "booked", self.currency)


class ReservationMade(ReservationDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Headroom is kept for an order."""

    TYPE: ClassVar[str] = "credit.reservation.made.v1"


class ReservationCommitted(
    ReservationDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True
):
    """The seller confirmed the order: it is kept until `expires_at`. Without one, the order was booked and is exposure now."""

    TYPE: ClassVar[str] = "credit.reservation.committed.v1"


class ReservationReleased(
    ReservationDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True
):
    """The reservation was given back."""

    TYPE: ClassVar[str] = "credit.reservation.released.v1"


class ReservationExpired(
    ReservationDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True
):
    """The reservation reached its end."""

    TYPE: ClassVar[str] = "credit.reservation.expired.v1"


class OrderDecision(LimitsDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision about one order."""

    order_id: DocumentId
    amount: Amount
    currency: Currency
    reasons: tuple[Code, ...] = ()
    by: Code | None = None
    note: Text | None = None
    """What who released it wrote; None: the cause cleared."""
    control_point: Code | None = None
    place: Labels = field(default_factory=dict)
    """company, segment, product_group, salesperson of the order."""
    excess: Amount | None = None
    """How much the limit would be exceeded: what an authority is measured by (LT-03.14)."""
    valid_until: date | None = None
    """The last day on which a release holds."""
    check_id: DocumentId | None = None
    replaces: DocumentId | None = None
    """The order that this one is a copy or another number of."""
    document_kind: Code | None = None
    """`advance_funding`, where it is an advance; None: an order."""

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        settle(self, "amount", self.currency)
        settle(self, "excess", self.currency)


class OrderHeld(OrderDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """An order may not go out."""

    TYPE: ClassVar[str] = "credit.order.held.v1"


class OrderReleased(OrderDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A held order may go out."""

    TYPE: ClassVar[str] = "credit.order.released.v1"


class SupplySuspended(LimitsDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Nothing more is supplied to the customer."""

    TYPE: ClassVar[str] = "credit.supply.suspended.v1"

    reason: Text
    by: Code | None = None
    """Who decided it; None: the rules did."""


class SupplyResumed(LimitsDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The customer is supplied again."""

    TYPE: ClassVar[str] = "credit.supply.resumed.v1"

    reason: Text
    by: Code | None = None
    """Who decided it; None: the cause cleared."""


class GroupChanged(LimitsDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A group of connected customers has other members (subject `g:…`)."""

    TYPE: ClassVar[str] = "credit.group.changed.v1"

    members: tuple[DocumentId, ...]
    lead: DocumentId | None
    since: date


class ReserveChanged(LimitsDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The loss allowance held against a customer is another one."""

    TYPE: ClassVar[str] = "credit.reserve.changed.v1"

    from_: Amount | None = field(name="from")
    to: Amount | None

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form."""
        settle(self, "from_", None)
        settle(self, "to", None)


class CollectionStageChanged(
    LimitsDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True
):
    """Collection of what a customer owes moved to another stage."""

    TYPE: ClassVar[str] = "credit.collection-stage.changed.v1"

    from_: Code | None = field(name="from")
    to: Code | None
