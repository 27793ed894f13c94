"""What is said and when: driven as the machine drives it, a decision a day, every decision folded back."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random

import pytest

from services.rating.core.path import at
from shared.core.events.rating import (
    DecisionCorrected,
    GradeChanged,
    ReviewDue,
    WarningCleared,
    WarningDecision,
    WarningRaised,
    WarningWithdrawn,
)
from shared.core.policy.evaluate import evaluate
from shared.edge.policy_values import read_measures
from tests.support.covers import covers
from tests.support.customer import RULES, Customer, Desk, day
from tests.support.histories import START

WORST, THIRD, SECOND = "dishonest_debtor", "enforcement", "abnormal_operation"
"""Signals after which RM-22 gives D, at best C, and at best B."""


@pytest.fixture
def book() -> Customer:
    """A dealer since 2024 who pays to the day, of grade A from early 2025 on, with a last invoice due on 2025-03-31."""
    book = Customer()
    book.registered("2024-01-01", segment="dealer", region="CN-31")
    book.months("2024-01-03", 13)
    for on in ("2024-01-03", "2024-12-20"):
        book.visited(on)
    book.invoice("L", "9000.00", "2025-02-28", due="2025-03-31")
    return book


@pytest.fixture
def desk(book: Customer) -> Desk:
    """Open since 2025-03-01; everything before came in at once."""
    return Desk(book, opened="2025-03-01")


def lift(book: Customer, id: str, on: str) -> None:
    book.tell("signal.lifted", day(on), signal_id=id, lifted_on=day(on))


def moves(desk: Desk) -> list[tuple[str, str | None, str | None, str]]:
    """(day, from, to, direction) of every published grade change."""
    return [(str(d.as_of), d.from_, d.to, d.direction) for d in desk.said(GradeChanged, published=True)]


def warned(desk: Desk, rule: str) -> list[tuple[str, str, str]]:
    """(day, what, severity) of every warning of *rule*."""
    words: dict[type, str] = {WarningRaised: "raised", WarningCleared: "cleared", WarningWithdrawn: "withdrawn"}
    said = [d.data for _, d in desk.log if isinstance(d.data, WarningDecision) and d.data.rule == rule]
    return [(str(w.as_of), words[type(w)], w.severity) for w in said]


# --- grade changes


@covers("G-28")
def test_an_imported_history_says_only_where_it_ends(desk: Desk) -> None:
    assert moves(desk) == [("2025-03-01", None, "A", "first")]
    assert desk.said(WarningRaised) == desk.said(DecisionCorrected) == []
    assert len(desk.state.path) > 3


def test_deciding_again_with_nothing_new_says_nothing(desk: Desk) -> None:
    assert desk.decides("2025-03-01") == []
    assert desk.lives("2025-03-31") == []


def test_a_grade_change_is_published_exactly_when_the_effective_grade_changes(book: Customer, desk: Desk) -> None:
    book.signals("G", THIRD, "2025-03-05")
    lift(book, "G", "2025-03-12")
    book.pays("PL", "9000.00", "2025-03-31", for_={"L": "9000.00"})
    desk.lives("2025-08-15")

    assert moves(desk)[1:] == [
        ("2025-03-05", "A", "C", "down"), ("2025-07-01", "C", "B", "up"), ("2025-08-01", "B", "A", "up"),
    ]  # fmt: skip
    lived = {day("2025-03-01") + timedelta(days=n) for n in range(167)}
    changed = [on for on in sorted(lived) if grade(desk, on) != grade(desk, on - timedelta(days=1))]
    assert [str(on) for on in changed] == [on for on, *_ in moves(desk)[1:]]
    assert [d.cause for d in desk.said(GradeChanged, published=True)][2:] == ["review", "review"]


def grade(desk: Desk, on: object) -> str | None:
    found = at(desk.state.path, day(str(on)).toordinal())
    return found.grade if found else None


def test_a_change_of_the_underlying_grade_alone_is_recorded_and_not_published(book: Customer, desk: Desk) -> None:
    book.signals("G", SECOND, "2025-03-05")
    lift(book, "G", "2025-03-12")
    desk.lives("2025-03-20")

    recorded = desk.said(GradeChanged, published=False)
    assert [(str(d.as_of), d.from_, d.to, d.underlying) for d in recorded] == [("2025-03-12", "B", "B", "A")]
    assert recorded[0].reasons[-2:] == ("RISE_AT_REVIEW_ONLY", "RISE_COOLDOWN")


def test_a_merged_customer_loses_its_grade_and_says_why(book: Customer, desk: Desk) -> None:
    book.tell("customer.merged", day("2025-03-05"), into="C2")
    desk.lives("2025-03-10")

    assert moves(desk)[1:] == [("2025-03-05", "A", None, "lost")]
    assert desk.said(GradeChanged)[-1].refusal == "MERGED"


def test_a_merged_customer_says_so_once_and_warns_no_more(book: Customer, desk: Desk) -> None:
    book.invoice("LATE", "50000.00", "2025-03-02", due="2025-03-03")
    desk.decides("2025-04-20")
    assert warned(desk, "MN-02")
    book.tell("customer.merged", day("2025-04-21"), into="C2")
    desk.decides("2025-04-21")
    said = len(desk.log)

    for number, on in enumerate(("2025-04-21", "2025-04-22", "2025-05-30")):
        book.reports("register_check", str(number), on)
        assert desk.decides(on) == []
    assert len(desk.log) == said
    assert not desk.state.lived.alarms


@covers("MN-28")
def test_a_review_falls_due_once(book: Customer, desk: Desk) -> None:
    book.signals("G", SECOND, "2025-03-05")
    book.pays("PL", "9000.00", "2025-03-31", for_={"L": "9000.00"})
    desk.lives("2025-09-20")

    assert [(str(d.as_of), str(d.due_on)) for d in desk.said(ReviewDue)] == [("2025-09-05", "2025-09-05")]


# --- late facts


def test_a_late_fact_that_leaves_todays_grade_alone_changes_nothing_said(book: Customer, desk: Desk) -> None:
    desk.lives("2025-03-10")
    book.signals("G", SECOND, "2024-07-05")
    lift(book, "G", "2024-07-20")

    assert desk.decides("2025-03-10") == []
    assert grade(desk, "2024-07-10") == "B"


def test_a_correction_names_exactly_the_lived_decisions_that_would_have_been_different_once(
    book: Customer, desk: Desk
) -> None:
    book.signals("G", SECOND, "2025-03-10")
    desk.lives("2025-03-20")
    book.signals("H", THIRD, "2025-03-05")
    desk.decides("2025-03-20")

    corrected = desk.said(DecisionCorrected)
    name = next(name for name, d in desk.log if isinstance(d.data, GradeChanged) and d.data.to == "B")
    assert [(one.id, str(one.as_of), one.was, one.would_be) for one in corrected[0].decisions] == [
        (name, "2025-03-10", "B", "C")
    ]
    assert (str(corrected[0].from_), corrected[0].fact.type) == ("2025-03-05", "credit.signal.reported.v1")
    assert moves(desk)[-1] == ("2025-03-20", "B", "C", "down")
    book.tell("dunning.sent", day("2025-03-04"), dunning_id="N", sent_on=day("2025-03-04"))
    desk.lives("2025-03-25")
    assert len(desk.said(DecisionCorrected)) == 1


def test_a_correction_of_a_correction_says_that_the_decision_was_right_after_all(book: Customer, desk: Desk) -> None:
    book.signals("G", SECOND, "2025-03-10")
    desk.lives("2025-03-20")
    book.signals("H", THIRD, "2025-03-05")
    desk.decides("2025-03-20")
    lift(book, "H", "2025-03-05")
    desk.decides("2025-03-21")

    assert [[one.would_be for one in c.decisions if str(one.as_of) == "2025-03-10"]
            for c in desk.said(DecisionCorrected)] == [["C"], ["B"]]  # fmt: skip
    assert moves(desk)[-1] == ("2025-03-21", "C", "B", "up")


def test_a_decision_taken_back_on_its_own_day_is_not_named_by_a_later_correction(book: Customer, desk: Desk) -> None:
    book.signals("G", THIRD, "2025-03-10")
    desk.decides("2025-03-10")
    lift(book, "G", "2025-03-10")
    desk.decides("2025-03-10")
    assert [to for _, _, to, _ in moves(desk)] == ["A", "C", "A"]
    desk.lives("2025-03-20")
    book.tell("dunning.sent", day("2025-03-04"), dunning_id="N", sent_on=day("2025-03-04"))
    desk.decides("2025-03-20")

    assert desk.said(DecisionCorrected) == []


def test_late_knowledge_is_never_punished(book: Customer, desk: Desk) -> None:
    desk.lives("2025-04-12")
    assert grade(desk, "2025-04-12") == "D"
    book.pays("PL", "9000.00", "2025-03-31", for_={"L": "9000.00"})
    desk.decides("2025-04-12")

    assert moves(desk)[-1] == ("2025-04-12", "D", "A", "up")
    wrong = [(as_of, to, "A") for as_of, _, to, _ in moves(desk)[1:-1]]
    assert wrong == [("2025-04-01", "C", "A"), ("2025-04-10", "D", "A")]
    restated = desk.said(DecisionCorrected)[0].decisions
    assert [(str(one.as_of), one.was, one.would_be) for one in restated] == wrong


# --- warnings


@covers("MN-02")
def test_a_late_payment_is_warned_of_more_and_more_severely_under_one_id(book: Customer, desk: Desk) -> None:
    desk.lives("2025-04-15")

    assert warned(desk, "MN-02") == [
        ("2025-04-01", "raised", "info"), ("2025-04-05", "raised", "warning"), ("2025-04-10", "raised", "critical"),
    ]  # fmt: skip
    assert {w.warning_id for w in desk.said(WarningRaised) if w.rule == "MN-02"} == {"MN-02/2025-04-01"}


@covers("AL-07")
def test_what_is_overdue_is_told_in_three_steps_and_is_over_on_the_day_of_payment(book: Customer, desk: Desk) -> None:
    desk.lives("2025-04-11")
    book.pays("PL", "9000.00", "2025-04-12", for_={"L": "9000.00"})
    desk.lives("2025-04-14")
    book.invoice("M", "5000.00", "2025-03-14", due="2025-04-14")
    desk.lives("2025-04-16")

    assert warned(desk, "AL-07") == [
        ("2025-04-01", "raised", "info"), ("2025-04-05", "raised", "warning"), ("2025-04-10", "raised", "critical"),
        ("2025-04-12", "cleared", "critical"), ("2025-04-15", "raised", "info"),
    ]  # fmt: skip
    first, *_, last = (w for w in desk.said(WarningRaised) if w.rule == "AL-07")
    assert first.figures == {"overdue_days": "1", "overdue_amount": "9000.00", "currency": "CNY"}
    assert (last.warning_id, last.figures["overdue_amount"]) == ("AL-07/2025-04-15", "5000.00")


@covers("AL-07")
def test_once_a_day_an_overdue_amount_that_changed_is_said_again(book: Customer, desk: Desk) -> None:
    desk.lives("2025-04-11")
    for number in (1, 2):
        book.pays(f"P{number}", "1000.00", "2025-04-12", for_={"L": "1000.00"})
        desk.lives("2025-04-12")
    book.pays("P3", "500.00", "2025-04-14", for_={"L": "500.00"})
    desk.lives("2025-04-15")

    said = [(f"{one.as_of}", one.figures["overdue_amount"]) for one in desk.said(WarningRaised) if one.rule == "AL-07"]
    assert said == [
        ("2025-04-01", "9000.00"), ("2025-04-05", "9000.00"), ("2025-04-10", "9000.00"), ("2025-04-12", "8000.00"),
        ("2025-04-13", "7000.00"), ("2025-04-14", "6500.00"),
    ]  # fmt: skip


@covers("AL-06")
def test_a_contract_that_ends_is_told_60_30_and_7_days_before_until_it_is_prolonged(book: Customer) -> None:
    book.tell("contract.signed", day("2024-06-01"), contract_id="K1", valid_to="2025-05-31")
    book.tell("contract.signed", day("2024-06-01"), contract_id="K2", valid_to="2027-05-31")
    desk = Desk(book, opened="2025-03-01")
    desk.lives("2025-05-26")
    book.tell("contract.amended", day("2025-05-27"), contract_id="K1", valid_to="2025-07-01")
    desk.lives("2025-07-03")

    assert warned(desk, "AL-06") == [
        ("2025-04-01", "raised", "info"), ("2025-05-01", "raised", "warning"), ("2025-05-24", "raised", "critical"),
        ("2025-05-27", "raised", "info"), ("2025-06-01", "raised", "warning"), ("2025-06-24", "raised", "critical"),
        ("2025-07-02", "cleared", "critical"),
    ]  # fmt: skip


@covers("AL-06")
def test_the_days_before_the_end_of_a_contract_are_looked_at_though_nothing_happens(book: Customer) -> None:
    book.pays("PL", "9000.00", "2025-03-31", for_={"L": "9000.00"})
    book.tell("contract.signed", day("2024-06-01"), contract_id="K1", valid_to="2025-09-19")
    seen = [Desk(book, opened="2025-04-02"), Desk(book, opened="2025-04-02")]
    seen[0].lives("2025-09-25")
    seen[1].decides("2025-09-25", "day")

    daily, at_once = ([step for step in one.state.path if step[0] > day("2025-04-02").toordinal()] for one in seen)
    assert at_once == daily


@covers("AL-15")
def test_each_complaint_is_told_at_once_the_fourth_and_one_in_place_of_another_too(book: Customer, desk: Desk) -> None:
    for name, on in (("K1", "03"), ("K2", "05"), ("K3", "06"), ("K4", "07"), ("K5", "09")):
        found = day(f"2025-03-{on}")
        book.tell("conduct.reported", found, conduct_id=name, kind="complaint", found_on=found, severity="minor")
    for name, on in (("K1", "09"), ("K2", "10"), ("K3", "10"), ("K4", "10"), ("K5", "11")):
        settled = day(f"2025-03-{on}")
        book.tell("conduct.closed", settled, conduct_id=name, closed_on=settled, outcome="settled")
    desk.lives("2025-03-12")

    assert warned(desk, "AL-15") == [
        ("2025-03-03", "raised", "info"), ("2025-03-05", "raised", "warning"), ("2025-03-06", "raised", "critical"),
        ("2025-03-07", "raised", "critical"), ("2025-03-09", "raised", "critical"), ("2025-03-10", "raised", "info"),
        ("2025-03-11", "cleared", "info"),
    ]  # fmt: skip
    raised = [one for one in desk.said(WarningRaised) if one.rule == "AL-15"]
    assert [one.figures["complaints"] for one in raised] == ["1", "2", "3", "4", "5", "5"]
    assert {one.warning_id for one in raised} == {"AL-15/2025-03-03"}


@covers("AL-10")
def test_a_suspicion_of_theft_or_fraud_stands_until_it_is_closed_proven_or_not(book: Customer, desk: Desk) -> None:
    for name, kind, found in (("F1", "theft", day("2025-03-03")), ("F2", "fraud", day("2025-03-05"))):
        book.tell("conduct.reported", found, conduct_id=name, kind=kind, found_on=found)
    for name, closed in (("F1", day("2025-03-08")), ("F2", day("2025-03-10"))):
        book.tell("conduct.closed", closed, conduct_id=name, closed_on=closed, outcome="unfounded")
    desk.lives("2025-03-12")

    assert warned(desk, "AL-10") == [
        ("2025-03-03", "raised", "warning"), ("2025-03-05", "raised", "critical"), ("2025-03-08", "raised", "warning"),
        ("2025-03-10", "cleared", "warning"),
    ]  # fmt: skip


def test_a_warning_clears_when_its_window_has_passed(book: Customer, desk: Desk) -> None:
    book.pays("PL", "9000.00", "2025-04-02", for_={"L": "9000.00"})
    desk.lives("2025-07-05")

    assert warned(desk, "MN-02") == [("2025-04-01", "raised", "info"), ("2025-07-01", "cleared", "info")]


def test_a_warning_is_withdrawn_when_a_late_fact_shows_that_its_cause_never_was(book: Customer, desk: Desk) -> None:
    desk.lives("2025-04-03")
    book.pays("PL", "9000.00", "2025-03-31", for_={"L": "9000.00"})
    desk.decides("2025-04-03")

    assert warned(desk, "MN-02") == [("2025-04-01", "raised", "info"), ("2025-04-03", "withdrawn", "info")]
    assert warned(desk, "MN-01")[-1][1] == "withdrawn"


def test_a_payment_reversed_as_an_error_brings_the_warning_at_once(book: Customer, desk: Desk) -> None:
    book.pays("PL", "9000.00", "2025-03-31", for_={"L": "9000.00"})
    book.reverses("PL", "2025-04-20")
    desk.lives("2025-04-21")

    assert warned(desk, "MN-02") == [("2025-04-20", "raised", "critical")]


def test_of_two_contradictions_one_data_warning_stands(book: Customer, desk: Desk) -> None:
    for name in ("M1", "M2"):
        book.invoice(name, "77.00", "2024-06-01")
        desk.decides("2025-03-02")
        assert desk.decides("2025-03-02") == []

    said = [d.data for _, d in desk.log if isinstance(d.data, WarningDecision) and d.data.rule == "DQ-01"]
    raised = {d.warning_id for d in said if isinstance(d, WarningRaised)}
    ended = {d.warning_id for d in said if not isinstance(d, WarningRaised)}
    assert [d.figures["contradictions"] for d in said if isinstance(d, WarningRaised)] == ["1", "2"]
    assert len(raised - ended) == 1


# --- what is recorded is enough


@pytest.mark.parametrize("seed", range(6))
def test_the_measures_of_a_decision_give_its_underlying_grade_again(seed: int) -> None:
    random = Random(seed)
    book = Customer()
    if seed % 2:
        book.registered("2024-01-01", segment="dealer")
        book.visited("2024-01-08", "ours_main")
        book.reports("rival_goods_share", "0.5", "2024-09-08")
    for number in range(14):
        on = day("2024-01-03") + timedelta(days=25 * number)
        book.months(
            on, 1, amount=f"{random.randint(500, 9000)}.10", late=random.choice([0, 0, 0, -9, 2, 6]), start=number
        )
    desk = Desk(book, opened="2024-04-10")
    for week in range(40):
        if week in {10, 20}:
            book.signals(f"G{week}", random.choice([SECOND, THIRD, "lawsuit"]), desk.today or START, amount="9.00")
        desk.decides(day("2024-04-10") + timedelta(days=9 * week))
    said = [d for d in desk.said(GradeChanged) if d.policy.id != "none"]

    assert said
    for decision in said:
        policy = next(p for p in RULES.books[decision.method].versions if p.sha256 == decision.policy.sha256)
        again = evaluate(policy, read_measures(json.dumps(decision.measures), policy))
        assert (again.grade, again.score, again.refusal) == (decision.underlying, decision.score, decision.refusal)
