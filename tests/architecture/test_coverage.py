"""docs/coverage.md is what the list and the tests say, and the list has every id of the sources."""

from __future__ import annotations

import msgspec
import pytest

from tests.architecture import coverage
from tests.architecture.coverage import Rule

STATES = ("works", "partly", "not yet", "out of scope")


def test_the_page_is_what_the_list_and_the_tests_say() -> None:
    assert coverage.PAGE.read_text("utf-8") == coverage.page(), "run `make docs`"


def test_list_and_tests_agree() -> None:
    listed = coverage.document()
    assert tuple(listed["states"]) == STATES
    assert list(coverage.wrong(coverage.rules(listed), coverage.shown(), STATES)) == []


def test_the_list_has_every_id_of_the_sources() -> None:
    if not coverage.SEEDS.is_dir():
        pytest.skip(f"{coverage.SEEDS} is not here: the ids cannot be compared with the sources")
    assert {rule.id for rule in coverage.rules()} == coverage.ids_of_the_sources(coverage.SEEDS)


def test_no_title_is_taken_from_the_sources() -> None:
    if not coverage.SEEDS.is_dir():
        pytest.skip(f"{coverage.SEEDS} is not here: the titles cannot be compared with the sources")
    digest = (coverage.SEEDS / "seed-systems.md").read_text("utf-8")
    assert [rule.id for rule in coverage.rules() if len(rule.title) > 40 and rule.title in digest] == []


GOOD = Rule("RM-22", "letters", "works", ("tests",), "")


@pytest.mark.parametrize(
    ("rule", "tests", "says"),
    [
        (GOOD, {}, "no test covers it"),
        (GOOD, {"RM-22": ["a"]}, "name it above the test that shows it"),
        (GOOD, {"RM-22": ["a::test"], "RM-99": ["b"]}, "not on the list"),
        (msgspec.structs.replace(GOOD, where=()), {"RM-22": ["a::test"]}, "where it lives"),
        (msgspec.structs.replace(GOOD, where=("nowhere",)), {"RM-22": ["a::test"]}, "nowhere is not there"),
        (msgspec.structs.replace(GOOD, state="partly"), {"RM-22": ["a::test"]}, "why it is partly"),
        (msgspec.structs.replace(GOOD, state="not yet", why="later"), {"RM-22": ["a::test"]}, "said to be not yet"),
        (msgspec.structs.replace(GOOD, state="perhaps", why="later"), {}, "no state"),
    ],
)
def test_a_planted_claim_is_seen(rule: Rule, tests: dict[str, list[str]], says: str) -> None:
    found = list(coverage.wrong([rule], tests, STATES))
    assert len(found) == 1
    assert says in found[0]


def test_what_stands_is_left_alone() -> None:
    assert list(coverage.wrong([GOOD], {"RM-22": ["a::test"]}, STATES)) == []
