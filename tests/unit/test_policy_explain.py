"""An explanation adds up, says why in both languages, and every way it names really leads there and is needed whole."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings

from gradeline.commands.policy import SHIPPED
from gradeline.shapes import SHAPES, load_template
from shared.core.policy.evaluate import evaluate
from shared.core.policy.explain import explain
from shared.core.policy.improve import Way, improvements, ways
from shared.core.policy.measure import Value
from shared.core.policy.policy import Policy, Title
from shared.core.policy.shaped import ShapedPlan
from shared.edge.policy_cases import load_cases
from shared.edge.policy_files import load_rules
from tests.support.values import values_of
from tests.unit.test_policy_check import run_with

BOOKS = dict(load_rules(SHIPPED).books) | {shape: load_template(shape) for shape in SHAPES}
CASES = {
    method: [case.values for case in load_cases(SHAPES.get(method, SHIPPED / method), book)]
    for method, book in BOOKS.items()
}


def policy_of(method: str) -> Policy:
    return BOOKS[method].versions[0]


def place(policy: Policy, grade: str | None) -> int:
    return len(policy.grades) - 1 if grade is None else policy.grades.index(grade)


def after(policy: Policy, values: dict[str, Value], way: Way, without: str | None = None) -> str | None:
    """The grade once the changes of *way* are made, all of them or all but one."""
    changed = {change.measure: change.needed for change in way.changes if change.measure != without}
    derived = {name: value for name, value in changed.items() if name in policy.derived}
    given_ = values | {name: value for name, value in changed.items() if name not in derived}
    if isinstance(policy.plan, ShapedPlan):
        return policy.plan.run_with(given_, derived).grade
    return evaluate(policy, given_).grade


@pytest.mark.parametrize("method", ["rm-22", "rm-32", *SHAPES])
def test_every_way_leads_to_its_grade_and_none_of_its_changes_is_idle(method: str) -> None:
    policy = policy_of(method)
    found = 0
    for values in CASES[method][::2]:
        stands = evaluate(policy, values).grade
        for grade in policy.grades[:: max(1, len(policy.grades) // 4)]:
            for way in ways(policy, values, grade):
                found += 1
                assert place(policy, after(policy, values, way)) <= place(policy, grade)
                assert place(policy, way.grade) <= place(policy, grade) < place(policy, stands)
                for change in way.changes:
                    assert change.now != change.needed
                    assert place(policy, after(policy, values, way, without=change.measure)) > place(policy, grade)
    assert found > 0


@pytest.mark.parametrize("method", ["rm-22", "rm-32", *SHAPES])
def test_an_improvement_is_one_change_that_makes_it_better(method: str) -> None:
    policy = policy_of(method)
    for values in CASES[method][::3]:
        before = evaluate(policy, values)
        found = improvements(policy, values)
        assert len(found) <= 3
        assert [place(policy, way.grade) for way in found] == sorted(place(policy, way.grade) for way in found)
        for way in found:
            assert len(way.changes) == 1
            assert place(policy, way.grade) <= place(policy, before.grade)
            if way.grade == before.grade and before.score is not None and not before.caps:
                assert way.score is not None
                assert way.score > before.score


def test_the_best_grade_needs_nothing() -> None:
    policy = policy_of("p1")
    assert ways(policy, CASES["p1"][0], "A") == ()
    assert improvements(policy, CASES["p1"][0]) == ()


def test_no_way_leads_into_default_or_to_another_kind_of_customer() -> None:
    values: dict[str, Value] = {"customer_score": None, "in_default": False}
    assert all(
        change.measure != "in_default" for way in improvements(policy_of("p14"), values) for change in way.changes
    )
    person = CASES["p10"][0] | {"statement_alr": Decimal("0.8")}
    moved = {change.measure for way in ways(policy_of("p10"), person, "A") for change in way.changes}
    assert moved & {"kind_of_customer", "main_trade", "main_share", "standard"} == set()


def test_the_way_goes_no_further_than_it_must() -> None:
    policy, values = policy_of("p11"), CASES["p11"][0] | {"real_estate": Decimal(600_000)}
    (way,) = ways(policy, values, "covered")
    assert [(change.measure, change.now, change.needed) for change in way.changes] == [
        ("cover", Decimal("0.6"), Decimal("0.7"))
    ]


@pytest.mark.parametrize("method", SHAPES)
def test_any_values_give_a_grade_or_a_refusal_the_same_in_any_order_and_an_explanation(method: str) -> None:
    policy = policy_of(method)

    @settings(max_examples=60, deadline=None)
    @given(values_of(policy))
    def holds(values: dict[str, Value]) -> None:
        one = evaluate(policy, values)
        assert (one.grade is None) != (one.refusal is None)
        assert one.grade is None or one.grade in policy.grades
        other = evaluate(policy, dict(reversed(values.items())))
        assert msgspec.json.encode(one.record()) == msgspec.json.encode(other.record())
        told = explain(policy, one)
        assert (told.grade, told.score, len(told.lines)) == (one.grade, one.score, len(one.lines))

    holds()


@pytest.mark.parametrize("method", ["rm-32", "p1", "p2", "p6"])
def test_the_points_lost_are_what_the_score_lacks(method: str) -> None:
    policy = policy_of(method)
    for values in CASES[method]:
        assessment = evaluate(policy, values)
        told = explain(policy, assessment)
        if assessment.score is None or not 0 < assessment.score < 100 or any(line.left_out for line in told.lines):
            continue
        lost = sum((line.lost or Decimal(0) for line in told.lines if line.best is not None), Decimal(0))
        assert abs(lost - (100 - assessment.score)) < Decimal("1E-6")


def test_a_reason_has_the_words_of_its_method_before_any_others() -> None:
    policy = policy_of("p1")
    values = CASES["p1"][0] | {"days_beyond_terms": Decimal(30)}
    others = {"PAYS_LATE": Title("other words", "别的说法"), "UNHEARD": Title("", "")}
    told = explain(policy, evaluate(policy, values), others)
    assert [(reason.code, reason.en, reason.zh) for reason in told.reasons] == [
        ("PAYS_LATE", "pays later than agreed", "付款晚于约定")
    ]
    bare = explain(msgspec.structs.replace(policy, words={}), evaluate(policy, values))
    assert bare.reasons[0].en == "PAYS_LATE"


POOR = '{"days_beyond_terms": 12, "overdue_ratio": "0.12", "on_time_ratio": "0.8", "relationship_months": 20}'


def test_the_command_explains_and_names_ways() -> None:
    result = run_with(POOR, "evaluate", "rm-32", "--measures", "-", "--explain", "--reach", "A", "--json")
    told = json.loads(result.stdout)["explanation"]
    assert result.exit_code == 0
    days = next(line for line in told["lines"] if line["characteristic"] == "days_beyond_terms")
    assert (days["value"], days["band"], days["points"], days["best"], days["lost"]) == (
        "12",
        "[10, 20)",
        "6",
        "15",
        "9",
    )
    assert days["reasons"][0]["zh"] == "平均付款逾期天数过长"
    assert len(told["improvements"]) == 3
    assert told["reach"] == "A"
    assert all(way["grade"] == "A" for way in told["ways"])
    shown = run_with(POOR, "evaluate", "rm-32", "--measures", "-", "--explain", "--reach", "A").stdout
    assert "what would help most" in shown
    assert "what would give A" in shown


def test_a_grade_that_the_method_does_not_have_ends_with_2() -> None:
    result = run_with(POOR, "evaluate", "rm-32", "--measures", "-", "--reach", "AAA")
    assert (result.exit_code, "write one of A, B, C, D" in result.stderr) == (2, True)
