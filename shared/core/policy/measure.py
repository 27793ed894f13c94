"""What rules may read: closed lists of measures with their parameters, and of attributes. Nothing sealed is on them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec

Value: TypeAlias = Decimal | int | str | bool | None
"""What a measure may be. None: not known. Ratios: 1 = 100 %; days, months and counts are whole or decimal numbers."""

Parameter: TypeAlias = int | bool | str


class Kind(StrEnum):
    """What a measure is measured in."""

    RATIO = "ratio"
    DAYS = "days"
    MONTHS = "months"
    COUNT = "count"
    MONEY = "money"
    POINTS = "points"
    FLAG = "flag"
    CODE = "code"

    @property
    def is_number(self) -> bool:
        """Whether bands and comparisons make sense."""
        return self not in (Kind.FLAG, Kind.CODE)

    @property
    def counts(self) -> bool:
        """Whether it is so many of something: never less than none."""
        return self in (Kind.DAYS, Kind.MONTHS, Kind.COUNT)


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measure as a set of rules reads it, under an alias of its own."""

    measure: str
    params: dict[str, Parameter] = {}


REPORTED = "reported:"
"""Before the name of a measure that only another system knows; it arrives as the fact `credit.measure.reported.v1`."""

MEASURES: Mapping[str, Kind] = {
    # payment record, from the ledger
    "net_collection_rate_12m": Kind.RATIO,
    "worst_days_late_90d": Kind.DAYS,
    "worst_days_late_12m": Kind.DAYS,
    "worst_days_late_24m": Kind.DAYS,
    "days_beyond_terms_12m": Kind.DAYS,
    "overdue_ratio": Kind.RATIO,
    "on_time_ratio_12m": Kind.RATIO,
    "broken_commitments_12m": Kind.COUNT,
    "breaches_24m": Kind.COUNT,
    "due_documents_12m": Kind.COUNT,
    "max_days_past_due": Kind.DAYS,
    "undisputed_days_past_due": Kind.DAYS,
    "early_payment_note": Kind.FLAG,
    # the relation
    "relationship_months": Kind.MONTHS,
    "trading_months": Kind.MONTHS,
    "new_customer": Kind.FLAG,
    "sales_trend": Kind.RATIO,
    "turnover_falling": Kind.FLAG,
    "rival_goods_class": Kind.CODE,
    # the customer
    "industry": Kind.CODE,
    "industry_class": Kind.CODE,
    "sector": Kind.CODE,
    "size_class": Kind.CODE,
    # statements
    "statement_alr": Kind.RATIO,
    "statement_current": Kind.RATIO,
    "statement_npm": Kind.RATIO,
    "statement_ocf": Kind.RATIO,
    "statement_audited": Kind.FLAG,
    "heavy_losses": Kind.FLAG,
    # the outside world
    "public_record": Kind.CODE,
    "register_check_age_months": Kind.MONTHS,
    "enforcement_open_ratio": Kind.RATIO,
    "abnormal_operation": Kind.FLAG,
    "serious_violations": Kind.FLAG,
    "judgment_debtor": Kind.FLAG,
    "licence_revoked": Kind.FLAG,
    "fraud_proven": Kind.FLAG,
    "insolvency": Kind.FLAG,
    "in_default": Kind.FLAG,
}
"""Every measure that rules may read, and what it is measured in. A new kind of calculation is a new name here."""


def kind_of(reading: Reading) -> Kind:
    """What *reading* is measured in; a reported measure says so itself."""
    if reading.measure.startswith(REPORTED):
        return Kind(str(reading.params["kind"]))
    return MEASURES[reading.measure]


_DUE = ("exclude_disputed", "due_roll")
_LATENESS = (*_DUE, "min_amount", "grace_days")

MEANS = frozenset({"days_beyond_terms_12m"})
"""Measured in days, but a mean of many: it may have decimals."""


def is_whole(reading: Reading) -> bool:
    """Whether *reading* counts: its values are whole numbers."""
    return kind_of(reading).counts and reading.measure not in MEANS


PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "net_collection_rate_12m": ("reading", *_DUE, "min_amount"),
    "worst_days_late_90d": _LATENESS,
    "worst_days_late_12m": _LATENESS,
    "worst_days_late_24m": _LATENESS,
    "days_beyond_terms_12m": _LATENESS,
    "overdue_ratio": _LATENESS,
    "on_time_ratio_12m": ("basis", *_LATENESS),
    "due_documents_12m": _DUE,
    "max_days_past_due": _LATENESS,
    "undisputed_days_past_due": _LATENESS,
}
"""Which parameters a measure takes; a measure that is not named takes none."""

PARAMETER_VALUES: Mapping[str, tuple[str, ...] | type] = {
    "exclude_disputed": int,
    "grace_days": int,
    "due_roll": bool,
    "min_amount": ("G-06",),
    "basis": ("amount", "count"),
    "reading": ("cash", "literal"),
}
"""What a parameter may be: a number of days, a switch, or one of a closed list of words."""

ATTRIBUTES: tuple[str, ...] = (
    "currency",
    "industry",
    "kind",
    "manager",
    "ownership",
    "region",
    "segment",
    "size_class",
    "status",
)
"""The attributes of a customer that `applies_to` may read."""

SEALED: frozenset[str] = frozenset(
    {"comment", "contacts", "controller", "id_no", "legal_representative", "name", "signed_by"}
)
"""Personal fields. No rule may read them (architecture, fact 11)."""
