"""Measures of many customers, or of a scorecard: concentration, migration, stability, expected loss (features 5.1, 5.4).

They take plain numbers and belong to no single customer, so no method reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

_EXACT = Context(prec=40)
_NINE = Decimal("1e-9")


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(_NINE, ROUND_HALF_EVEN, _EXACT)


def concentration(amounts: Sequence[Decimal]) -> Decimal | None:
    """Σ share²: the Herfindahl index of *amounts*; 1 where one has all. None where they add up to nothing."""
    total = sum(amounts, Decimal(0))
    squares = sum((amount * amount for amount in amounts), Decimal(0))
    return _rounded(_EXACT.divide(squares, total * total)) if total else None


def top_share(amounts: Sequence[Decimal], count: int) -> Decimal | None:
    """The share of the *count* greatest of *amounts*. None where they add up to nothing."""
    total = sum(amounts, Decimal(0))
    top = sum(sorted(amounts, reverse=True)[:count], Decimal(0))
    return _rounded(_EXACT.divide(top, total)) if total else None


def core_customers(sales: Sequence[Decimal], share: Decimal) -> int:
    """How many of the greatest customers have at least *share* of all sales (RM-41.01)."""
    total, held = sum(sales, Decimal(0)), Decimal(0)
    for count, amount in enumerate(sorted(sales, reverse=True), 1):
        held += amount
        if held >= share * total:
            return count
    return len(sales)


def roll_rate(moved: Decimal, held: Decimal) -> Decimal | None:
    """What moved from a bucket into the next ÷ what was in it at the start. None where nothing was."""
    return _rounded(_EXACT.divide(moved, held)) if held else None


def cure_rate(cured: int, overdue: int) -> Decimal | None:
    """Customers who were overdue at the start and are current again ÷ those overdue at the start. None without any."""
    return _rounded(_EXACT.divide(Decimal(cured), Decimal(overdue))) if overdue else None


def stability(actual: Sequence[Decimal], expected: Sequence[Decimal]) -> Decimal | None:
    """PSI: Σ(a − e) × ln(a ÷ e) over the shares of the same bands. None where a share is 0 (DP-24.04)."""
    if any(share <= 0 for share in (*actual, *expected)):
        return None
    pairs = zip(actual, expected, strict=True)
    return _rounded(sum(((a - e) * _EXACT.ln(_EXACT.divide(a, e)) for a, e in pairs), Decimal(0)))


def points_of_odds(odds: Decimal, *, base: Decimal, base_odds: Decimal, double: Decimal) -> Decimal:
    """Offset + factor × ln(good : bad odds), with factor = points to double the odds ÷ ln 2, offset = base − factor × ln(base
    odds).
    """
    factor = _EXACT.divide(double, _EXACT.ln(Decimal(2)))
    offset = base - _EXACT.multiply(factor, _EXACT.ln(base_odds))
    return _rounded(offset + _EXACT.multiply(factor, _EXACT.ln(odds)))


def expected_loss(pd: Decimal, lgd: Decimal, ead: Decimal) -> Decimal:
    """PD × LGD × EAD."""
    return pd * lgd * ead
