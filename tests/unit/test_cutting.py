"""Limits that nobody uses: proposed to be cut, once, by months that are over, and people decide."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.exposure.core.requesting import LimitWanted
from shared.core.events.approval import ApprovalRequested
from tests.support.covers import covers
from tests.support.credit_desk import BRAIN, CreditDesk

K = 10_000


@pytest.fixture
def desk() -> CreditDesk:
    """A customer of grade A with a limit of 100,000 since 2 March."""
    made = CreditDesk()
    made.customer.registered("2024-01-02")
    made.customer.invoice("I1", "15000.00", "2026-02-20", due="2027-03-01")
    made.hears()
    made.graded("A")
    made.granted("100000", "policy")
    return made


def proposed(desk: CreditDesk) -> list[tuple[date, Decimal, str]]:
    found: list[tuple[date, Decimal, str]] = []
    for one in desk.said(ApprovalRequested):
        wanted: Any = msgspec.json.decode(one.payload or "{}", type=LimitWanted)
        found.append((one.as_of, Decimal(wanted.amount), one.reason or ""))
    return found


@covers("LT-10")
def test_a_limit_of_which_hardly_anything_was_used_for_six_months_is_proposed_to_be_cut_once(desk: CreditDesk) -> None:
    desk.opens("2026-09-30")
    assert proposed(desk) == [], "it held for six whole months only at the end of September"
    assert desk.wakes_on is not None
    assert desk.wakes_on <= date(2026, 10, 1)
    desk.opens("2026-10-01")
    assert [(on, amount) for on, amount, _ in proposed(desk)] == [(date(2026, 10, 1), Decimal(22000))], "1.5 × 15,000"
    assert proposed(desk)[0][2].startswith("LT-10: at most 15000 of it was used in 6 months")
    assert desk.figures.effective.amount == 100_000 * K, "people decide"
    desk.opens("2026-11-05")
    assert len(proposed(desk)) == 1
    fresh = BRAIN.load(BRAIN.dump(desk.account))
    assert BRAIN.decide(fresh, desk.today, desk.customer.context, cause="day").decisions == [], (
        "once, after a restart too"
    )


@covers("LT-10")
def test_one_month_with_more_is_use_enough_and_what_comes_late_counts(desk: CreditDesk) -> None:
    desk.customer.invoice("I2", "5000.00", "2026-06-10", due="2027-03-01")
    desk.hears()
    desk.opens("2026-10-02")
    assert proposed(desk) == [], "20,000 is a fifth"
    desk.customer.pays("P1", "1.00", "2026-06-11", for_={"I2": "1.00"})
    desk.hears()
    assert [amount for _, amount, _ in proposed(desk)] == [Decimal(29000)], "1.5 × 19,999, rounded down"


@covers("LT-10")
def test_without_a_limit_or_where_nothing_would_be_less_nobody_is_asked() -> None:
    desk = CreditDesk()
    desk.customer.registered("2024-01-02")
    desk.hears()
    desk.graded("A")
    desk.granted("0", "policy")
    desk.opens("2026-10-05")
    assert proposed(desk) == []
