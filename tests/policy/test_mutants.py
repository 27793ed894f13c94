"""No threshold, weight, veto, cap, quota, cooldown or validity of a method can change without a sentence that fails."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gradeline.shapes import SHAPES
from shared.edge.policy_cases import load_cases
from tests.policy.mutation import KINDS, PAGE, SAME, books, expected, kind_of, notices, page, run
from tests.support.covers import covers
from tests.support.movement_mutants import SEEN_IN
from tests.support.movements import PARTS, behaviour
from tests.support.mutants import mutants

BOOKS = books()
SEEN: dict[str, list[tuple[str, bool]]] = {}


def seen(method: str) -> list[tuple[str, bool]]:
    """Every mutant of *method*, once a process."""
    if method not in SEEN:
        SEEN[method] = list(run(method, BOOKS[method]))
    return SEEN[method]


@pytest.mark.parametrize("method", BOOKS)
def test_whatever_changes_breaks_a_sentence(method: str) -> None:
    found = seen(method)
    assert len(found) > 50
    assert {what for what, noticed in found if not noticed} == SAME.get(method, {}).keys()


@covers("G-22", "G-23")
@pytest.mark.parametrize("method", BOOKS)
def test_movement_does_what_is_written(method: str) -> None:
    for policy in BOOKS[method].versions:
        assert behaviour(policy) == expected(method, policy.version)


@pytest.mark.slow
def test_the_page_says_what_came_of_it() -> None:
    assert page({method: seen(method) for method in BOOKS}) == PAGE.read_text("utf-8"), (
        "run python -m tests.policy.mutation"
    )


def test_every_kind_of_change_was_made_somewhere() -> None:
    made = {kind_of(what) for method in BOOKS for what, _ in seen(method)}
    assert made == {name for name, _ in KINDS}
    for kinds in SEEN_IN.values():
        assert set(kinds) <= PARTS.keys()


def lines(method: str, pattern: str) -> Iterator[str]:
    return (what for what, _ in seen(method) if re.search(pattern, what))


def test_each_kind_of_rule_that_is_named_is_changed() -> None:
    """What the page promises, one by one."""
    assert list(lines("rm-22", r"^\.letters\.table\.")), "combination rows"
    assert list(lines("rm-22", r"^\.letters\.veto")), "the letter that decides alone"
    assert list(lines("p16", r"^\.shape\.grid\.cells")), "cells of a grid"
    assert list(lines("rm-32", r"\.cap ")), "caps"
    assert list(lines("p14", r"\.floor ")), "floors"
    assert list(lines("p14", r"\.notches")), "corrections"
    assert list(lines("p8", r"^quotas\[0\]\.shares\.urban")), "quotas"
    for method in BOOKS:
        for pattern in (r"^rise\.cooldown_days", r"^rise\.max_steps", r"^valid_months\."):
            assert list(lines(method, pattern)), (method, pattern)


def test_a_method_without_its_sentences_is_noticed() -> None:
    book = BOOKS["p1"]
    (case, *_) = load_cases(SHAPES["p1"], book)
    unnoticed = [what for what, mutant in mutants(book.versions[0]) if not notices((case,), mutant)]
    assert len(unnoticed) > 20
