"""The sentences beside each policy hold, and a sentence stands on every edge of every rule."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest

from gradeline.commands.policy import SHIPPED
from shared.core.policy.edges import edges, seen_in, stands_on
from shared.edge.policy_cases import Case, load_cases
from shared.edge.policy_files import load_rules
from tests.support.covers import covers

covers("MN-04", "MN-06", "MN-23", "MN-24")

RULES = load_rules(SHIPPED)
CASES = {method: load_cases(SHIPPED / method, book) for method, book in RULES.books.items()}


@covers("RM-22", "RM-32")
@pytest.mark.parametrize(
    "case", [case for cases in CASES.values() for case in cases], ids=lambda case: f"{case.policy.method}: {case.name}"
)
def test_the_sentence_holds(case: Case) -> None:
    _, found = case.found()
    assert found == case.expected


@pytest.mark.parametrize("method", sorted(RULES.books))
def test_a_case_stands_on_every_edge_of_every_version(method: str) -> None:
    for policy in RULES.books[method].versions:
        given = [seen_in(policy, case.found()[0]) for case in CASES[method] if case.policy is policy]
        untried = [edge for edge in edges(policy) if not any(stands_on(edge, policy, seen) for seen in given)]
        assert untried == []


def test_an_edge_without_a_case_is_found() -> None:
    policy = RULES.books["rm-22"].versions[0]
    given = [case.values for case in CASES["rm-22"] if case.values.get("worst_days_late") != 5]
    untried = [
        edge for edge in edges(policy) if not any(stands_on(edge, policy, values | {"score": None}) for values in given)
    ]
    assert [(edge.measure, edge.value) for edge in untried] == [("worst_days_late", 5)]


@covers("RM-22")
def test_all_twenty_combinations_of_letters_are_tried() -> None:
    tried = {
        "".join(sorted(case.expected["letters"].values()))
        for case in CASES["rm-22"]
        if len(case.expected.get("letters", ())) == 3
    }
    assert tried == {"".join(letters) for letters in combinations_with_replacement("ABCD", 3)}
