"""Facts that describe a customer in figures: financial statements, assessments by people, measures of other systems."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, structs

from shared.core import limits, money
from shared.core.breach import Breach
from shared.core.events.base import Fact, check_window
from shared.core.events.values import (
    Code,
    Currency,
    DocumentId,
    Months,
    PersonalText,
    Ratio,
    SignedAmount,
    Text,
    check_clear,
    check_currency,
)
from shared.core.measures.library import is_computed

Basis = Literal["audited", "reviewed", "unaudited", "tax"]
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")


class FinancialsReported(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A financial statement of the customer; lines may be negative."""

    TYPE: ClassVar[str] = "credit.financials.reported.v1"
    ON: ClassVar[str | None] = "period_end"
    DOCUMENT: ClassVar[str | None] = "statement_id"

    statement_id: DocumentId
    period_end: date
    months: Months
    currency: Currency
    lines: Annotated[dict[Code, SignedAmount], Meta(max_length=limits.ITEMS)]
    ratios: Annotated[dict[Code, Ratio], Meta(max_length=limits.ITEMS)] | None = None
    consolidated: bool | None = None
    basis: Basis | None = None
    received_on: date | None = None

    def __post_init__(self) -> None:
        """Give every line all decimals of the currency. Raises Breach."""
        check_currency(self.currency)
        settled = {}
        for name, line in self.lines.items():
            try:
                settled[name] = money.settle(line, self.currency)
            except Breach as breach:
                raise Breach(breach.message, rule=breach.rule, pointer=f"/lines/{name}") from None
        structs.force_setattr(self, "lines", settled)


class AssessmentRecorded(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """People answered the questions of a method; points are decimal strings."""

    TYPE: ClassVar[str] = "credit.assessment.recorded.v1"
    ON: ClassVar[str | None] = "assessed_on"
    DOCUMENT: ClassVar[str | None] = "assessment_id"

    assessment_id: DocumentId
    method: Code
    assessed_on: date
    scores: Annotated[dict[Code, Ratio], Meta(max_length=limits.ITEMS)]
    round: Annotated[int, Meta(ge=1, le=99)] | None = None
    assessor: Code | None = None
    comment: PersonalText | None = None

    def __post_init__(self) -> None:
        """Bound the comment. Raises Breach."""
        check_clear(self.comment, at="/comment")


class MeasureReported(Fact, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A measure that only another system knows: share of rival goods, meter readings, display points …"""

    TYPE: ClassVar[str] = "credit.measure.reported.v1"
    ON: ClassVar[str | None] = "period_end"

    name: Code
    value: Annotated[str, Meta(min_length=1, max_length=limits.CODE_CHARACTERS)]
    """A plain decimal (`0.85`) or a word (`ours_main`)."""
    period_end: date
    unit: Text | None = None
    period_start: date | None = None

    def __post_init__(self) -> None:
        """Bring a numeric value to its plain form.

        Raises Breach for other notations, for a window that ends early, and for the name of a measure that we compute.
        """
        check_window(self.period_start, self.period_end, at="/period_start")
        if is_computed(self.name):
            message = "is a measure that Gradeline computes; report it under a name of its own"
            raise Breach(message, rule="computed", pointer="/name")
        if _WORD.fullmatch(self.value):
            return
        try:
            number = money.parse_ratio(self.value)
        except Breach as breach:
            raise Breach(f"{breach.message}, or a word such as ours_main", rule=breach.rule, pointer="/value") from None
        structs.force_setattr(self, "value", format(number, "f"))
