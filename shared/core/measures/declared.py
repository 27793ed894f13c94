"""How a measure is declared: once, with everything that rules, pages and programs need to know of it."""

from __future__ import annotations

import re
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


class Measure(msgspec.Struct, frozen=True):
    """One measure of the library."""

    name: str
    kind: Kind
    en: str
    zh: str
    source: str
    windowed: bool = False
    """Whether it is asked for over a window: `_90d`, `_12m`; without one it is over all history."""
    months_only: bool = False
    """Whether its window is so many whole calendar months, the current one not included."""
    amounts: bool = False
    """Whether amounts of several documents go into it: not known where a rate is missing."""
    params: Mapping[str, Parameter] = {}
    """Every parameter that it takes, and how it is read where nothing is said."""
    unknown: Value = None
    """What it is of a customer of whom nothing is known."""
    by: str = ""
    """One amount for each of these; no rule reads such a measure."""
    mean: bool = False
    """Measured in days or counts, but a mean or a sum of parts: it may have decimals."""
    told: bool = False
    """A matter of profile, records and reports: no document and no payment changes it."""
    daily: bool = False
    """Whether it moves with the day alone, so that a path that reads it looks at every day."""
    shown: tuple[str, ...] | None = None
    """The windows that a customer's page shows it over; None: the usual ones. Empty: not shown, for it needs a parameter."""

    @property
    def unit(self) -> str:
        """What it is measured in, in words."""
        return f"{self.kind} by {self.by}" if self.by else str(self.kind)

    @property
    def is_whole(self) -> bool:
        """Whether it counts: its values are whole numbers."""
        return self.kind.counts and not self.mean


class Family(msgspec.Struct, frozen=True):
    """One page of the library."""

    name: str
    en: str
    zh: str
    measures: tuple[Measure, ...]


BUCKETS = ("not_due", "1_30", "31_60", "61_90", "over_90")
"""Days past due (MN-54.01)."""

RAW: Mapping[str, Parameter] = {"exclude_disputed": 0, "due_roll": False}
UNDISPUTED: Mapping[str, Parameter] = {"exclude_disputed": 60, "due_roll": True}
"""How an item is read that is called undisputed, where no rule says otherwise (G-07, G-08)."""
LATENESS: Mapping[str, Parameter] = {**RAW, "min_amount": "", "grace_days": 0}
"""How lateness is read."""

WEIGHTS = re.compile(r"\d{1,6}(\.\d{1,6})?(/\d{1,6}(\.\d{1,6})?){0,23}", re.ASCII)
"""`50/30/20`: numbers, the first for the first."""
_WORD = re.compile(r"[^\s|{}]{1,64}")

PARAMETER_VALUES: Mapping[str, tuple[str, ...] | type | re.Pattern[str]] = {
    "exclude_disputed": int,
    "grace_days": int,
    "valid_months": int,
    "level": int,
    "due_roll": bool,
    "proven": bool,
    "min_amount": ("G-06",),
    "basis": ("amount", "count"),
    "reading": ("cash", "literal"),
    "over": ("overdue", "balance"),
    "bucket": BUCKETS,
    "decay": WEIGHTS,
    "weights": WEIGHTS,
    "borders": WEIGHTS,
    "kind": _WORD,
    "severity": _WORD,
    "product_class": _WORD,
    "unit": _WORD,
    "method": _WORD,
    "question": _WORD,
    "series": _WORD,
}
"""What a parameter may be: a number, a switch, one of a closed list of words, or a text of some form.

`weights` and `borders` are as many numbers as the measure has parts, `decay` one for each month.
"""


def weights_of(text: object) -> tuple[Decimal, ...]:
    """The numbers of `50/30/20`."""
    return tuple(Decimal(part) for part in str(text).split("/"))
