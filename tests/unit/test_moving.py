"""What a file may say of movement beyond the shipped rules: slow falls, rarer reviews, ways up, approvals of rises."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.rating.core.brain import RatingBrain
from services.rating.core.path import Path, at, walk
from services.rating.core.standing import Standing
from shared.core.customer.state import Setting
from shared.core.policy.methods import Methods
from shared.core.policy.movement import Approval, Fall
from shared.core.policy.policy import Book, sealed
from shared.core.policy.rulebook import Rulebook
from tests.support.customer import RULES, Customer, Day, day
from tests.support.dealer import SECOND, THIRD, WORST, dealer, told


def brain(rise: dict[str, Any] | None = None, **movement: Any) -> RatingBrain:
    """Rates dealers by RM-22 with another movement."""
    book = RULES.books["rm-22"]
    (policy,) = book.versions
    changed = msgspec.structs.replace(policy.movement, **movement)
    changed = msgspec.structs.replace(changed, rise=msgspec.structs.replace(changed.rise, **(rise or {})))
    other = Book("rm-22", (sealed(msgspec.structs.replace(policy, movement=changed)),))
    methods = Methods(RULES.methods.orders, {**RULES.methods.books, "rm-22": other})
    return RatingBrain(Rulebook(methods, RULES.warnings), Setting())


@pytest.fixture
def book() -> Customer:
    return dealer()


def late(book: Customer) -> None:
    """An invoice that is paid seven days late in February: C by the letters, from then on for a year."""
    book.invoice("L", "9000.00", "2025-01-10", due="2025-02-10")
    book.pays("PL", "9000.00", "2025-02-17", for_={"L": "9000.00"})


class Walked:
    """The path of a customer, walked every day, and equal to the path that skips days."""

    def __init__(self, brain: RatingBrain, book: Customer, until: Day = "2025-11-30") -> None:
        state = book.folded()
        engine, end = brain.engine(book.context), day(until).toordinal()
        self.path: Path = []
        walk(state, self.path, state.first, end, engine, daily=True)
        skipped: Path = []
        state = book.folded()
        walk(state, skipped, state.first, end, engine)
        assert skipped == self.path

    def standing(self, on: Day) -> Standing:
        found = at(self.path, day(on).toordinal())
        assert found is not None
        return found

    def __call__(self, on: Day) -> str | None:
        return self.standing(on).grade

    def months(self, first: int, last: int) -> str:
        """The grades on the first days of the months of 2025."""
        return "".join(str(self(f"2025-{month:02}-01")) for month in range(first, last + 1))


def test_a_fall_may_wait_for_the_review_but_not_what_a_cap_or_veto_demands(book: Customer) -> None:
    late(book)
    slow = brain(falls=Fall("quarterly_review", 1), fall="at_reviews")
    grade = Walked(slow, book, "2025-04-30")
    assert (grade("2025-02-16"), grade("2025-03-31"), grade("2025-04-01")) == ("A", "A", "B")
    assert grade.standing("2025-03-31").held == ("FALL_AT_REVIEW_ONLY",)
    assert Walked(brain(), book, "2025-04-30")("2025-02-18") == "C"
    told(book, WORST, "2025-03-05", "2026-01-01")
    assert Walked(slow, book, "2025-04-30")("2025-03-05") == "D"


def test_a_fall_at_a_review_goes_so_many_steps(book: Customer) -> None:
    late(book)
    book.tell("measure.reported", day("2025-02-12"), name="rival_goods", value="equal", period_end=day("2025-02-12"))
    one, two = (brain(falls=Fall("monthly_review", steps), fall="at_reviews") for steps in (1, 2))
    assert Walked(one, book, "2025-06-30").months(2, 5) == "ABCC"
    assert Walked(two, book, "2025-06-30").months(2, 5) == "ACCC"


def test_a_listed_fact_lets_it_fall_on_its_day(book: Customer) -> None:
    late(book)
    book.tell("conduct.reported", day("2025-02-20"), conduct_id="K", kind="complaint", found_on=day("2025-02-20"))
    waits = brain(falls=Fall("quarterly_review", 1), fall="at_reviews")
    hears = brain(falls=Fall("quarterly_review", 1, ("conduct",)), fall="at_reviews")
    assert (
        Walked(waits, book)("2025-02-20"),
        Walked(hears, book)("2025-02-19"),
        Walked(hears, book)("2025-02-20"),
    ) == (
        "A",
        "A",
        "B",
    )


@pytest.mark.parametrize(
    ("only_at", "grades"),
    [
        ("monthly_review", "CCBAAA"),
        ("quarterly_review", "CCCBBB"),
        ("half_yearly_review", "CCCBBB"),
        ("yearly_review", "CCCCCC"),
    ],
)
def test_a_grade_rises_at_its_reviews_only(book: Customer, only_at: str, grades: str) -> None:
    told(book, THIRD, "2025-03-03", "2025-03-10")
    assert Walked(brain({"only_at": only_at}), book).months(4, 9) == grades


def test_a_grade_may_rise_on_any_day_once_it_has_cooled(book: Customer) -> None:
    told(book, SECOND, "2025-03-03", "2025-03-10")
    grade = Walked(brain({"only_at": "any_day"}), book, "2025-07-31")
    assert (grade("2025-05-31"), grade("2025-06-01")) == ("B", "A")


def test_nothing_rises_at_the_review_that_is_named(book: Customer) -> None:
    told(book, THIRD, "2025-03-03", "2025-03-10")
    grade = Walked(brain({"never_at": "quarterly_review"}), book)
    assert grade.months(6, 9) == "BBAA"
    assert "RISE_NOT_AT_THIS_REVIEW" in grade.standing("2025-07-01").held


def test_a_grade_is_reached_only_from_where_it_may_be(book: Customer) -> None:
    told(book, THIRD, "2025-03-03", "2025-03-10")
    jump = {"max_steps": 3}
    assert Walked(brain(jump), book).months(5, 7) == "CAA"
    assert Walked(brain(jump | {"only_from": {"A": ("B",)}}), book).months(5, 8) == "CBAA"
    shut = Walked(brain(jump | {"only_from": {"A": ("D",), "B": ("D",)}}), book)
    assert shut.months(6, 11) == "CCCCCC"
    assert shut.standing("2025-07-01").held == ("RISE_NOT_FROM_HERE",)


def test_a_rise_waits_for_the_review_that_approves_it(book: Customer) -> None:
    told(book, THIRD, "2025-03-03", "2025-03-10")
    review = Approval("rise", ("risk_manager",), ("A",), "review")
    rules = brain(approvals=(review, Approval("override", ("finance",))))
    grade = Walked(rules, book)
    assert grade.months(5, 10) == "CBBBBB"
    assert grade.standing("2025-08-01").held == ("RISE_NEEDS_APPROVAL",)
    book.reviewed("V", "2025-08-20", "approved")
    assert Walked(rules, book).months(8, 10) == "BAA"


def test_an_approval_from_before_the_grade_began_opens_nothing(book: Customer) -> None:
    told(book, THIRD, "2025-03-03", "2025-03-10")
    book.reviewed("V", "2025-02-20", "approved")
    rules = brain(approvals=(Approval("rise", ("risk_manager",), through="review"),))
    assert Walked(rules, book).months(6, 11) == "CCCCCC"


def test_who_approves_is_told_in_order_without_repeating() -> None:
    approvals = (
        Approval("rise", ("sales", "risk_manager")),
        Approval("rise", ("risk_manager", "finance"), ("A",)),
        Approval("override", ("finance",), ("B",)),
    )
    movement = msgspec.structs.replace(RULES.books["rm-22"].versions[0].movement, approvals=approvals)
    assert movement.approvers("rise", "A") == ("sales", "risk_manager", "finance")
    assert movement.approvers("rise", "B") == ("sales", "risk_manager")
    assert (movement.approvers("override", "B"), movement.approvers("override", "A")) == (("finance",), ())
    assert movement.approvers("exception", "A") == ()
