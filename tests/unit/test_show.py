"""What is shown of one customer on one day is what the facts up to that day say, and it adds up."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import msgspec
import pytest

from services.rating.core.announce import text
from services.rating.core.measures.catalogue import CATALOGUE
from services.rating.core.show import show
from shared.core.envelope import Event
from shared.core.events.rating import GradeChanged
from shared.core.policy.evaluate import evaluate
from shared.edge.policy_values import read_measures
from tests.support.covers import covers
from tests.support.customer import BRAIN, RULES, Customer, Desk, day
from tests.support.histories import START, history

covers("DP-14")


@pytest.fixture
def book() -> Customer:
    book = Customer()
    book.registered("2024-01-01", segment="dealer", region="CN-31")
    book.months("2024-01-03", 13)
    book.visited("2024-12-20", "ours_main")
    book.invoice("L", "9000.00", "2025-02-28", due="2025-03-31")
    return book


def known(events: list[Event], on: date) -> list[Event]:
    return [event for event in events if event.business_date <= on]


# --- time travel


@pytest.mark.parametrize("seed", range(6))
def test_a_view_of_a_past_day_equals_a_fold_of_the_facts_up_to_that_day(seed: int) -> None:
    book = Customer()
    book.events += history(seed, documents=12, days=200)
    random = Random(seed)
    for _ in range(2):
        on = START + timedelta(days=random.randint(20, 260))

        assert book.view(on) == book.view(on, known(book.events, on))


def test_terms_told_later_do_not_show_before_they_were_told() -> None:
    book = Customer()
    book.invoice("I", "100.00", "2025-03-03")
    book.tell("transaction.terms-changed", day("2025-04-10"), transaction_id="I", due_on=day("2025-05-31"))

    assert [book.view(on).items[0].due_derived for on in ("2025-04-09", "2025-04-10")] == [True, False]


def test_an_industry_told_later_does_not_show_before_it_was_told(book: Customer) -> None:
    book.tell("customer.updated", day("2025-03-05"), industry="R-1")

    assert [book.view(on).measures["industry"] for on in ("2025-03-04", "2025-03-05")] == [None, "R-1"]


def test_before_the_first_fact_nothing_is_shown(book: Customer) -> None:
    view = book.view("2023-12-31")

    assert (view.ratings, view.history, view.items, view.warnings) == ((), (), (), ())
    assert view.measures["receivable_balance"] == "0.00"


def test_what_is_shown_live_equals_what_is_shown_from_scratch(book: Customer) -> None:
    desk = Desk(book, opened="2025-03-01")
    desk.lives("2025-04-20")
    view = book.view("2025-04-20")
    standing = desk.standing("2025-04-20")

    assert view.ratings[0].grade == standing.grade
    assert view.ratings[0].since == date.fromordinal(standing.since)
    assert {w.rule: w.severity for w in view.warnings} == {
        w.rule: w.level.name.lower() for w in standing.watches if w.level
    }


# --- it adds up


@pytest.mark.parametrize("seed", range(6))
def test_open_items_add_up_to_the_balance_the_overdue_amount_and_every_bucket(seed: int) -> None:
    book = Customer()
    book.events += history(seed, documents=25, days=120)
    for on in (START + timedelta(days=days) for days in (60, 180)):
        view = book.view(on)

        assert added(view.items, "open_amount") == Decimal(str(view.measures["receivable_balance"]))
        assert added(view.items, "disputed_amount") == Decimal(str(view.measures["disputed_amount"]))
        assert added(view.items, "open_amount", lambda i: i.days_past_due > 0) == Decimal(
            str(view.measures["overdue_amount"])
        )
        ageing = view.measures["ageing"]
        assert isinstance(ageing, dict)
        for bucket, amount in ageing.items():
            assert added(view.items, "open_amount", lambda i, bucket=bucket: i.bucket == bucket) == Decimal(amount)
        assert max((i.days_past_due for i in view.items), default=0) == view.measures["max_days_past_due"]


def added(items: tuple[object, ...], field: str, wanted: Callable[..., bool] = lambda _: True) -> Decimal:
    return sum((Decimal(getattr(item, field)) for item in items if wanted(item)), Decimal(0))


def test_an_instalment_is_an_item_of_its_own_with_what_is_left_of_it(book: Customer) -> None:
    schedule = [
        {"seq": 1, "kind": "instalment", "amount": "60.00", "due_on": "2025-03-31"},
        {"seq": 2, "kind": "retention", "amount": "40.00", "due_on": "2026-03-31"},
    ]
    book.invoice("S", "100.00", "2025-03-03", schedule=schedule)
    book.pays("PS", "75.00", "2025-04-02", for_={"S": "75.00"})
    items = {on: [(str(i.due_on), i.open_amount) for i in book.view(on).items if i.transaction_id == "S"]
             for on in ("2025-04-01", "2025-04-02")}  # fmt: skip

    assert items == {
        "2025-04-01": [("2025-03-31", "60.00"), ("2026-03-31", "40.00")],
        "2025-04-02": [("2026-03-31", "25.00")],
    }


def test_every_measure_of_the_catalogue_is_shown_and_none_as_a_float(book: Customer) -> None:
    shown = book.view("2025-04-20").measures
    names = {
        name.rsplit("_", 1)[0] if name.rsplit("_", 1)[-1] in {"90d", "3m", "12m", "24m"} else name for name in shown
    }

    assert names == {measure.name for measure in CATALOGUE.values() if measure.shown != ()}
    assert not [name for name, value in shown.items() if isinstance(value, float | Decimal)]


# --- why


def test_the_explanation_shows_the_lines_on_which_the_grade_stands(book: Customer) -> None:
    view = book.view("2025-04-04")
    explanation = view.explanations[0]
    policy = RULES.books["rm-22"].versions[0]
    again = evaluate(policy, read_measures(json.dumps(explanation.measures), policy))

    assert [line.characteristic for line in explanation.lines] == [
        "net_collection_rate",
        "worst_days_late",
        "rival_goods",
    ]
    assert {line.characteristic: line.letter for line in explanation.lines} == view.ratings[0].parts == again.parts
    assert explanation.lines[1].value == "4"
    assert (explanation.grade, explanation.underlying) == (view.ratings[0].grade, again.grade)
    assert explanation.reasons == again.reasons
    assert explanation.policy.sha256 == again.sha256


def test_the_explanation_says_what_holds_the_grade_down(book: Customer) -> None:
    book.signals("G", "abnormal_operation", "2025-03-05")
    book.tell("signal.lifted", day("2025-03-12"), signal_id="G", lifted_on=day("2025-03-12"))
    explanation = book.view("2025-03-20").explanations[0]

    assert (explanation.grade, explanation.underlying) == ("B", "A")
    assert explanation.movement == ("RISE_AT_REVIEW_ONLY", "RISE_COOLDOWN")


def test_the_history_is_unbroken_and_ends_in_the_grade_shown(book: Customer) -> None:
    view = book.view("2025-04-20")

    for one, other in zip(view.history, view.history[1:], strict=False):
        assert one.until is not None
        assert other.since - one.until == timedelta(days=1)
        assert (one.grade, one.refusal, one.method) != (other.grade, other.refusal, other.method)
    last = view.history[-1]
    assert (last.until, last.grade, last.since) == (None, view.ratings[0].grade, view.ratings[0].since)


def test_a_decision_that_was_taken_on_its_day_is_shown_as_lived(book: Customer) -> None:
    desk = Desk(book, opened="2025-03-01")
    desk.lives("2025-04-20")
    state = BRAIN.load(BRAIN.dump(desk.state))
    steps = show(state, day("2025-04-20").toordinal(), 0, BRAIN.engine(book.context), desk.told).history

    assert {str(step.since): step.lived for step in steps if step.since >= day("2025-03-02")}
    assert all(step.lived == (step.since >= day("2025-03-01")) for step in steps)
    for step in steps:
        assert (step.cause is not None) == step.lived
    (opening,) = [step for step in steps if step.since == day("2025-04-01")]
    assert opening.cause == "day"


def test_a_run_that_was_lived_shows_cause_and_score_of_the_decision_that_began_it_and_a_restated_one_neither() -> None:
    book = Customer()
    book.registered("2024-01-01")
    book.months("2024-01-03", 13)
    book.invoice("L", "9000.00", "2025-02-28", due="2025-03-31")
    desk = Desk(book, opened="2025-03-01")
    desk.lives("2025-06-20")
    decisions = {one.as_of: one for one in desk.said(GradeChanged)}
    steps = show(desk.state, day("2025-06-20").toordinal(), 0, BRAIN.engine(book.context), desk.told).history
    lived = [step for step in steps if step.lived]

    assert len(lived) >= 2
    assert [(step.cause, step.score) for step in lived] == [
        (decisions[step.since].cause, text(decisions[step.since].score)) for step in lived
    ]
    assert any(step.score for step in lived)
    assert {(step.cause, step.score) for step in steps if not step.lived} == {(None, None)}


def test_an_open_item_shows_the_number_on_its_paper_and_who_sold(book: Customer) -> None:
    named = {"document_no": "DN-7", "company": "CN01"}
    book.invoice("N", "5.00", "2025-03-03", **named)
    again = book.invoice("N", "5.00", "2025-03-03", document_no="DN-8")
    items = {item.transaction_id: (item.document_no, item.company) for item in book.view("2025-03-05").items}
    turned = {item.transaction_id: (item.document_no, item.company)
              for item in book.view("2025-03-05", [again, *(e for e in book.events if e != again)]).items}  # fmt: skip

    assert items["N"] == ("DN-7", "CN01")
    assert items["L"] == (None, None)
    assert turned == items


def test_facts_that_contradict_each_other_are_shown_as_a_warning(book: Customer) -> None:
    book.invoice("L", "77.00", "2025-03-01")

    assert "DQ-01" in {warning.rule for warning in book.view("2025-03-02").warnings}


def test_a_view_is_plain_json(book: Customer) -> None:
    assert msgspec.json.decode(msgspec.json.encode(book.view("2025-04-20")))["as_of"] == "2025-04-20"
