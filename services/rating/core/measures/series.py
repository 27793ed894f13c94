"""Series that another system reports period by period: meter readings, power, head-count, orders (RM-21)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from services.rating.core.measures.reading import Params, Reader
from services.rating.core.measures.records import number
from shared.core.ledger.days import window_start, year_apart
from shared.core.policy.derived import quartile

_NINE = Decimal("1e-9")
_SHORTEST = 12
"""Fewer periods say nothing of what is usual (RM-21.03, assumed)."""
_SCALE = Decimal("1.4826")
"""Median of absolute deviations × this = standard deviation of a normal distribution."""
_FAR_BELOW = Decimal(-3)
"""RM-21.01, assumed."""


def _values(r: Reader, p: Params) -> list[tuple[int, Decimal]]:
    """(end of period, value) of the series in the window, oldest first; of two reports of a period the last told counts."""
    low, held = window_start(r.day, p.window), dict[int, Decimal]()
    for order, end, text in r.state.measures.get(p.word("series"), ()):
        value = number(text)
        if order[0] <= r.day and low < end <= r.day and value is not None:
            held[end] = value
    return sorted(held.items())


def series_last(r: Reader, p: Params) -> Decimal | None:
    """The value of the newest period of *series*."""
    values = _values(r, p)
    return values[-1][1] if values else None


def series_sum(r: Reader, p: Params) -> Decimal | None:
    """The sum of the values of *series* whose periods ended in the window; None without any."""
    values = _values(r, p)
    return sum((value for _, value in values), Decimal(0)) if values else None


def series_mean(r: Reader, p: Params) -> Decimal | None:
    """The mean of the values of *series* whose periods ended in the window; None without any."""
    values = _values(r, p)
    total = series_sum(r, p)
    return None if total is None else (total / len(values)).quantize(_NINE, ROUND_HALF_EVEN)


def series_change(r: Reader, p: Params) -> Decimal | None:
    """The newest value ÷ the one of the period a year before, less 1; None without it, or where it was 0 or less."""
    values = _values(r, p)
    before = [value for end, value in values[:-1] if year_apart(end, values[-1][0])]
    if not before or before[-1] <= 0:
        return None
    return (values[-1][1] / before[-1]).quantize(_NINE, ROUND_HALF_EVEN) - 1


def _scores(r: Reader, p: Params) -> list[Decimal]:
    """(value − median) ÷ (1.4826 × median absolute deviation) of every value in the window, oldest first.

    None of them below twelve periods, or where more than half are the same.
    """
    values = [value for _, value in _values(r, p)]
    if len(values) < _SHORTEST:
        return []
    middle = quartile(sorted(values), 2)
    width = quartile(sorted(abs(value - middle) for value in values), 2) * _SCALE
    return [((value - middle) / width).quantize(_NINE, ROUND_HALF_EVEN) for value in values] if width else []


def series_z(r: Reader, p: Params) -> Decimal | None:
    """(newest value − median) ÷ (1.4826 × median absolute deviation) of the window; None below twelve periods or without
    any deviation.
    """
    scores = _scores(r, p)
    return scores[-1] if scores else None


def series_low_periods(r: Reader, p: Params) -> int | None:
    """How many of the newest periods, one after the other, have a robust z of −3 or less; None where z is not known."""
    scores = _scores(r, p)
    if not scores:
        return None
    usual = [place for place, score in enumerate(reversed(scores)) if score > _FAR_BELOW]
    return usual[0] if usual else len(scores)
