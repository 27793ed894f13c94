"""Evaluation is pure, total and exact, and the compiled bands read as the plain ones do."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradeline.commands.policy import SHIPPED
from shared.core.policy.card import band_at, band_text
from shared.core.policy.evaluate import evaluate
from shared.core.policy.measure import Value
from shared.core.policy.policy import Book, Policy
from shared.core.refusal import Refusal
from shared.edge.policy_files import load_rules
from tests.support.covers import covers
from tests.support.values import numbers, values_of

covers("DP-28", "AP-06")

RULES = load_rules(SHIPPED)
RM22 = RULES.books["rm-22"].versions[0]
RM32 = RULES.books["rm-32"].versions[0]
AAA: dict[str, Value] = {"net_collection_rate": Decimal(1), "worst_days_late": 0, "rival_goods": "ours_only"}


@pytest.mark.parametrize("policy", [RM22, RM32], ids=["rm-22", "rm-32"])
def test_any_values_give_a_grade_of_the_scale_or_a_refusal_and_the_same_bytes_in_any_order(policy: Policy) -> None:
    @settings(max_examples=150, deadline=None)
    @given(values_of(policy))
    def holds(values: dict[str, Value]) -> None:
        one = evaluate(policy, values)
        assert (one.grade is None) != (one.refusal is None)
        assert one.grade is None or one.grade in policy.grades
        other = evaluate(policy, dict(reversed(values.items())))
        assert msgspec.json.encode(one.record()) == msgspec.json.encode(other.record())

    holds()


def test_the_score_is_the_sum_of_the_lines_over_what_was_considered() -> None:
    @settings(max_examples=150, deadline=None)
    @given(values_of(RM32))
    def holds(values: dict[str, Value]) -> None:
        assessment = evaluate(RM32, values)
        if assessment.score is None:
            return
        kept = [line for line in assessment.lines if not line.left_out]
        points = sum((line.points or Decimal(0) for line in kept), Decimal(0))
        considered = sum((line.max_points or Decimal(0) for line in kept), Decimal(0))
        assert abs(assessment.score - points * 100 / considered) < Decimal("1E-6")

    holds()


@given(st.sampled_from([card for card in (*RM22.cards, *RM32.cards) if card.bands]), numbers)
def test_the_compiled_bands_read_as_the_plain_ones(card: object, value: Decimal | int) -> None:
    policy = RM22 if card in RM22.cards else RM32
    found = next(c for c in policy.cards if c is card)
    line = next(line for line in evaluate(policy, {found.measure: value}).lines if line.characteristic == found.id)
    assert line.band == band_text(found.bands, band_at(found.bands, value))


@covers("G-01")
@pytest.mark.parametrize("start", [band.start for card in RM32.cards for band in card.bands if band.start is not None])
def test_an_edge_belongs_to_exactly_the_band_that_says_so(start: Decimal) -> None:
    for card in RM32.cards:
        for place, band in enumerate(card.bands):
            if band.start == start:
                assert band_at(card.bands, start) == (place - 1 if band.start_excluded else place)


def test_nobodys_decimal_context_changes_a_grade() -> None:
    values: dict[str, Value] = {alias: value for alias, value in AAA.items() if alias != "rival_goods"}
    values |= {"days_beyond_terms": 3, "on_time_ratio": Decimal("0.97"), "statement_alr": Decimal("0.6123")}
    calm = evaluate(RM32, values).record()
    with localcontext() as context:
        context.prec = 28
        context.rounding = "ROUND_UP"
        assert evaluate(RM32, values).record() == calm


def test_the_caller_may_change_its_mapping_afterwards() -> None:
    values = dict(AAA)
    assessment = evaluate(RM22, values)
    values["worst_days_late"] = 99
    assert [line.value for line in assessment.lines] == ["1", "0", "ours_only"]


def test_a_rule_whose_measure_is_absent_is_silent_and_one_that_is_unknown_is_not() -> None:
    assert evaluate(RM22, AAA).grade == "A"
    assert evaluate(RM22, AAA | {"due_documents": None}).refusal is Refusal.TOO_FEW_FACTS
    assert evaluate(RM22, AAA | {"in_default": None}).grade == "A"


@covers("G-15")
def test_a_refusal_names_every_measure_that_is_missing() -> None:
    assessment = evaluate(RM22, {"rival_goods": "equal"})
    assert assessment.refusal is Refusal.MEASURE_MISSING
    assert assessment.refusal_detail.endswith(": net_collection_rate, worst_days_late")


@covers("G-16")
def test_less_than_half_of_the_points_known_is_too_thin() -> None:
    thin = msgspec.structs.replace(RM32, known_at_least=Decimal("0.9"))
    known: dict[str, Value] = {"days_beyond_terms": 0, "overdue_ratio": 0, "on_time_ratio": 1, "net_collection_rate": 1}
    assert evaluate(RM32, known).refusal is None
    assert evaluate(thin, known).refusal is Refusal.TOO_THIN


def test_before_it_is_in_force_a_policy_grades_nobody() -> None:
    assert evaluate(RM22, AAA, as_of=date(1999, 12, 31)).refusal is Refusal.POLICY_NOT_IN_FORCE
    assert evaluate(RM22, AAA, as_of=date(2000, 1, 1)).grade == "A"


def versions() -> Book:
    later = msgspec.structs.replace(RM22, version="2", effective=date(2013, 7, 1), approved=date(2013, 6, 15))
    return Book("rm-22", (RM22, later))


@pytest.mark.parametrize(
    ("as_of", "known_on", "version"),
    [
        (date(2013, 6, 30), None, "1"),
        (date(2013, 7, 1), None, "2"),
        (date(2013, 7, 1), date(2013, 6, 14), "1"),
        (date(2013, 7, 1), date(2013, 6, 15), "2"),
    ],
)
def test_the_version_in_force_is_the_last_that_took_effect_and_was_known(
    as_of: date, known_on: date | None, version: str
) -> None:
    found = versions().at(as_of, known_on)
    assert isinstance(found, Policy)
    assert found.version == version


def test_there_is_no_default_before_the_first_version() -> None:
    assert versions().at(date(1999, 12, 31)) is Refusal.POLICY_NOT_IN_FORCE


@pytest.mark.parametrize(
    ("attributes", "method"),
    [({"segment": "dealer"}, "rm-22"), ({"segment": "retail"}, "rm-32"), ({"segment": None}, "rm-32"), ({}, "rm-32")],
)
def test_dealers_are_rated_by_hard_indicators_and_all_others_by_the_default(
    attributes: dict[str, str | None], method: str
) -> None:
    found = RULES.methods.pick("credit", attributes, date(2012, 1, 1))
    assert isinstance(found, Policy)
    assert found.method == method


def test_a_purpose_without_methods_has_no_method() -> None:
    assert RULES.methods.pick("service", {}, date(2012, 1, 1)) is Refusal.NO_METHOD
    assert RULES.methods.pick("credit", {}, date(1999, 1, 1)) is Refusal.NO_METHOD


def test_movement_and_reviews_are_plain_values() -> None:
    movement = RM22.movement
    assert (movement.rise.max_steps, movement.rise.cooldown_days, movement.rise.only_at) == (1, 90, "monthly_review")
    assert (movement.rise.from_worst.approval, movement.rise.from_worst.clean_months) == (True, 6)
    assert movement.review_months == {"A": 12, "B": 6, "C": 3, "D": 1}
