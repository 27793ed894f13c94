"""How the results of the cards combine where they are not simply added up, and what stands beside the grade."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from shared.core.policy.label import Label


class Grid(msgspec.Struct, frozen=True, omit_defaults=True):
    """The grade from two labels crossed: complete, or the file is refused."""

    rows: str
    columns: str
    cells: dict[str, dict[str, str]]
    """Row → column → grade."""
    assumed: bool = False
    why: str = ""


class Templates(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which set of cards holds for whom: a code chooses; the cards of each set give 100 points."""

    by: str
    """An alias, or a label that is known before the cards."""
    names: tuple[str, ...]
    otherwise: str | None = None
    """For a code that is not known or not listed; None: no grade."""


class Total(msgspec.Struct, frozen=True, omit_defaults=True):
    """A total in points of its own, as fitted scorecards have: `start` and what every card adds, not scaled to 100."""

    start: Decimal


class Quota(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The largest share of a population that may hold a grade or a code, part by part. Read at population reviews only."""

    of: str
    """`grade`, or a label."""
    holds: str
    """The grade or code that is capped."""
    by: str
    """What divides the population: an attribute of the customer (region, segment, industry, kind …) or a label of the method."""
    shares: dict[str, Decimal]
    """Code of `by` → share, 0 to 1; `default` for every other."""
    rank_by: tuple[str, ...]
    """What decides among candidates, in order: `score`, or aliases; the greater comes first."""
    above: Literal["stay", "lower"]
    """Who finds no place: `stay` where it was, or `lower`: the next grade below."""
    exceeded: Literal["keep", "lower"]
    """Who holds a place beyond the quota: `keep` it and nobody comes in, or `lower` the last of the ranking."""
    review: Literal["monthly", "quarterly", "half_yearly", "yearly"]
    reference: str = ""
    assumed: bool = False
    why: str = ""


class Shape(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Everything about a method that plain sums and letters do not need."""

    weakest: bool = False
    """The grade is the lowest of the grades of the parts."""
    lists: Label | None = None
    """The grade is the first whose conditions hold."""
    grid: Grid | None = None
    labels: dict[str, Label] = {}
    templates: Templates | None = None
    total: Total | None = None
    quotas: tuple[Quota, ...] = ()
