"""The rules that hold for all methods (G-…): the sentences that show each of them hold, and fail without it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gradeline.commands.policy_asked import SHIPPED
from gradeline.shapes import SHAPES, load_template
from shared.core.policy.policy import Policy
from shared.edge.policy_cases import load_cases
from shared.edge.policy_files import load_rules
from tests.policy.mutation import notices
from tests.support.covers import covers

Change = Callable[[Policy], Policy]
BOOKS = dict(load_rules(SHIPPED).books) | {"p5": load_template("p5")}
_replace = msgspec.structs.replace


def without(id_: str) -> Change:
    """The policy without the rules whose id begins so."""

    def change(policy: Policy) -> Policy:
        kept = tuple(rule for rule in policy.rules if not rule.id.startswith(id_))
        assert len(kept) < len(policy.rules), id_
        return _replace(policy, rules=kept)

    return change


def missing(card: str, then: str, **more: Any) -> Change:
    """The policy in which the measure of *card*, where it is not known, has another effect."""

    def change(policy: Policy) -> Policy:
        cards = [
            _replace(one, missing=_replace(one.missing, then=then, **more)) if one.id == card else one
            for one in policy.cards
        ]
        assert tuple(cards) != policy.cards
        return _replace(policy, cards=tuple(cards))

    return change


def harder(grade: str) -> Change:
    """The policy in which *grade* begins a hair higher."""

    def change(policy: Policy) -> Policy:
        scale = [
            _replace(step, start=step.start + Decimal("0.01")) if step.grade == grade and step.start else step
            for step in policy.scale
        ]
        return _replace(policy, scale=tuple(scale))

    return change


def turned(policy: Policy) -> Policy:
    """The lists of conditions the other way round."""
    assert policy.shape is not None
    assert policy.shape.lists is not None
    lists = _replace(policy.shape.lists, first=policy.shape.lists.first[::-1])
    return _replace(policy, shape=_replace(policy.shape, lists=lists))


def shows(sentence: str, change: Change, method: str = "rm-32") -> None:
    """The *sentence* of *method* holds, and fails once *change* is made."""
    book = BOOKS[method]
    found = tuple(one for one in load_cases(SHAPES.get(method, SHIPPED / method), book) if one.name == sentence)
    assert len(found) == 1, sentence
    assert not notices(found, found[0].policy), sentence
    assert notices(found, change(found[0].policy)), sentence


@covers("G-02")
def test_of_several_lists_that_hold_the_most_prudent_decides() -> None:
    shows("Several lists hold at once: the most prudent decides", turned, "p5")


@covers("G-03")
@pytest.mark.parametrize("method", ["rm-22", "rm-32"])
def test_payment_is_observed_over_twelve_months_by_every_shipped_method(method: str) -> None:
    (policy,) = BOOKS[method].versions
    names = [reading.measure for reading in policy.measures.values()]
    payment = (
        "net_collection_rate",
        "worst_days_late",
        "days_beyond_terms",
        "on_time_ratio",
        "due_documents",
        "broken",
    )
    windows = [name.rpartition("_")[2] for name in names if name.startswith(payment)]
    assert len(windows) >= 3
    assert set(windows) == {"12m"}


@covers("G-04")
def test_three_due_documents_and_three_months_are_the_fewest_facts() -> None:
    shows("Two due documents are too few", without("G-04.documents"))
    shows("Two months since the first credit sale are too few, however long the relation", without("G-04.months"))


@covers("G-05", "G-21")
def test_a_new_customer_is_at_best_second_best() -> None:
    shows("A new customer is at best B", without("G-21.new_customer"))


@covers("G-21")
def test_prudence_caps_at_second_best() -> None:
    shows("On the list of abnormal operations the best grade is B", without("G-21.abnormal_operation"))
    shows("30 days past due are at best B", without("G-21.past_due"))
    shows("A register check of 12 months is stale, at best B", without("G-21.register"))


@covers("G-11")
def test_unaudited_statements_count_eighty_per_cent_and_cap() -> None:
    shows("Unaudited statements count 80 % and the best grade is B", without("G-11"))


@covers("G-12")
def test_without_statements_the_rest_is_scaled() -> None:
    shows("Without statements the rest is scaled to 100 and the best grade is B", missing("statement_alr", "worst"))
    shows(
        "Without statements the rest is scaled to 100 and the best grade is B",
        missing("statement_alr", "leave_out", cap=None, reason=None),
    )


@covers("G-13")
def test_what_the_customer_withholds_gives_no_points() -> None:
    shows("A relation of unknown length gives no points and is at best B", missing("relationship_months", "best"))


@covers("G-14")
def test_what_nobody_looked_at_counts_half_and_is_a_task() -> None:
    shows("An unknown size counts half and asks for it", missing("size_class", "worst", percent=None))
    shows("An unknown size counts half and asks for it", missing("size_class", "neutral", task=None))


@covers("G-15")
def test_what_the_method_has_no_sense_without_is_refused() -> None:
    shows("Unknown days beyond terms are refused, never guessed", missing("days_beyond_terms", "worst"))


@covers("G-19")
@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("In default the grade is the worst and the score is still shown", "G-17"),
        ("A dishonest judgment debtor is D", "G-19.judgment_debtor"),
        ("A revoked licence is D", "G-19.licence_revoked"),
        ("Proven fraud is D", "G-19.fraud_proven"),
    ],
)
def test_a_veto_gives_the_worst_grade(sentence: str, rule: str) -> None:
    shows(sentence, without(rule))


@covers("G-20")
def test_one_step_before_default_caps_at_third_best() -> None:
    shows("Open enforcement above 5 % is at best C", without("G-20.enforcement"))
    shows("On the list of serious violations the best grade is C", without("G-20.serious_violations"))
    shows("60 days past due are at best C", without("G-20.past_due"))


@covers("G-24")
def test_the_best_grade_needs_a_year_of_relation() -> None:
    shows("Eleven months of relation are at best B", without("G-24"))


@covers("G-29")
@pytest.mark.parametrize(("grade", "edge"), [("A", 80), ("B", 65), ("C", 50)])
def test_four_grades_begin_at_80_65_and_50(grade: str, edge: int) -> None:
    shows(f"Exactly {edge} is {grade}", harder(grade))
