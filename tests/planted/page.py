"""Writes docs/planted.md from the bugs: which tests notice which."""

from __future__ import annotations

from collections.abc import Iterable

from tests.architecture.tree import ROOT
from tests.planted.bugs import BUGS, Bug
from tests.planted.traps import TRAPS

PAGE = ROOT / "docs" / "planted.md"
HEAD = """# Planted bugs

Tests are worth what they notice. So thirteen bugs that systems of this kind are known to have are planted, one at a time, and the tests
named beside each must fail; without the bug they pass. Nothing of this is in the product: `tests/planted/bugs.py` replaces a function
in the processes of a test run.

`python -m tests.planted` plants every bug, runs the tests named here and writes this page once all of them have noticed;
`test_planted.py` does the same with all but the slowest in every run of the tests.

"""
TABLE = """| bug | what goes wrong | noticed by |
|---|---|---|
"""
TRAPPED = """
## The ten traps of credit control

What a naive credit check does wrong, planted in the same way: the test that shows each trap fails on it. Numbers are those of the trap.

"""


def page() -> str:
    """The page as it should be."""
    return HEAD + _table(BUGS.values()) + TRAPPED + _table(TRAPS.values())


def _table(bugs: Iterable[Bug]) -> str:
    rows = [f"| {bug.name} | {bug.says} | {'<br>'.join(_named(test) for test in bug.tests)} |\n" for bug in bugs]
    return TABLE + "".join(rows)


def _named(test: str) -> str:
    path, _, name = test.partition("::")
    return f"`{path.rpartition('/')[2]}` {name.replace('_', ' ').removeprefix('test ')}"
