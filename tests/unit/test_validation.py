"""Whether a scorecard tells good from bad: the worked examples of features 5.4, and what must hold of any bands."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core import validation
from tests.support.covers import covers

covers("DP-27")
D = Decimal
GOODS, BADS = [10, 30, 60], [25, 15, 10]
"""A hundred goods and fifty bads in three bands, the worst first: shares 0.1, 0.3, 0.6 and 0.5, 0.3, 0.2."""


def test_points_double_the_odds_by_50() -> None:
    def points(odds: int) -> D:
        return validation.points_of_odds(D(odds), base=D(600), base_odds=D(19), double=D(50))

    assert [points(odds) for odds in (19, 38)] == [600, 650]
    assert round(points(1), 2) == D("387.60")
    assert round((points(100) - points(1)) / D(100).ln(), 3) == D("72.135")


def test_stability_of_the_example_is_0_0203() -> None:
    quarters = [D("0.25")] * 4
    now = [D("0.30"), D("0.25"), D("0.25"), D("0.20")]

    assert round(validation.stability(now, quarters) or D(0), 4) == D("0.0203")
    assert validation.stability(quarters, quarters) == 0
    assert validation.stability([D(1), D(0)], [D("0.5"), D("0.5")]) is None
    assert validation.stability([], []) is None


def test_weight_of_evidence_is_the_logarithm_of_the_shares() -> None:
    """ln(0.1 ÷ 0.5), ln(0.3 ÷ 0.3), ln(0.6 ÷ 0.2): above 0 where the goods are."""
    assert validation.weight_of_evidence(GOODS, BADS) == (D("-1.609437912"), D(0), D("1.098612289"))
    assert validation.weight_of_evidence([1, 0], [1, 1]) is None
    assert validation.weight_of_evidence([0, 0], [1, 1]) is None


def test_information_value_adds_up_the_differences() -> None:
    """0.4 × (1.60943791243… + 1.09861228867…) = 0.4 × 2.70805020110…"""
    assert validation.information_value(GOODS, BADS) == D("1.083220080")
    assert validation.information_value([1, 1], [0, 2]) is None


def test_ks_is_the_greatest_distance() -> None:
    """After the first band 0.5 − 0.1, after the second 0.8 − 0.4."""
    assert validation.kolmogorov_smirnov(GOODS, BADS) == D("0.4")
    assert validation.kolmogorov_smirnov([70, 30], [10, 90]) == D("0.6"), "also where the score lies"
    assert validation.kolmogorov_smirnov(GOODS, [0, 0, 0]) is None


def test_gini_counts_pairs() -> None:
    """Of 5,000 pairs: 10 × 12.5 + 30 × (25 + 7.5) + 60 × (40 + 5) = 3,800; AUC 0.76."""
    assert validation.gini(GOODS, BADS) == D("0.52")
    assert (validation.gini([0, 5], [5, 0]), validation.gini([5, 0], [0, 5])) == (1, -1)
    assert validation.gini([3, 3], [7, 7]) == 0
    assert validation.gini([0], [5]) is None


COUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12)


@given(COUNTS)
def test_what_holds_of_any_bands(bands: list[tuple[int, int]]) -> None:
    goods, bads = [good for good, _ in bands], [bad for _, bad in bands]
    found, ks = validation.gini(goods, bads), validation.kolmogorov_smirnov(goods, bads)
    assert (found is None) == (ks is None) == (not sum(goods) or not sum(bads))
    if found is None or ks is None:
        return
    assert -1 <= found <= 1
    assert 0 <= ks <= 1
    assert validation.gini(goods[::-1], bads[::-1]) == -found
    assert validation.kolmogorov_smirnov(bads, goods) == ks
    assert abs(found) <= 2 * ks + D("1e-8"), "the area between the curves lies within the greatest distance"
    value = validation.information_value(goods, bads)
    assert value is None or value >= 0


@pytest.mark.parametrize("function", [validation.gini, validation.kolmogorov_smirnov, validation.information_value])
def test_as_many_goods_as_bads_are_given(function: object) -> None:
    with pytest.raises(ValueError, match="zip"):
        function([1, 2], [1, 2, 3])  # type: ignore[operator] # one of the three
