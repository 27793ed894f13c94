"""What another grade would do to a policy limit is what it does: the same amounts, at once or proposed; and their sums."""

from __future__ import annotations

import json
from itertools import product

import pytest

from services.exposure.core.supposing import Outcome, Sum, Supposed, Why, summed, supposed
from shared.core.events.approval import ApprovalRequested
from shared.core.events.granting import LimitEnded, LimitGranted
from shared.core.ledger.documents import UNIT
from tests.support.covers import covers
from tests.support.credit_desk import CreditDesk

covers("LT-06", "DP-22")

K = 10**UNIT


def bought(grade: str | None, limit: str | None, **more: str) -> CreditDesk:
    """A customer that has bought for 10,000 a month for two years, with a policy limit given under *grade*."""
    desk = CreditDesk()
    desk.customer.registered("2024-01-02", segment="dealer")
    desk.customer.months("2024-03-05", 24)
    desk.hears()
    if grade is not None:
        desk.graded(grade)
    if limit is not None:
        desk.granted(limit, "policy", **more)
    return desk


@pytest.mark.parametrize(
    ("given", "grade", "limit"), [*product("ABCD", ["A", "B", "C", "D", None, "X"], ["5000", "30000", "60000"])]
)
def test_what_is_supposed_is_what_comes_when_the_grade_is_told(given: str, grade: str | None, limit: str) -> None:
    desk = bought(given, limit)
    whole = int(limit) * K
    if not [one for one in desk.account.own() if one.holds(desk.today.toordinal())]:
        assert supposed(desk.moment(), grade) == Supposed(Outcome.NO_LIMIT)
        return
    kept = (desk.account.grades[:], dict(desk.account.limits))
    seen = supposed(desk.moment(), grade)
    assert seen.before == whole
    assert (desk.account.grades, desk.account.limits) == kept, "nothing is kept"
    made = desk.graded(grade, refusal=None if grade else "TOO_FEW_FACTS")
    given_now = [int(one.amount * K) for one in desk.said(LimitGranted, made)]
    asked = [int(json.loads(one.payload)["amount"]) * K for one in desk.said(ApprovalRequested, made)]
    if seen.outcome is Outcome.PROPOSED:
        assert (asked, given_now) == ([seen.after], [])
        assert seen.after is not None
        assert whole < seen.after <= whole * 3 // 2
    elif seen.outcome is Outcome.AT_ONCE:
        assert (asked, given_now) == ([], [seen.after])
    else:
        assert seen == Supposed(Outcome.STAYS, whole, whole, seen.why)
        assert (asked, set(given_now) - {whole}) == ([], set())
        assert bool(desk.said(LimitEnded, made)) == bool(given_now), "the same amount under the new grade"


def test_a_fall_a_rise_and_what_stays() -> None:
    desk = bought("B", "30000")
    assert supposed(desk.moment(), "C") == Supposed(Outcome.AT_ONCE, 30_000 * K, 10_000 * K)
    assert supposed(desk.moment(), "D") == Supposed(Outcome.AT_ONCE, 30_000 * K, 0)
    assert supposed(desk.moment(), "A") == Supposed(Outcome.PROPOSED, 30_000 * K, 42_000 * K)
    assert supposed(desk.moment(), None).why is Why.NO_TERMS
    assert supposed(bought("B", "10000").moment(), "A").after == 15_000 * K, "at most half as much again"
    desk.account.published.risen_on = desk.today.toordinal() - 89
    assert supposed(desk.moment(), "A") == Supposed(Outcome.STAYS, 30_000 * K, 30_000 * K, Why.TOO_SOON)


def test_without_a_limit_or_a_rate_nothing_is_nought() -> None:
    assert supposed(bought("B", None).moment(), "A") == Supposed(Outcome.NO_LIMIT)
    desk = bought("B", "30000", currency="USD")
    assert supposed(desk.moment(), "C") == Supposed(Outcome.NOT_KNOWN, why=Why.RATE)


def test_sums_stand_apart_and_who_cannot_be_said_adds_nothing() -> None:
    sums = summed(
        [
            Supposed(Outcome.AT_ONCE, 300, 100),
            Supposed(Outcome.AT_ONCE, 50, 0),
            Supposed(Outcome.PROPOSED, 200, 300),
            Supposed(Outcome.STAYS, 70, 70, Why.TOO_SOON),
            Supposed(Outcome.NO_LIMIT),
            Supposed(Outcome.NOT_KNOWN, why=Why.STRANGER),
            Supposed(Outcome.NOT_KNOWN, 900, why=Why.RATE),
        ]
    )
    assert sums == {
        Outcome.AT_ONCE: Sum(2, 350, 100),
        Outcome.PROPOSED: Sum(1, 200, 300),
        Outcome.STAYS: Sum(1, 70, 70),
        Outcome.NO_LIMIT: Sum(1),
        Outcome.NOT_KNOWN: Sum(2),
    }
