"""Limits of customers that do worse: the machine proposes to lower them, and people decide."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.exposure.core.requesting import LimitWanted
from shared.core.events.approval import ApprovalRequested
from shared.core.events.rating import WarningCleared, WarningRaised
from tests.support.covers import covers
from tests.support.credit_desk import BRAIN, CreditDesk

K = 10_000


@pytest.fixture
def desk() -> CreditDesk:
    """A customer of grade A with a limit of 100,000 since 2 March, who owes 30,000 since 9 March."""
    made = CreditDesk()
    made.customer.registered("2024-01-02")
    made.customer.invoice("I1", "30000.00", "2026-02-20", due="2026-03-09")
    made.hears()
    made.graded("A")
    made.granted("100000", "policy")
    return made


def proposed(desk: CreditDesk) -> list[tuple[date, Decimal]]:
    found: list[tuple[date, Decimal]] = []
    for one in desk.said(ApprovalRequested):
        wanted: Any = msgspec.json.decode(one.payload or "{}", type=LimitWanted)
        found.append((one.as_of, Decimal(wanted.amount)))
    return found


def warned(desk: CreditDesk, cls: Any = WarningRaised, severity: str = "critical", kind: str = "financial") -> None:
    said = cls(as_of=desk.today, cause="fact", warning_id="W1", rule="mn-13", kind=kind, severity=severity)
    desk.version += 1
    desk._fold(desk._event(said, source="/gradeline/test/rating"))
    desk.decides()


@covers("LT-10", "LT-46")
def test_a_large_order_that_is_paid_late_proposes_three_tenths_less_once_a_quarter(desk: CreditDesk) -> None:
    desk.opens("2026-03-18")
    assert proposed(desk) == []
    assert desk.wakes_on == date(2026, 3, 19)
    desk.opens("2026-03-31")
    assert proposed(desk) == [(date(2026, 3, 19), Decimal(70000))]
    assert desk.figures.effective.amount == 100_000 * K, "people decide"
    desk.opens("2026-04-05")
    assert [on for on, _ in proposed(desk)] == [date(2026, 3, 19), date(2026, 4, 1)]


@covers("LT-10")
@pytest.mark.parametrize("settled", ["10000.01", "30000.00"])
def test_a_small_rest_that_is_late_proposes_nothing(desk: CreditDesk, settled: str) -> None:
    desk.customer.pays("P1", settled, desk.today, for_={"I1": settled})
    desk.hears()
    desk.opens("2026-04-05")
    assert proposed(desk) == []


@covers("LT-10")
def test_clearly_worse_finances_propose_half_and_nothing_beside_it(desk: CreditDesk) -> None:
    warned(desk)
    assert proposed(desk) == [(desk.today, Decimal(50000))]
    desk.opens("2026-03-25")
    assert len(proposed(desk)) == 1
    fresh = BRAIN.load(BRAIN.dump(desk.account))
    assert fresh.warnings == {"W1": "mn-13"}


@covers("LT-10")
@pytest.mark.parametrize(("severity", "kind"), [("warning", "financial"), ("critical", "transaction")])
def test_any_other_warning_proposes_nothing(desk: CreditDesk, severity: str, kind: str) -> None:
    warned(desk, severity=severity, kind=kind)
    assert proposed(desk) == []


@covers("LT-10")
def test_a_warning_that_is_over_proposes_nothing_more(desk: CreditDesk) -> None:
    desk.customer.pays("P1", "30000.00", desk.today, for_={"I1": "30000.00"})
    desk.hears()
    warned(desk)
    warned(desk, WarningCleared)
    desk.opens("2026-04-05")
    assert len(proposed(desk)) == 1
