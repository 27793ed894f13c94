"""Each planted bug is noticed by the tests that are named for it, and the page says which those are."""

from __future__ import annotations

import pytest

from tests.planted import bugs
from tests.planted.grafting import graft
from tests.planted.page import PAGE, page
from tests.planted.running import run
from tests.planted.traps import PLANTED, TRAPS

THIRTEEN = {
    "ack before commit",
    "no inbox",
    "cursor by id",
    "lag from end offsets",
    "float money",
    "forgotten fence",
    "stale snapshot",
    "lost late fact",
    "double publish on redelivery",
    "day counted twice",
    "unallocated cash lost",
    "time zone of the day",
    "one refusal for all",
}


@pytest.mark.parts
@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_noticed(name: str) -> None:
    planted = PLANTED[name]
    ran = run(planted.quick, bug=name)
    assert planted.quick, "a bug that only slow tests notice is noticed too late"
    assert ran.outcomes == dict.fromkeys(planted.quick, "failed"), ran.output


@pytest.mark.parts
@pytest.mark.slow
def test_without_a_bug_the_same_tests_pass() -> None:
    quick = sorted({test for planted in PLANTED.values() for test in planted.quick})
    ran = run(quick, bug=None)
    assert ran.outcomes == dict.fromkeys(quick, "passed"), ran.output


def test_all_thirteen_are_planted_and_the_page_names_who_notices() -> None:
    assert bugs.BUGS.keys() == THIRTEEN
    assert {int(name.split()[0]) for name in TRAPS} == set(range(1, 11)), "each of the ten traps"
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.planted"


def test_a_bug_that_has_lost_its_place_is_seen() -> None:
    with pytest.raises(AttributeError):
        graft(bugs, "no_such_function", None)
