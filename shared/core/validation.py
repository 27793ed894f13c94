"""Whether a scorecard tells good from bad, and whether its population is still the one it was made for (features 5.4).

Bands are given from the worst score to the best, with how many goods and bads (customers in default) are in each. Results are
rounded to 9 decimals, half to even. None: there is nothing to divide by, or a share of 0 has no logarithm; join such bands first.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=40)
_NINE = Decimal("1e-9")


def rounded(number: Decimal) -> Decimal:
    """*number* with 9 decimals."""
    return number.quantize(_NINE, ROUND_HALF_EVEN, EXACT)


def weight_of_evidence(goods: Sequence[int], bads: Sequence[int]) -> tuple[Decimal, ...] | None:
    """WoE of each band: ln(share of the goods ÷ share of the bads). Above 0: better than the average (libraries differ)."""
    good, bad = _shares(goods), _shares(bads)
    if good is None or bad is None or not all((*goods, *bads)):
        return None
    return tuple(rounded(EXACT.ln(EXACT.divide(one, other))) for one, other in zip(good, bad, strict=True))


def information_value(goods: Sequence[int], bads: Sequence[int]) -> Decimal | None:
    """IV: Σ(share of the goods − share of the bads) × WoE. None where a band has no goods or no bads."""
    good, bad = _shares(goods), _shares(bads)
    if good is None or bad is None or not all((*goods, *bads)):
        return None
    return _divergence(good, bad)


def kolmogorov_smirnov(goods: Sequence[int], bads: Sequence[int]) -> Decimal | None:
    """KS: the greatest distance between the cumulative shares of bads and goods, 0 to 1. None without goods or bads."""
    good, bad = _shares(goods), _shares(bads)
    if good is None or bad is None:
        return None
    apart, greatest = Decimal(0), Decimal(0)
    for one, other in zip(good, bad, strict=True):
        apart = EXACT.add(apart, EXACT.subtract(other, one))
        greatest = max(greatest, abs(apart))
    return rounded(greatest)


def gini(goods: Sequence[int], bads: Sequence[int]) -> Decimal | None:
    """Gini: 2 × AUC − 1; 1 where every bad stands below every good, 0 where the score says nothing, below 0 where it lies.

    AUC is the share of pairs of a good and a bad in which the good has the better band; the same band counts half.
    """
    pairs = sum(goods) * sum(bads)
    if not pairs:
        return None
    below, won = 0, 0
    for good, bad in zip(goods, bads, strict=True):
        won += good * (2 * below + bad)
        below += bad
    return rounded(EXACT.divide(Decimal(won - pairs), Decimal(pairs)))


def stability(actual: Sequence[Decimal], expected: Sequence[Decimal]) -> Decimal | None:
    """PSI: Σ(a − e) × ln(a ÷ e) over the shares of the same bands; below 0.10 stable, above 0.25 shifted (DP-24.04).

    None where a share is 0. Over the bands of one characteristic it is its CSI.
    """
    if not actual or any(share <= 0 for share in (*actual, *expected)):
        return None
    return _divergence(actual, expected)


def points_of_odds(odds: Decimal, *, base: Decimal, base_odds: Decimal, double: Decimal) -> Decimal:
    """Points of good : bad *odds*: offset + factor × ln(odds), where *base* points are *base_odds* and *double* more double them.

    factor = double ÷ ln 2, offset = base − factor × ln(base odds).
    """
    factor = EXACT.divide(double, EXACT.ln(Decimal(2)))
    offset = base - EXACT.multiply(factor, EXACT.ln(base_odds))
    return rounded(offset + EXACT.multiply(factor, EXACT.ln(odds)))


def _shares(counts: Sequence[int]) -> list[Decimal] | None:
    total = sum(counts)
    return [EXACT.divide(Decimal(count), Decimal(total)) for count in counts] if total else None


def _divergence(one: Sequence[Decimal], other: Sequence[Decimal]) -> Decimal:
    """Σ(a − b) × ln(a ÷ b)."""
    pairs = zip(one, other, strict=True)
    return rounded(sum(((a - b) * EXACT.ln(EXACT.divide(a, b)) for a, b in pairs), Decimal(0)))
