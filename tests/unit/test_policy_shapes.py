"""What the constructs mean, one by one: order of effects, what is not known, parts, factors, derived values, totals."""

from __future__ import annotations

import re
import statistics
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradeline.shapes import SHAPES, load_template
from shared.core.policy.condition import Condition, Operator, Rule
from shared.core.policy.derived import Derived, deriver
from shared.core.policy.evaluate import evaluate
from shared.core.policy.measure import Value
from shared.core.policy.plan import Plan
from shared.core.policy.policy import Policy
from shared.core.policy.shaped import ShapedPlan
from shared.core.refusal import Refusal
from shared.edge.policy_cards import NOTHING_SHARED
from shared.edge.policy_files import read_policy

D = Decimal


def template(shape: str) -> Policy:
    return load_template(shape).versions[0]


def rule(measure: str, operator: Operator, against: Any, **effects: Any) -> Rule:
    return Rule(id=f"on {measure}", when=(Condition(measure, operator, against),), reason="R", reference="", **effects)


def ruled(policy: Policy, *rules: Rule) -> Policy:
    return msgspec.structs.replace(policy, rules=(*policy.rules, *rules))


P1: dict[str, Value] = {
    "days_beyond_terms": 0,
    "statement_alr": D("0.5"),
    "size_class": "large",
    "months_with_orders": 12,
}
P14: dict[str, Value] = {"customer_score": 100, "industry_class": "support", "audited": True}


def test_plain_sums_and_letters_are_compiled_as_before() -> None:
    assert [type(template(shape).plan) for shape in ("p1", "p4")] == [Plan, Plan]
    assert isinstance(template("p6").plan, ShapedPlan)


@pytest.mark.parametrize(("days", "grade", "caps"), [(9, "A", ()), (10, "C", ("on part.payment",))])
def test_a_rule_may_read_the_score_of_a_part_of_a_plain_sum(days: int, grade: str, caps: tuple[str, ...]) -> None:
    screened = ruled(template("p1"), rule("part.payment", Operator.BELOW, D(50), cap="C"))
    found = evaluate(screened, P1 | {"days_beyond_terms": days})
    assert (found.grade, found.caps, "R" in found.reasons) == (grade, caps, bool(caps))


@pytest.mark.parametrize(("alr", "caps"), [("0.60", ()), ("0.61", ("on score",))])
def test_a_rule_may_read_the_score(alr: str, caps: tuple[str, ...]) -> None:
    screened = ruled(template("p1"), rule("score", Operator.BELOW, D(90), cap="B"))
    found = evaluate(screened, P1 | {"statement_alr": D(alr)})
    assert (found.grade, found.caps) == ("B" if caps else "A", caps)


def test_corrections_come_before_floors_and_floors_before_caps_and_a_veto_before_all() -> None:
    policy = template("p14")
    lowered: dict[str, Value] = P14 | {"industry_class": "reduce", "customer_score": 66, "parent_guarantees": True}
    assert evaluate(policy, lowered).grade == "C"  # B, two steps worse D, at least C
    capped = ruled(policy, rule("audited", Operator.IS, True, cap="D"))
    assert evaluate(capped, lowered).grade == "D"
    at_b = ruled(policy, rule("audited", Operator.IS, True, cap="B"))
    assert evaluate(at_b, P14).grade == "B"
    assert evaluate(policy, lowered | {"in_default": True}).grade == "D"


def test_a_floor_that_lifts_nothing_is_no_reason_and_one_that_lifts_is() -> None:
    policy = template("p14")
    assert evaluate(policy, P14 | {"parent_guarantees": True}).reasons == ()
    lifted = evaluate(policy, P14 | {"parent_guarantees": True, "customer_score": 10})
    assert (lifted.grade, lifted.caps) == ("C", ("parent",))
    assert "PARENT_GUARANTEES" in lifted.reasons


def test_factors_multiply_each_other_on_the_whole_score_and_in_the_lines() -> None:
    both = ruled(template("p14"), rule("industry_class", Operator.IS, "support", factor=D("0.5")))
    found = evaluate(both, P14 | {"audited": False})
    assert (found.score, found.lines[0].points) == (45, 45)


def test_a_correction_moves_no_further_than_the_scale() -> None:
    policy = template("p14")
    lifts = ruled(policy, rule("audited", Operator.IS, True, notches=9))
    assert evaluate(lifts, P14 | {"customer_score": 10}).grade == "A"
    drops = ruled(policy, rule("audited", Operator.IS, True, notches=-9))
    assert evaluate(drops, P14).grade == "D"


def test_neither_points_nor_corrections_give_the_grade_of_default() -> None:
    drops = ruled(template("p7"), rule("statement_audited", Operator.IS, True, notches=-20))
    values: dict[str, Value] = {"figures": 100, "judgement": 100, "agency": "investment", "statement_audited": True}
    assert evaluate(drops, values).grade == "C"
    assert evaluate(drops, values | {"in_default": True}).grade == "D"


def test_without_a_code_for_its_template_nobody_is_graded_but_a_veto_still_holds() -> None:
    policy = template("p10")
    assert policy.shape is not None
    assert policy.shape.templates is not None
    strict = msgspec.structs.replace(
        policy.shape, templates=msgspec.structs.replace(policy.shape.templates, otherwise=None)
    )
    policy = ruled(msgspec.structs.replace(policy, shape=strict), rule("main_share", Operator.ABOVE, D(2), cap="D"))
    found = evaluate(policy, {"worst_days_late": 0})
    assert (found.refusal, found.lines[0].characteristic) == (Refusal.MEASURE_MISSING, "standard")
    assert found.refusal_detail.endswith(": kind_of_customer")
    assert evaluate(policy, {"main_share": D(3)}).grade == "D"


def test_a_grid_needs_both_of_its_labels() -> None:
    policy = template("p16")
    found = evaluate(policy, {"margin": 50})
    assert (found.refusal, found.refusal_detail[-20:]) == (Refusal.MEASURE_MISSING, " relationship_months")


def test_a_grid_may_cross_what_no_card_scores() -> None:
    text = (SHAPES["p6"] / "1.yaml").read_text("utf-8")
    text = text[: text.index("cards:")] + "cards: []\n" + text[text.index("words:") :]
    for measure in ("contribution", "influence", "loyalty", "violations", "serious_violation"):
        text = "\n".join(line for line in text.splitlines() if not line.startswith(f"  {measure}: {{"))
    text = re.sub(r", from: [-\w]+}", "}", text)
    crossed = """  record:
    of: failed_debits
    bands:
      - {from: -inf, is: clean}
      - {from: 1, is: spotted}
    reference: example
grid:
  rows: level
  columns: record
  cells: {ordinary: {clean: C, spotted: D}, medium: {clean: B, spotted: C}, large: {clean: A, spotted: B}}
cards"""
    policy = read_policy(text.replace("cards", crossed, 1), "p6/1.yaml", NOTHING_SHARED)
    asked: list[tuple[Value, Value]] = [(D(60), 0), (D(60), 1), (D(30), 0), (D(1), 2)]
    found = [evaluate(policy, {"monthly_sales": sales, "failed_debits": debits}).grade for sales, debits in asked]
    assert found == ["A", "B", "B", "D"]
    assert evaluate(policy, {"monthly_sales": D(60)}).refusal_detail.endswith(": record")


def test_a_part_of_which_too_little_is_known_is_too_thin() -> None:
    policy = msgspec.structs.replace(template("p3"), known_at_least=D("0.5"))
    lenient = tuple(
        msgspec.structs.replace(card, missing=msgspec.structs.replace(card.missing, then="worst"))
        for card in policy.cards
    )
    policy = msgspec.structs.replace(policy, cards=lenient)
    whole: dict[str, Value] = {"integrity": 20, "purchases": 90, "display_items": 50, "channel": 35}
    assert evaluate(policy, whole | {"display_items": None}).grade == "5-star I"
    assert evaluate(policy, whole | {"purchases": None}).refusal is Refusal.TOO_THIN


@pytest.mark.parametrize(
    ("of", "grade", "reasons"),
    [({"broken_promises": 3}, "C", ("OFTEN_BREAKS_PROMISES",)), ({"funds": "weak"}, "A", ("NO_ARREARS",))],
)
def test_the_list_that_decides_is_the_reason(of: dict[str, Value], grade: str, reasons: tuple[str, ...]) -> None:
    base: dict[str, Value] = {"head_count": 600, "funds": "strong", "arrears_days": 0, "key_data_complete": True}
    found = evaluate(template("p5"), base | of)
    assert (found.grade, found.reasons) == (grade, reasons)


def test_a_condition_list_is_shown_with_what_was_seen() -> None:
    found = evaluate(template("p5"), {"head_count": 99, "funds": "weak", "arrears_days": None})
    line = next(line for line in found.lines if line.characteristic == "C1.small")
    assert (line.value, line.band, line.letter) == ("99, weak", "head_count at_most 100 and funds is weak", "C")
    other = next(line for line in found.lines if line.characteristic == "C2")
    assert (other.value, other.letter, other.reasons) == (None, None, ())


def test_known_asks_whether_and_not_what() -> None:
    policy = ruled(template("p1"), rule("size_class", Operator.KNOWN, False, cap="C"))
    assert evaluate(policy, P1 | {"size_class": None}).grade == "C"
    assert evaluate(policy, P1).grade == "A"
    assert (
        evaluate(policy, {key: value for key, value in P1.items() if key != "size_class"}).grade == "A"
    )  # nobody asked


# --- derived values

numbers = st.decimals(-1000, 1000, places=3)
known = st.lists(st.none() | numbers, min_size=1, max_size=6)


def derived(how: Any, values: list[Value], weights: list[Decimal] | None = None, **more: Any) -> Value:
    names = [f"v{place}" for place in range(len(values))]
    of = dict(zip(names, weights or [D(1)] * len(values), strict=True))
    return deriver(Derived(how=how, of=of, reference="", **more))(dict(zip(names, values, strict=True)).get)


@given(known)
def test_order_statistics_are_those_of_the_known_values(values: list[Value]) -> None:
    there: list[Any] = [value for value in values if value is not None]
    found = {how: derived(how, values, missing="rescale") for how in ("median", "lowest", "highest")}
    if not there:
        assert set(found.values()) == {None}
        return
    assert (found["lowest"], found["highest"]) == (min(there), max(there))
    assert found["median"] == statistics.median(there)
    if len(there) > 1:
        low, _, high = statistics.quantiles([Fraction(value) for value in there], n=4, method="inclusive")
        spread = derived("spread", values, missing="rescale")
        assert spread is not None
        assert abs(Fraction(str(spread)) - (high - low)) < Fraction(1, 10**8)


@given(known)
def test_one_unknown_value_makes_all_unknown_unless_the_file_says_otherwise(values: list[Value]) -> None:
    for how in ("mean", "sum", "median", "spread", "lowest", "highest"):
        assert (derived(how, values) is None) == (None in values)


@given(st.lists(st.tuples(st.none() | numbers, st.integers(1, 9)), min_size=1, max_size=6))
def test_a_mean_shares_out_the_weight_of_what_is_not_known(given_: list[tuple[Decimal | None, int]]) -> None:
    values, weights = [value for value, _ in given_], [D(weight) for _, weight in given_]
    there = [(Fraction(value), weight) for value, weight in given_ if value is not None]
    found = derived("mean", list(values), weights, missing="rescale")
    if not there:
        assert found is None
        return
    wanted = sum(value * weight for value, weight in there) / sum(weight for _, weight in there)
    assert found is not None
    assert abs(Fraction(str(found)) - wanted) < Fraction(1, 10**8)


def test_a_share_of_nothing_is_not_known_and_a_switch_counts_one() -> None:
    share = Derived(how="sum", of={"a": D(1)}, over=("a", "b"), missing="zero", reference="")
    asked: list[dict[str, Value]] = [{"a": 3, "b": 1}, {"a": 0, "b": 0}, {"a": 3, "b": None}, {"a": None, "b": None}]
    assert [deriver(share)(values.get) for values in asked] == [D("0.75"), None, 1, None]
    signs = Derived(how="sum", of={"a": D(1), "b": D(1)}, missing="zero", reference="")
    assert deriver(signs)({"a": True, "b": False}.get) == 1
    assert derived("median", [D(1), D(2), None], missing="rescale", least=3) is None


def test_a_third_is_rounded_to_9_decimals_half_to_even() -> None:
    assert derived("mean", [D(1), D(0), D(0)]) == D("0.333333333")
    assert derived("sum", [D("0.0000000005")]) == 0
    assert derived("sum", [D("0.0000000015")]) == D("0.000000002")
