"""How a grade moves: the first freely, down at once, up slowly; and the walk misses no day on which something changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.rating.core.path import Path, at, walk
from services.rating.core.standing import Standing
from tests.support.covers import covers
from tests.support.customer import BRAIN, Customer, Day, Desk, day
from tests.support.dealer import SECOND, THIRD, WORST, dealer, told

covers("G-17", "G-18", "AP-05")


@pytest.fixture
def book() -> Customer:
    return dealer()


class Walked:
    """The path of a customer up to a day, walked every single day from *daily_from* on."""

    def __init__(self, book: Customer, until: Day, daily_from: Day) -> None:
        state = book.folded()
        engine, middle = BRAIN.engine(book.context), day(daily_from).toordinal()
        self.path: Path = []
        walk(state, self.path, state.first, middle - 1, engine)
        walk(state, self.path, max(middle, state.first), day(until).toordinal(), engine, daily=True)

    def __call__(self, on: Day) -> str | None:
        """The grade on *on*."""
        found = at(self.path, day(on).toordinal())
        return found.grade if found else None

    def standing(self, on: Day) -> Standing:
        found = at(self.path, day(on).toordinal())
        assert found is not None
        return found


def walked(book: Customer, until: Day = "2025-11-30", daily_from: Day = "2025-02-01") -> Walked:
    return Walked(book, until, daily_from)


def at_once(book: Customer, until: Day = "2025-11-30") -> Path:
    """The path as an import computes it: days on which nothing can change are skipped."""
    state = book.folded()
    path: Path = []
    walk(state, path, state.first, day(until).toordinal(), BRAIN.engine(book.context))
    return path


# --- the first grade, falls


def test_the_first_grade_may_be_the_best_on_any_day_of_the_month() -> None:
    book = Customer()
    book.registered("2020-01-01", segment="dealer", opened_on=day("2020-01-01"))
    book.visited("2024-08-01")
    for name, on in (("A", "2024-01-05"), ("B", "2024-08-05"), ("C", "2024-08-06")):
        book.invoice(name, "1000.00", on, due="2024-09-09")
        book.pays(f"P{name}", "1000.00", "2024-09-09", for_={name: "1000.00"})
    grade = walked(book, "2024-09-30", "2024-09-01")

    assert (grade("2024-09-09"), grade("2024-09-10")) == (None, "A")


def test_the_first_grade_may_be_the_worst(book: Customer) -> None:
    told(book, WORST, "2024-02-13", "2026-01-01")
    grade = walked(book, "2024-02-29", "2024-01-01")

    assert (grade("2024-02-12"), grade("2024-02-13")) == (None, "D")


@covers("G-22")
@pytest.mark.parametrize(("kind", "grade"), [(SECOND, "B"), (THIRD, "C"), (WORST, "D")])
def test_a_grade_falls_at_once_by_any_number_of_steps(book: Customer, kind: str, grade: str) -> None:
    told(book, kind, "2025-02-11", "2025-02-20")
    seen = walked(book, "2025-02-19")

    assert (seen("2025-02-10"), seen("2025-02-11")) == ("A", grade)


# --- rises


@covers("G-23")
def test_a_grade_rises_on_the_first_of_a_month_only() -> None:
    book = Customer()
    book.registered("2020-01-01", segment="dealer", opened_on=day("2020-01-01"))
    book.visited("2024-12-01")
    book.months("2024-07-11", 12)
    grade = walked(book, "2025-02-01", "2024-12-01")

    assert (grade("2025-01-10"), grade("2025-01-11"), grade("2025-01-31"), grade("2025-02-01")) == ("B", "B", "B", "A")
    assert grade.standing("2025-01-11").underlying == "A"
    assert grade.standing("2025-01-11").held == ("RISE_AT_REVIEW_ONLY",)


@covers("G-23")
@pytest.mark.parametrize(("fell", "rose"), [("2025-03-03", "2025-06-01"), ("2025-03-04", "2025-07-01")])
def test_a_grade_does_not_rise_within_90_days_of_a_fall(book: Customer, fell: str, rose: str) -> None:
    told(book, SECOND, fell, "2025-03-10")
    grade = walked(book, "2025-07-31")
    rises = [on for on, standing in grade.path if standing.grade == "A" and on > day(fell).toordinal()]

    assert date.fromordinal(rises[0]) == day(rose)
    assert "RISE_COOLDOWN" in grade.standing("2025-05-01").held


@covers("G-23")
def test_a_grade_rises_one_step_a_month(book: Customer) -> None:
    told(book, THIRD, "2025-03-03", "2025-03-10")
    grade = walked(book)

    assert [grade(f"2025-{month:02}-01") for month in (3, 4, 5, 6, 7, 8)] == ["A", "C", "C", "B", "A", "A"]
    assert grade("2025-06-30") == "B"


def test_a_second_fall_starts_the_90_days_again(book: Customer) -> None:
    told(book, SECOND, "2025-03-03", "2025-03-10")
    told(book, THIRD, "2025-05-20", "2025-05-25")
    grade = walked(book)

    assert [grade(f"2025-{month:02}-01") for month in (6, 7, 8, 9, 10)] == ["C", "C", "C", "B", "A"]


@covers("G-23")
def test_the_worst_grade_is_left_only_after_six_clean_months_and_an_approved_review(book: Customer) -> None:
    told(book, WORST, "2025-03-10", "2025-03-20")
    grade = walked(book)
    assert {grade(f"2025-{month:02}-01") for month in range(4, 12)} == {"D"}
    assert grade.standing("2025-10-01").held == ("RISE_NEEDS_APPROVAL",)
    assert "RISE_NOT_CLEAN" in grade.standing("2025-09-01").held

    book.reviewed("V", "2025-09-25", "approved")
    grade = walked(book)

    assert [grade(f"2025-{month:02}-01") for month in (9, 10, 11)] == ["D", "C", "B"]


@pytest.mark.parametrize(
    ("on", "outcome"), [("2025-03-05", "approved"), ("2025-03-22", "approved"), ("2025-09-25", "refused")]
)
def test_a_review_before_the_fall_or_before_the_clean_months_or_one_that_refuses_opens_nothing(
    book: Customer, on: str, outcome: str
) -> None:
    told(book, WORST, "2025-03-10", "2025-03-20")
    book.reviewed("V", on, outcome)

    assert walked(book)("2025-11-30") == "D"


def test_a_day_without_a_rate_does_not_free_the_worst_grade(book: Customer) -> None:
    told(book, WORST, "2025-03-10", "2025-03-20")
    book.invoice("X", "10.00", "2025-05-06", currency="USD")
    book.rates("2025-05-07", CNY="1", USD="7.2")
    grade = walked(book)

    assert (grade("2025-05-05"), grade("2025-05-06"), grade("2025-05-07")) == ("D", None, "D")


# --- guards


@covers("G-24")
def test_the_best_grade_needs_twelve_months_of_relation() -> None:
    book = Customer()
    book.registered("2024-07-03", segment="dealer")
    book.visited("2024-12-01")
    book.months("2024-07-03", 15)
    grade = walked(book, "2025-08-01")

    assert (grade("2025-02-01"), grade("2025-07-02"), grade("2025-07-03"), grade("2025-08-01")) == ("B", "B", "B", "A")
    assert (grade.standing("2025-07-02").underlying, grade.standing("2025-07-03").underlying) == ("B", "A")


def test_a_default_stands_for_three_months_after_its_last_trigger(book: Customer) -> None:
    told(book, "insolvency", "2025-03-10", "2025-03-20")
    grade = walked(book, "2025-06-30")

    assert grade.standing("2025-06-18").underlying == "D"
    assert grade.standing("2025-06-19").underlying == "A"


@pytest.mark.parametrize(("amount", "defaults"), [("5000.00", False), ("5000.01", True)])
def test_an_item_above_5000_is_a_default_from_the_90th_day_past_due_on(
    book: Customer, amount: str, defaults: bool
) -> None:
    book.invoice("L", amount, "2025-01-02", due="2025-02-03")
    grade = walked(book, "2025-05-04", "2025-05-01")

    assert grade.standing("2025-05-03").default_on == 0
    assert bool(grade.standing("2025-05-04").default_on) == defaults


def test_an_item_in_dispute_is_no_default(book: Customer) -> None:
    book.invoice("L", "8000.00", "2025-01-02", due="2025-02-03")
    book.disputes("X", "L", "8000.00", "2025-04-10")

    assert walked(book, "2025-05-10", "2025-05-01").standing("2025-05-10").default_on == 0


# --- no day on which something changes is skipped


@pytest.mark.parametrize(
    ("fact", "on", "data"),
    [
        ("customer.merged", "2025-03-17", {"into": "C2"}),
        ("customer.updated", "2025-03-17", {"segment": "shop"}),
        ("measure.reported", "2025-03-17", {"name": "rival_goods", "value": "equal", "period_end": date(2025, 3, 17)}),
        ("signal.reported", "2025-03-17", {"signal_id": "G", "kind": WORST, "on": date(2025, 3, 17)}),
        ("conduct.reported", "2025-03-17", {"conduct_id": "K", "kind": "fraud", "found_on": date(2025, 3, 17)}),
    ],
)
def test_a_change_is_seen_on_its_day_when_the_path_is_computed_at_once(
    book: Customer, fact: str, on: str, data: dict[str, Any]
) -> None:
    book.tell(fact, day(on), **data)

    assert at_once(book) == walked(book).path


@pytest.mark.parametrize("on", ["2025-05-08", "2025-05-14", "2025-05-22"])
def test_a_new_rate_is_seen_on_its_day_when_the_path_is_computed_at_once(book: Customer, on: str) -> None:
    book.invoice("X", "10.00", "2025-05-06", currency="USD", due="2025-12-01")
    book.rates(on, CNY="1", USD="7.2")

    assert at_once(book) == walked(book).path


def test_a_segment_told_late_gives_the_same_path_live_and_at_once() -> None:
    book = Customer()
    book.months("2024-01-03", 12)
    desk = Desk(book, opened="2024-01-03")
    book.tell("customer.updated", day("2024-08-14"), segment="dealer")
    desk.decides("2024-08-14")

    assert desk.state.path == at_once(book, "2024-08-14")
