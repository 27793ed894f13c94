"""Facts about documents that a customer owes on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from shared.core import limits
from shared.core.breach import Breach
from shared.core.events.base import DocumentFact, Part, Portion, check_date, check_positive, settle, settle_each
from shared.core.events.values import Amount, Code, Currency, DayOfMonth, Days, DocumentId, Ratio, Share, Text
from shared.core.money import QUANTA

TransactionKind = Literal[
    "opening_balance",
    "order",
    "delivery",
    "invoice",
    "debit_note",
    "credit_note",
    "rebate",
    "quality_claim",
    "return",
    "guarantee_given",
    "advance_funding",
    "consignment",
    "retention",
    "interest",
    "fee",
]
TermsStart = Literal["invoice", "delivery", "acceptance", "month_end", "milestone"]
InstalmentKind = Literal["down_payment", "delivery", "acceptance", "retention", "instalment"]


class Terms(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When payment falls due: so many days after something, counted from a cut-off day where there is one."""

    days: Days
    starts: TermsStart = "invoice"
    code: Code | None = None
    cut_off_day: DayOfMonth | None = None


class Instalment(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One payment of a schedule, due on a date or when something happens."""

    seq: Annotated[int, Meta(ge=1, le=limits.ITEMS)]
    kind: InstalmentKind
    amount: Amount
    due_on: date | None = None
    trigger: Code | None = None

    def __post_init__(self) -> None:
        """Raise Breach unless exactly one of `due_on` and `trigger` is given."""
        if (self.due_on is None) == (self.trigger is None):
            raise Breach("an instalment needs exactly one of due_on and trigger", rule="one-of", pointer="/due_on")
        check_date(self.due_on, at="/due_on")


class Discount(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What may be deducted for paying early."""

    until: date
    rate: Share

    def __post_init__(self) -> None:
        """Raise Breach for a year that is a typing error."""
        check_date(self.until, at="/until")


class Line(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a document."""

    product_class: Code
    quantity: Ratio | None = None
    unit: Code | None = None
    amount: Amount | None = None


Schedule = Annotated[tuple[Instalment, ...], Meta(min_length=1, max_length=limits.ITEMS)]
Consumption = Annotated[tuple[Portion, ...], Meta(min_length=1, max_length=limits.ITEMS)]


class TransactionRecorded(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A document was booked: an order, a delivery, an invoice, a credit note …; its kind gives the direction."""

    TYPE: ClassVar[str] = "credit.transaction.recorded.v1"
    ON: ClassVar[str | None] = "booked_on"
    DOCUMENT: ClassVar[str | None] = "transaction_id"

    transaction_id: DocumentId
    kind: TransactionKind
    amount: Amount
    currency: Currency
    booked_on: date
    due_on: date | None = None
    terms: Terms | None = None
    schedule: Schedule | None = None
    consumes: Consumption | None = None
    """How much of an order a delivery takes, of a delivery an invoice, of an invoice a credit note or return."""
    replaces: DocumentId | None = None
    """The document that this one re-issues."""
    reason: Text | None = None
    discount: Discount | None = None
    lines: Annotated[tuple[Line, ...], Meta(max_length=limits.ITEMS)] | None = None

    def __post_init__(self) -> None:
        """Check the amounts and the due date against each other. Raises Breach."""
        quantum = QUANTA.get(self.currency)
        if quantum is None or not self.amount.same_quantum(quantum):
            settle(self, "amount", self.currency)
        if self.tax_amount is not None:
            settle(self, "tax_amount", self.currency)
        if self.terms is not None or self.schedule is not None:
            _check_due(self)
        if self.schedule is not None:
            settle_each(self.schedule, "amount", self.currency, at="/schedule")
            _check_sum(self.schedule, self.amount)
        if self.consumes is not None:
            check_positive(self.consumes, at="/consumes")
            _check_others(self.consumes, self.transaction_id)
            settle_each(self.consumes, "amount", self.currency, at="/consumes")
        if self.lines is not None:
            settle_each(self.lines, "amount", self.currency, at="/lines")


class TransactionAmended(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The amount of a document is another one."""

    TYPE: ClassVar[str] = "credit.transaction.amended.v1"

    transaction_id: DocumentId
    amount: Amount
    """The new amount, in the document's currency."""

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", None)


class TransactionAccepted(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The customer signed for the goods or accepted the work (签收, 验收)."""

    TYPE: ClassVar[str] = "credit.transaction.accepted.v1"
    ON: ClassVar[str | None] = "accepted_on"

    transaction_id: DocumentId
    accepted_on: date
    accepted_by: Text | None = None
    document_id: DocumentId | None = None


class TransactionCancelled(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A document, or a part of it, no longer counts."""

    TYPE: ClassVar[str] = "credit.transaction.cancelled.v1"
    ON: ClassVar[str | None] = "cancelled_on"

    transaction_id: DocumentId
    cancelled_on: date
    amount: Amount | None = None
    """How much of it; all if absent."""

    def __post_init__(self) -> None:
        """Bring the amounts to their plain form."""
        DocumentFact.__post_init__(self)
        settle(self, "amount", None)


class TransactionTermsChanged(DocumentFact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A document falls due at another time."""

    TYPE: ClassVar[str] = "credit.transaction.terms-changed.v1"

    transaction_id: DocumentId
    due_on: date | None = None
    terms: Terms | None = None
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        """Raise Breach unless exactly one of the three is given."""
        DocumentFact.__post_init__(self)
        if self.due_on is None and self.terms is None and self.schedule is None:
            raise Breach("write one of due_on, terms and schedule", rule="one-of", pointer="/due_on")
        _check_due(self)
        settle_each(self.schedule, "amount", None, at="/schedule")


def _check_others(consumes: tuple[Portion, ...], own: str) -> None:
    """Raise Breach for a document that takes up itself."""
    for index, part in enumerate(consumes):
        if part.transaction_id == own:
            message = "is the document itself; name the one that it takes up"
            raise Breach(message, rule="self", pointer=f"/consumes/{index}/transaction_id")


def _check_due(document: TransactionRecorded | TransactionTermsChanged) -> None:
    """Raise Breach where more than one thing says when the document falls due, or an instalment number is repeated."""
    given = [name for name in ("due_on", "terms", "schedule") if getattr(document, name) is not None]
    if len(given) > 1:
        message = f"{' and '.join(given)} exclude each other; write only one"
        raise Breach(message, rule="one-of", pointer=f"/{given[-1]}")
    numbers = [instalment.seq for instalment in document.schedule or ()]
    if len(set(numbers)) != len(numbers):
        raise Breach("two instalments have the same seq; number them 1, 2, 3 …", rule="unique", pointer="/schedule")


def _check_sum(schedule: tuple[Instalment, ...], amount: Decimal) -> None:
    """Raise Breach unless the instalments add up to the document."""
    total = sum((instalment.amount for instalment in schedule), Decimal(0))
    if total != amount:
        message = f"the instalments sum to {total}, the document to {amount}; make them equal"
        raise Breach(message, rule="sum", pointer="/schedule")
