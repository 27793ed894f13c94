"""One payment experience: money on an item, and what it says of how the customer pays."""

from __future__ import annotations

from itertools import pairwise

from shared.core.ledger.documents import Document, Lot
from shared.core.ledger.lanes import pack

FINE = 84
"""Points are whole numbers of 1/84: every step of the chart is exact."""

_CHART = ((-30, 100), (-20, 90), (0, 80), (15, 70), (22, 60), (30, 50), (60, 40), (90, 30), (120, 20))
"""(days late, points): a straight line between two of them (features 5.2)."""
_DISCOUNT = 90 * FINE

EXPERIENCE = 7
"""Numbers of one: amount, amount × days from booking to money, amount × days from booking to payment, amount × points,
how many, amount with a discount taken, amount of items that offered a discount."""


def _between(days: int) -> int:
    for (low, more), (high, less) in pairwise(_CHART):
        if low <= days <= high:
            return more * FINE - (more - less) * FINE * (days - low) // (high - low)
    raise AssertionError(days)


_FIRST, _LAST = _CHART[0][0], _CHART[-1][0]
_POINTS = tuple(map(_between, range(_FIRST, _LAST + 1)))


def index_points(days: int) -> int:
    """Points of the payment index in 1/84 for *days* late (early below 0)."""
    return _POINTS[min(max(days, _FIRST), _LAST) - _FIRST]


def experience(document: Document, lot: Lot, due: int, units: int, *, discounted: bool) -> int:
    """What *units* of *lot* on an item due on *due* (0: no due date) add, in lanes."""
    points = index_points(lot.paid - due if due else 0)
    return pack(
        units,
        units * (lot.cash_on - document.booked),
        units * (lot.paid - document.booked),
        units * (max(points, _DISCOUNT) if discounted else points),
        1,
        units if discounted else 0,
        units if document.discount is not None else 0,
    )
