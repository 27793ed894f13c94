"""No threshold, weight, veto, cap or code of a method can change without a sentence beside it that fails."""

from __future__ import annotations

import pytest

from gradeline.commands.policy import SHIPPED
from gradeline.shapes import SHAPES, load_template
from shared.core.policy.policy import Policy
from shared.edge.policy_cases import Case, load_cases
from shared.edge.policy_files import load_rules
from tests.support.mutants import mutants

BOOKS = dict(load_rules(SHIPPED).books) | {shape: load_template(shape) for shape in SHAPES}
SAME = {
    # with any C the table gives B at best anyway
    "rm-22": {".cards[2].missing.cap A"},
    # what may be unknown and is kept are 35 of at least 75 points: never more than half
    "rm-32": {".known_at_least +", ".known_at_least -"},
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


@pytest.mark.parametrize("method", BOOKS)
def test_a_changed_threshold_weight_veto_or_cap_breaks_a_sentence(method: str) -> None:
    book = BOOKS[method]
    cases = load_cases(SHAPES.get(method, SHIPPED / method), book)
    for policy in book.versions:
        made = list(mutants(policy))
        assert len(made) > 10
        mine = tuple(case for case in cases if case.policy is policy)
        assert {what for what, mutant in made if not notices(mine, mutant)} == SAME.get(method, set())


def test_a_method_without_its_sentences_is_noticed() -> None:
    book = BOOKS["p1"]
    (case, *_) = load_cases(SHAPES["p1"], book)
    unnoticed = [what for what, mutant in mutants(book.versions[0]) if not notices((case,), mutant)]
    assert len(unnoticed) > 20
