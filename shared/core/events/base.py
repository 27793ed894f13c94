"""What every event is: one frozen class gives the Python type, the strict codec, the JSON Schema and the AsyncAPI message."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal, cast

import msgspec

from shared.core import money
from shared.core.breach import Breach
from shared.core.events.values import Amount, Code, DocumentId, Labels, check_currency
from shared.core.limits import EARLIEST_DATE, LATEST_DATE

Cause = Literal["fact", "day", "review", "policy", "override", "correction"]
"""Why a decision was taken."""


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The `data` of one event. A published TYPE never changes: a new field is a new version of the type."""

    TYPE: ClassVar[str] = ""
    """The CloudEvents type, e.g. `credit.payment.recorded.v1`. Never an import path."""
    TOPIC: ClassVar[str] = ""
    """The topic that carries it."""
    ON: ClassVar[str | None] = None
    """The field that holds the business date; None: the calendar date of `time` in its own offset."""
    DOCUMENT: ClassVar[str | None] = None
    """The field that identifies the document this event records, where it records one."""
    SUBJECT: ClassVar[str | None] = None
    """The one subject of events that are about no customer (`~day`, `~reference`, `~policy`)."""

    @property
    def business_date(self) -> date | None:
        """The business date that the data itself names, or None where only `time` says it."""
        named: date | None = getattr(self, self.ON) if self.ON else None
        return named

    @property
    def topic(self) -> str:
        """The topic that carries this very event."""
        return self.TOPIC


class Fact(Data, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that happened at an upstream system."""

    TOPIC: ClassVar[str] = "credit.events"


class DocumentFact(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fact about a document. Sub-limits, organisation and row rights read the named fields."""

    company: Code | None = None
    """Our selling legal entity."""
    sales_org: Code | None = None
    segment: Code | None = None
    region: Code | None = None
    salesperson: Code | None = None
    product_group: Code | None = None
    contract_id: DocumentId | None = None
    project_id: DocumentId | None = None
    document_no: DocumentId | None = None
    """The number printed on the paper, where it is not the id."""
    tax_amount: Amount | None = None
    """The part of the amount that is tax; the amount includes it."""
    attributes: Labels | None = None
    """Free; never read by a rule that ships."""

    def __post_init__(self) -> None:
        """Bring every amount to the one form of its currency. Raises Breach."""
        if self.tax_amount is not None:
            settle(self, "tax_amount", getattr(self, "currency", None))


class Decision(Data, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Something that Gradeline decided. May gain optional fields; readers ignore unknown ones."""

    ON: ClassVar[str | None] = "as_of"

    as_of: date
    """True when: the end of this date."""
    cause: Cause
    corrects: str | None = None
    """The id of the decision that this one corrects, where it does."""
    labels: Labels = {}
    """region, segment, industry, manager, kind, company of the customer: alerts route by them."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A value inside a fact that has fields of its own."""


class Portion(Part, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """So much of one document."""

    transaction_id: DocumentId
    amount: Amount


def settle(holder: msgspec.Struct, field: str, currency: str | None, *, at: str = "") -> None:
    """Give the amount in *field* all decimals of *currency*, or the plain form where the event names none.

    Called while *holder* is being made, so that 12.5 and 12.50 are the same content. Raises Breach at *at*/*field*.
    """
    amount = cast(Decimal | None, getattr(holder, field))
    if amount is None:
        return
    if currency is None:
        settled = money.plain(amount)
    elif (quantum := money.QUANTA.get(currency)) is not None and amount.same_quantum(quantum):
        return
    else:
        check_currency(currency)
        try:
            settled = money.settle(amount, currency)
        except Breach as breach:
            raise Breach(breach.message, rule=breach.rule, pointer=f"{at}/{field.rstrip('_')}") from None
    msgspec.structs.force_setattr(holder, field, settled)


def settle_each(parts: tuple[msgspec.Struct, ...] | None, field: str, currency: str | None, *, at: str) -> None:
    """Do `settle` for every member of the list at the pointer *at*."""
    for index, part in enumerate(parts or ()):
        settle(part, field, currency, at=f"{at}/{index}")


def check_positive(parts: tuple[Portion, ...] | None, *, at: str) -> None:
    """Raise Breach for a portion of nothing."""
    for index, part in enumerate(parts or ()):
        if not part.amount:
            raise Breach("must be more than 0; leave the entry out", rule="range", pointer=f"{at}/{index}/amount")


def check_date(value: date | None, *, at: str) -> None:
    """Raise Breach for a year that is a typing error: a walk of days from it would take for ever."""
    if value is not None and not EARLIEST_DATE <= value <= LATEST_DATE:
        raise Breach(f"is outside {EARLIEST_DATE} to {LATEST_DATE}; correct the year", rule="range", pointer=at)


def check_window(start: date | None, end: date | None, *, at: str) -> None:
    """Raise Breach where a window starts after it ends; *at* is the pointer of its start."""
    if start is not None and end is not None and start > end:
        raise Breach("is after the end of its window; swap the two dates", rule="window", pointer=at)
