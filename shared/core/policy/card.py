"""Cards: one measure to a letter or to points. Bands are half-open, tables are whole, nothing is an expression."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec


class Band(msgspec.Struct, frozen=True, omit_defaults=True):
    """The values from `start` up to the start of the next band. `start` None: from minus infinity."""

    start: Decimal | None
    start_excluded: bool = False
    """Whether `start` itself still belongs to the band before (`above:` in the file, not `from:`)."""
    letter: str | None = None
    percent: Decimal | None = None
    """Share of the card's points, 0 to 100."""
    reason: str | None = None
    points: Decimal | None = None
    """Points themselves, where the file does not state a share."""
    cap: str | None = None
    """At best this grade."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One code of a lookup."""

    code: str
    letter: str | None = None
    percent: Decimal | None = None
    reason: str | None = None
    points: Decimal | None = None
    cap: str | None = None


class Marks(msgspec.Struct, frozen=True, omit_defaults=True):
    """A straight line: no points at `zero`, all points at `full`, clamped outside. zero > full: lower is better."""

    zero: Decimal
    full: Decimal


class Missing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happens when the measure is not known.

    refuse: no grade. worst: no points, or the worst letter. neutral: `percent` of the points, or `points`. best: no such fact is
    knowledge. letter: this letter. leave_out: the other cards are scaled to 100. `cap`, `reason` and `task` go with it.
    """

    then: Literal["refuse", "worst", "neutral", "best", "letter", "leave_out"]
    percent: Decimal | None = None
    letter: str | None = None
    cap: str | None = None
    reason: str | None = None
    task: str | None = None
    points: Decimal | None = None


class Card(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One characteristic: the measure it reads, and exactly one of bands, lookup or marks."""

    id: str
    measure: str
    """The alias under which the policy reads the measure."""
    reference: str
    missing: Missing
    part: str | None = None
    points: Decimal | None = None
    """The most the card can give; None in a method of letters."""
    bands: tuple[Band, ...] = ()
    lookup: tuple[Entry, ...] = ()
    marks: dict[str, Marks] = {}
    """Straight lines by sector; `default` holds for a sector that is unknown or has none."""
    sector: str | None = None
    """The alias of the code that chooses among `marks`."""
    reason: str | None = None
    """Given when the card yields less than half of its points; of a deduction, when it deducts anything."""
    assumed: bool = False
    why: str = ""
    counts: Literal["", "bonus", "deduction"] = ""
    """A bonus lifts the sum, a deduction lowers it; neither counts in the points that a share is taken of."""
    only: tuple[str, ...] = ()
    """The templates to which the card belongs; none: to all."""

    @property
    def most(self) -> Decimal:
        """The points that 100 % of the score is made of."""
        return Decimal(0) if self.counts or self.points is None else self.points

    @property
    def outcomes(self) -> tuple[Band | Entry, ...]:
        """The bands, or the entries of the lookup."""
        return self.bands or self.lookup


def band_at(bands: tuple[Band, ...], value: Decimal | int) -> int:
    """Return the index of the band that holds *value*: the plain reading, which the compiled one must equal."""
    found = 0
    for index, band in enumerate(bands):
        if band.start is None or value > band.start or (value == band.start and not band.start_excluded):
            found = index
    return found


def band_text(bands: tuple[Band, ...], index: int) -> str:
    """Return the band in the notation of intervals, e.g. `[0.9, 0.95)` or `(0, 5)`."""
    band = bands[index]
    after = bands[index + 1] if index + 1 < len(bands) else None
    left = "(-inf" if band.start is None else f"{'(' if band.start_excluded else '['}{band.start:f}"
    right = "inf)" if after is None else f"{after.start:f}{']' if after.start_excluded else ')'}"
    return f"{left}, {right}"
