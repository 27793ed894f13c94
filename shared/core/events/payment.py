"""Facts about money that came in or went back, and about what it was for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from shared.core import limits
from shared.core.events.base import DocumentFact, Part, Portion, check_positive, settle, settle_each
from shared.core.events.values import Amount, Currency, DocumentId, Text
from shared.core.money import QUANTA

Instrument = Literal["transfer", "cash", "bill", "card", "in_kind"]
Purpose = Literal["settlement", "prepayment"]
ReversalReason = Literal["error", "bounced", "chargeback", "clawback"]
_NONE = Decimal("NaN")  # has the quantum of no amount
SettlementSource = Literal["payment", "credit_note", "deposit", "rebate", "prepayment", "bill"]


class Allocation(Portion, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """So much of the payment settles one document, with so much discount taken on top."""

    discount: Amount | None = None


class PaymentRecorded(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer paid. What is not allocated is unallocated cash."""

    TYPE: ClassVar[str] = "credit.payment.recorded.v1"
    ON: ClassVar[str | None] = "paid_on"
    DOCUMENT: ClassVar[str | None] = "payment_id"

    payment_id: DocumentId
    amount: Amount
    currency: Currency
    paid_on: date
    value_on: date | None = None
    instrument: Instrument | None = None
    purpose: Purpose | None = None
    for_order: DocumentId | None = None
    payer: Text | None = None
    """Who paid, if another than the customer."""
    matures_on: date | None = None
    allocations: Annotated[tuple[Allocation, ...], Meta(max_length=limits.ITEMS)] | None = None

    def __post_init__(self) -> None:
        """Settle every amount. Raises Breach."""
        currency = self.currency
        settled = QUANTA.get(currency, _NONE).same_quantum
        if not settled(self.amount):
            settle(self, "amount", currency)
        if self.tax_amount is not None:
            settle(self, "tax_amount", currency)
        for portion in self.allocations or ():
            if not (portion.amount and settled(portion.amount) and portion.discount is None):
                check_positive(self.allocations, at="/allocations")
                settle_each(self.allocations, "amount", currency, at="/allocations")
                settle_each(self.allocations, "discount", currency, at="/allocations")
                break


class PaymentReversed(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A payment, or a part of it, did not stand. Only `bounced` counts as conduct."""

    TYPE: ClassVar[str] = "credit.payment.reversed.v1"
    ON: ClassVar[str | None] = "reversed_on"

    payment_id: DocumentId
    reversed_on: date
    reason: ReversalReason
    amount: Amount | None = None
    """How much of it, in the payment's currency; all if absent."""

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", None)


class SettledFrom(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a settlement takes its money from."""

    kind: SettlementSource
    id: DocumentId


class SettlementApplied(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Cash or a credit that was there already was set against documents (核销)."""

    TYPE: ClassVar[str] = "credit.settlement.applied.v1"
    ON: ClassVar[str | None] = "applied_on"
    DOCUMENT: ClassVar[str | None] = "settlement_id"

    settlement_id: DocumentId
    from_: SettledFrom = field(name="from")
    to: Annotated[tuple[Portion, ...], Meta(min_length=1, max_length=limits.ITEMS)]
    applied_on: date

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form. Raises Breach for a portion of nothing."""
        DocumentFact.__post_init__(self)
        check_positive(self.to, at="/to")
        settle_each(self.to, "amount", None, at="/to")


class SettlementUndone(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A settlement no longer holds; the documents are open again."""

    TYPE: ClassVar[str] = "credit.settlement.undone.v1"
    ON: ClassVar[str | None] = "undone_on"

    settlement_id: DocumentId
    undone_on: date


class RefundPaid(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """We paid money back to the customer."""

    TYPE: ClassVar[str] = "credit.refund.paid.v1"
    ON: ClassVar[str | None] = "paid_on"
    DOCUMENT: ClassVar[str | None] = "refund_id"

    refund_id: DocumentId
    amount: Amount
    currency: Currency
    paid_on: date
    of: DocumentId | None = None
    """The payment, credit note or deposit that is paid back, where one is named."""

    def __post_init__(self) -> None:
        """Settle the amounts. Raises Breach."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", self.currency)
