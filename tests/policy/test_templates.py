"""The sixteen templates are complete methods: they load, their cases hold, and no number can change unnoticed."""

from __future__ import annotations

import pytest

from gradeline.shapes import SHAPES, load_template
from shared.core.policy.edges import edges, seen_in, stands_on
from shared.core.policy.evaluate import evaluate
from shared.core.policy.policy import Policy
from shared.edge.policy_cases import Case, load_cases
from tests.support.mutants import mutants

BOOKS = {shape: load_template(shape) for shape in SHAPES}
CASES = {shape: load_cases(SHAPES[shape], book) for shape, book in BOOKS.items()}


def test_there_is_one_template_for_every_shape() -> None:
    assert [name.upper() for name in SHAPES] == [f"P{number}" for number in range(1, 17)]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_sentence_of_the_template_holds(shape: str) -> None:
    wrong = [(case.name, found, case.expected) for case in CASES[shape] if (found := case.found()[1]) != case.expected]
    assert wrong == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sentence_stands_on_every_edge(shape: str) -> None:
    policy = BOOKS[shape].versions[0]
    seen = [seen_in(policy, evaluate(policy, case.values)) for case in CASES[shape]]
    assert [edge for edge in edges(policy) if not any(stands_on(edge, policy, one) for one in seen)] == []


SAME = {
    # two signs of two: what counts is whole, 1.96 asks for as many
    "p13": {".shape.labels.laundering.first[2].when[0].against -"},
    # votes are whole; without a single vote the guard refuses before anything else is asked
    "p15": {".rules[0].when[0].against -", ".cards[0].missing worst", ".rules[1].when[0].unknown_holds flipped"},
}
"""Changes that change nothing."""


def notices(cases: tuple[Case, ...], policy: Policy) -> bool:
    """Whether some sentence fails, or cannot even be evaluated, under *policy*."""
    for case in cases:
        try:
            if case.under(policy).found()[1] != case.expected:
                return True
        except KeyError:  # no such letters, no such code: the loader would have refused it
            return True
    return False


@pytest.mark.parametrize("shape", SHAPES)
def test_a_changed_threshold_weight_veto_or_cap_breaks_a_sentence(shape: str) -> None:
    made = list(mutants(BOOKS[shape].versions[0]))
    assert len(made) > 10
    unnoticed = {what for what, policy in made if not notices(CASES[shape], policy)}
    assert unnoticed == SAME.get(shape, set())
