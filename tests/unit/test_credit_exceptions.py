"""Exceptions that people granted: a cap that holds in principle warns, until their last day; what binds binds."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.exposure.core import snapshot
from services.exposure.core.requesting import LimitWanted, Why, why_not
from shared.core.events.approval import ExceptionGranted
from shared.core.events.limit import SupplyResumed, SupplySuspended
from tests.support.covers import covers
from tests.support.credit_desk import CreditDesk, steps


@pytest.fixture
def desk() -> CreditDesk:
    """A customer of grade A with a limit of 100,000, who owes 1,000 due on 20 March."""
    made = CreditDesk()
    made.customer.registered("2024-01-02")
    made.customer.invoice("I1", "1000.00", "2026-01-02", due="2026-03-20")
    made.hears()
    made.graded("A")
    made.granted("100000")
    return made


def excepts(desk: CreditDesk, code: str, until: str = "2026-03-31") -> None:
    said: dict[str, Any] = {"as_of": desk.today, "cause": "override", "reason": "harvest", "by": "li"}
    granted = ExceptionGranted(
        **said, exception_id=f"ex-{code}", excepts=code, expires_on=date.fromisoformat(until), terms="up to 60,000"
    )
    desk.version += 1
    desk._fold(desk._event(granted, source="/gradeline/test/rating"))
    desk.decides()


@covers("AP-16", "LT-62")
def test_a_rule_that_people_let_not_hold_warns_until_the_last_day(desk: CreditDesk) -> None:
    assert steps(desk.asks("SO-1", "50000.00", "query")) == {"document": "hold"}
    excepts(desk, "DOCUMENT_TOO_LARGE", "2026-03-04")
    answer = desk.asks("SO-1", "50000.00", "query")
    assert (answer.judged.decision, steps(answer)) == ("approved", {"document": "warn"}), "it is seen, and holds nobody"
    desk.opens("2026-03-04")
    assert desk.asks("SO-1", "50000.00", "query").judged.decision == "approved"
    assert desk.wakes_on == date(2026, 3, 5)
    desk.opens("2026-03-05")
    assert steps(desk.asks("SO-1", "50000.00", "query")) == {"document": "hold"}


@covers("LT-62")
@pytest.mark.parametrize("code", ["LIMIT_EXCEEDED", "NO_LIMIT", "GRADE_WORST", "SUPPLY_SUSPENDED", "whatever"])
def test_what_binds_everybody_is_not_excepted(desk: CreditDesk, code: str) -> None:
    excepts(desk, code)
    assert desk.asks("SO-1", "100000.00", "query").judged.decision == "held"
    desk.graded("D")
    assert desk.asks("SO-2", "1.00", "query").judged.decision == "refused"


@covers("LT-62")
def test_supply_goes_on_while_people_let_the_rule_not_hold(desk: CreditDesk) -> None:
    desk.opens("2026-04-19")
    assert desk.said(SupplySuspended)
    desk.asks("SO-1", "100.00")
    excepts(desk, "OVERDUE_TOO_OLD", "2026-04-22")
    assert len(desk.said(SupplyResumed)) == 1
    assert steps(desk.asks("SO-2", "100.00", "query"))["oldest_overdue"] == "warn"
    desk.opens("2026-04-23")
    assert len(desk.said(SupplySuspended)) == 2, "and is stopped again the day after"
    again = snapshot.load(snapshot.dump(desk.account), desk.brain.setting, desk.brain.reading)
    assert again.exceptions == desk.account.exceptions


@covers("AP-16")
def test_a_limit_may_rise_further_where_people_let_the_rule_not_hold(desk: CreditDesk) -> None:
    wanted = LimitWanted(
        customer_id="C1", kind="management", amount="160000", currency="CNY", reason="x", evidence="y", by="li"
    )
    assert why_not(wanted, desk.moment()) is Why.TOO_FAR
    excepts(desk, "LIMIT_RISE_TOO_FAR")
    assert why_not(wanted, desk.moment()) is None
