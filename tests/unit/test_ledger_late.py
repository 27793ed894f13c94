"""Portions that were paid late: as many as there are, whatever is taken back, and only as long as the window lasts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.rating.core.path import walk
from shared.core.policy.warning import Level
from tests.support.customer import BRAIN, Customer, Desk, day
from tests.unit.test_ledger_scenarios import expect


@pytest.fixture
def book() -> Customer:
    return Customer()


def in_two_parts(book: Customer) -> None:
    book.invoice("A", "100.00", "2025-01-01", due="2025-01-11")
    book.pays("P1", "50.00", "2025-02-01", for_={"A": "50.00"})
    book.pays("P2", "50.00", "2025-02-01", for_={"A": "50.00"})


def test_of_two_equal_portions_each_may_bounce(book: Customer) -> None:
    in_two_parts(book)
    book.reverses("P1", "2025-02-05", reason="bounced")
    book.reverses("P2", "2025-02-06", reason="bounced")

    expect(book, "2025-02-01", worst_days_late_12m=21)
    expect(book, "2025-02-20", worst_days_late_12m=40, receivable_balance="100.00")


def test_one_of_two_equal_portions_stays_late_when_the_other_is_put_right(book: Customer) -> None:
    in_two_parts(book)
    book.reverses("P1", "2025-02-05")
    book.pays("P3", "50.00", "2025-01-10", for_={"A": "50.00"})

    expect(book, "2025-02-20", worst_days_late_12m=21, receivable_balance="0")


def test_a_reversal_told_late_may_take_away_what_another_took_first(book: Customer) -> None:
    book.invoice("A", "100.00", "2025-01-01", due="2025-01-11")
    book.pays("P", "80.00", "2025-02-01", for_={"A": "80.00"})
    book.reverses("P", "2025-02-20", "30.00")
    book.reverses("P", "2025-02-05", "30.00")

    expect(book, "2025-02-28", receivable_balance="80.00")


def test_a_warning_about_late_payment_ends_on_the_day_on_which_the_payment_is_no_longer_recent(book: Customer) -> None:
    book.invoice("A", "9000.00", "2024-01-01", due="2024-01-20")
    book.pays("P", "9000.00", "2024-02-10", for_={"A": "9000.00"})
    desk = Desk(book, opened="2024-07-01")
    levels = {on: {w.rule: w.level for w in desk.standing(on).watches} for on in ("2024-05-09", "2024-05-10")}

    assert levels["2024-05-09"]["MN-02"] == Level.CRITICAL
    assert levels["2024-05-10"].get("MN-02", Level.NONE) == Level.NONE


def test_an_item_paid_on_its_due_date_counts_from_the_next_day_on(book: Customer) -> None:
    book.registered("2020-01-01", opened_on=day("2020-01-01"))
    for number in range(3):
        on = day("2023-09-03") + timedelta(days=40 * number)
        due = on + timedelta(days=20)
        book.invoice(f"I{number}", "5000.00", on, due=due)
        book.pays(f"P{number}", "5000.00", due, for_={f"I{number}": "5000.00"})
    state = book.folded()
    skipping, daily = [], []
    engine = BRAIN.engine(book.context)
    walk(state, skipping, state.first, day("2024-06-30").toordinal(), engine)
    walk(book.folded(), daily, state.first, day("2024-06-30").toordinal(), engine, daily=True)

    assert skipping == daily
    assert any(standing.grade for _, standing in skipping)
