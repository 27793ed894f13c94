"""Limits approved in advance: proposed to good customers that have none, granted by people, void with the grade."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.exposure.core.requesting import LimitWanted, effect
from shared.core.brain import Decided
from shared.core.events.approval import ApprovalRequested
from shared.core.events.granting import LimitEnded
from tests.support.covers import covers
from tests.support.credit_desk import BRAIN, CreditDesk

K = 10_000


@pytest.fixture
def desk() -> CreditDesk:
    """A customer of grade A since 2 March 2025 that buys for 100,000 a month, seen a year later."""
    made = CreditDesk()
    made.customer.registered("2024-01-02")
    for month in range(1, 15):
        on = date(2025 + (month - 1) // 12, (month - 1) % 12 + 1, 10)
        made.customer.invoice(f"I{month}", "100000.00", on, due=date(2027, 1, 1))
    made.hears()
    made.graded("A", on="2025-03-02")
    return made


def proposed(desk: CreditDesk) -> list[tuple[date, LimitWanted]]:
    read = msgspec.json.Decoder(LimitWanted).decode
    return [(one.as_of, read(one.payload or "{}")) for one in desk.said(ApprovalRequested)]


def granted(desk: CreditDesk) -> None:
    (approval,) = desk.account.approvals.values()
    follows: Any = effect(approval, desk.moment())
    desk.does([Decided(one, publish=False) for one in follows], "override")


@covers("LT-28")
def test_a_good_customer_without_a_limit_is_offered_one_for_half_a_year_once_a_half_year(desk: CreditDesk) -> None:
    ((on, wanted),) = proposed(desk)
    assert (on, wanted.valid_to, wanted.conditions) == (desk.today, date(2026, 9, 2), ("pre-approved",))
    # need 100,000 × (90 + 15) ÷ 30 × 1.2 = 420,000; 80 % of it
    assert Decimal(wanted.amount) == 330_000
    desk.opens("2026-06-30")
    assert len(proposed(desk)) == 1
    assert desk.wakes_on == date(2026, 7, 1)
    desk.opens("2026-07-01")
    assert [on for on, _ in proposed(desk)] == [date(2026, 3, 2), date(2026, 7, 1)]


@covers("LT-28")
def test_once_granted_it_is_used_without_asking_again_and_void_with_the_grade(desk: CreditDesk) -> None:
    granted(desk)
    assert desk.figures.effective.amount == 330_000 * K
    kept = BRAIN.load(BRAIN.dump(desk.account))
    assert [one.conditions for one in kept.limits.values()] == [("pre-approved",)]
    desk.graded("B")
    assert 0 < desk.figures.effective.amount < 330_000 * K, "lower, and still in advance"
    desk.graded(None, refusal="VETO")
    assert desk.figures.effective.amount == 0
    assert {one.reason for one in desk.said(LimitEnded)} == {"LT-06.01", "LT-28"}


@covers("LT-28")
@pytest.mark.parametrize("why", ["late", "graded", "granted"])
def test_who_was_late_or_worse_or_has_a_limit_is_offered_none(why: str) -> None:
    desk = CreditDesk()
    desk.customer.registered("2024-01-02")
    late = why == "late"
    desk.customer.invoice("I1", "100000.00", "2025-05-10", due="2025-08-10" if late else "2027-01-01")
    desk.customer.pays("P1", "100000.00", "2025-09-03", for_={"I1": "100000.00"})
    desk.hears()
    if why == "granted":
        desk.granted("5000")
    if why == "graded":
        desk.graded("C", on="2025-03-02")
        desk.graded("A", on="2025-04-02")
    else:
        desk.graded("A", on="2025-03-02")
    assert proposed(desk) == []
