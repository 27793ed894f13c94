"""The outcomes of one card, and the compiled function that chooses among them.

Points are whole numbers of 1/scale. The scale makes every point of a table and every slope of a line whole, and has 12
decimals to spare, so that a measure of up to 9 decimals on a line, and a factor of up to 3, stay exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any

import msgspec

from shared.core.policy.card import Band, Card, Entry, Marks, band_text
from shared.core.policy.condition import whole
from shared.core.policy.measure import Value

_SPARE = 10**12


class Hit(msgspec.Struct, frozen=True, gc=False):
    """One outcome of one card."""

    band: str
    scaled: int
    """Points, in 1/scale."""
    noted: bool
    """Whether anything below says more than the points: most outcomes of a good customer do not."""
    letter: str | None = None
    reasons: tuple[str, ...] = ()
    unknown: int = 0
    """The card's full points where its measure is not known and the card is kept, else 0."""
    left_out: int = 0
    """The card's full points where it is left out, else 0."""
    cap: str | None = None
    task: str | None = None
    refuses: bool = False
    card: str = ""
    """The card, where its measure is not known."""
    measure: str = ""
    """The alias of that measure."""


Get = Callable[[str], Value]
Reader = Callable[[Get], Hit]


def scale_of(cards: tuple[Card, ...]) -> int:
    """Return the number that makes every point a card can give, and the slope of every line, whole; see above."""
    denominators = [1]
    for card in cards:
        points = Fraction(card.points or 0)
        percents = [item.percent for item in card.outcomes] + [card.missing.percent]
        denominators.append(points.denominator)
        denominators += [(points * Fraction(percent) / 100).denominator for percent in percents if percent is not None]
        stated = [item.points for item in card.outcomes] + [card.missing.points]
        denominators += [Fraction(given).denominator for given in stated if given is not None]
        denominators += [(points / (Fraction(m.full) - Fraction(m.zero))).denominator for m in card.marks.values()]
    return lcm(*denominators) * _SPARE


def card_reader(card: Card, scale: int) -> Reader:
    """Return *card* as a function of a look-up of values."""
    missing = _missing(card, scale)
    if card.bands:
        return _banded(card, scale, missing)
    if card.lookup:
        return _looked_up(card, scale, missing)
    return _on_a_line(card, scale, missing)


def _full(card: Card, scale: int) -> int:
    return int(Fraction(card.most) * scale)


def _points(card: Card, scale: int, percent: Decimal | None, points: Decimal | None) -> int:
    """Points as they enter the sum: those of a deduction are negative."""
    given = Fraction(card.points or 0) * Fraction(percent or 0) / 100 if points is None else Fraction(points)
    return int(given * scale) * (-1 if card.counts == "deduction" else 1)


def _give(card: Card, scale: int, band: str, outcome: Band | Entry) -> Hit:
    """The outcome of a band or code; the card's own reason is given below half of its points."""
    scaled = _points(card, scale, outcome.percent, outcome.points)
    reasons = [outcome.reason] if outcome.reason else []
    if card.reason and outcome.letter is None and scaled * 2 < _full(card, scale):
        reasons.append(card.reason)
    return Hit(
        band,
        scaled,
        bool(reasons or outcome.cap),
        outcome.letter,
        tuple(reasons),
        cap=outcome.cap,
        card=card.id if outcome.cap else "",
    )


def _missing(card: Card, scale: int) -> Hit:
    rule, full = card.missing, _full(card, scale)
    reasons = (rule.reason,) if rule.reason else ()
    gains = rule.then == ("worst" if card.counts == "deduction" else "best")
    percent = Decimal(100) if gains else rule.percent
    return Hit(
        {"best": "no such fact", "leave_out": "left out"}.get(rule.then, "not known"),
        _points(card, scale, percent, rule.points),
        True,
        rule.letter,
        reasons,
        unknown=0 if rule.then in ("best", "leave_out") else full,
        left_out=full if rule.then == "leave_out" else 0,
        cap=rule.cap,
        task=rule.task,
        refuses=rule.then == "refuse",
        card=card.id,
        measure=card.measure,
    )


def _banded(card: Card, scale: int, missing: Hit) -> Reader:
    key, bands = card.measure, card.bands
    starts: list[Any] = [band.start for band in bands if band.start is not None]
    wholes: list[Any] = [whole(start) for start in starts]
    excluded = tuple(band.start_excluded for band in bands[1:])
    hits = tuple(_give(card, scale, band_text(bands, place), band) for place, band in enumerate(bands))

    def read(get: Get) -> Hit:
        value = get(key)
        if value is None or value.__class__ is str:
            return missing
        place = bisect_right(wholes if value.__class__ is int else starts, value)
        if place and excluded[place - 1] and starts[place - 1] == value:
            place -= 1
        return hits[place]

    return read


def _looked_up(card: Card, scale: int, missing: Hit) -> Reader:
    key = card.measure
    hits: dict[Value, Hit] = {entry.code: _give(card, scale, entry.code, entry) for entry in card.lookup}
    return lambda get: hits.get(get(key), missing)


def _on_a_line(card: Card, scale: int, missing: Hit) -> Reader:
    key, sector = card.measure, card.sector or ""
    lines = {code: _Line(card, scale, marks) for code, marks in card.marks.items()}
    default = lines["default"]
    reasons = (card.reason,) if card.reason else ()
    noted = bool(reasons)

    def read(get: Get) -> Hit:
        value: Any = get(key)
        if value is None or value.__class__ is str:
            return missing
        line = lines.get(get(sector), default)  # type: ignore[arg-type] # other codes are simply not found
        if value <= line.low:
            return line.at_low
        if value >= line.high:
            return line.at_high
        scaled = int((value - line.zero) * line.slope)
        if (value < line.middle) if line.rises else (value > line.middle):
            return Hit(line.band, scaled, noted, None, reasons)
        return Hit(line.band, scaled, False)

    return read


class _Line:
    """One straight line, compiled. It is compared on the measure's own scale, where decimals meet decimals."""

    __slots__ = ("at_high", "at_low", "band", "high", "low", "middle", "rises", "slope", "zero")

    def __init__(self, card: Card, scale: int, marks: Marks) -> None:
        """A line of *card* from `zero` to `full`."""
        sign = -1 if card.counts == "deduction" else 1
        slope = sign * Fraction(card.points or 0) * scale / _SPARE / (Fraction(marks.full) - Fraction(marks.zero))
        assert slope.denominator == 1
        none = _give(card, scale, "at or beyond the zero mark", Band(None, percent=Decimal(0)))
        whole_points = _give(card, scale, "at or beyond the full mark", Band(None, percent=Decimal(100)))
        self.slope = Decimal(slope.numerator).scaleb(12)
        self.zero = marks.zero
        self.rises = marks.full > marks.zero
        self.middle = (marks.zero + marks.full) / 2 if sign > 0 else marks.full
        self.low, self.high = sorted((marks.zero, marks.full))
        self.at_low, self.at_high = (none, whole_points) if self.rises else (whole_points, none)
        self.band = f"{marks.zero:f} -> {marks.full:f}"
