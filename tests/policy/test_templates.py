"""The sixteen templates are complete methods: they load, their cases hold and stand on every edge."""

from __future__ import annotations

import pytest

from gradeline.shapes import SHAPES, load_template
from shared.core.policy.edges import edges, seen_in, stands_on
from shared.core.policy.evaluate import evaluate
from shared.edge.policy_cases import load_cases
from tests.support.covers import covers

BOOKS = {shape: load_template(shape) for shape in SHAPES}
CASES = {shape: load_cases(SHAPES[shape], book) for shape, book in BOOKS.items()}


def test_there_is_one_template_for_every_shape() -> None:
    assert [name.upper() for name in SHAPES] == [f"P{number}" for number in range(1, 17)]


@covers("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13", "P14", "P15", "P16")
@pytest.mark.parametrize("shape", SHAPES)
def test_every_sentence_of_the_template_holds(shape: str) -> None:
    wrong = [(case.name, found, case.expected) for case in CASES[shape] if (found := case.found()[1]) != case.expected]
    assert wrong == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sentence_stands_on_every_edge(shape: str) -> None:
    policy = BOOKS[shape].versions[0]
    seen = [seen_in(policy, evaluate(policy, case.values)) for case in CASES[shape]]
    assert [edge for edge in edges(policy) if not any(stands_on(edge, policy, one) for one in seen)] == []
