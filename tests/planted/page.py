"""Writes docs/planted.md from the bugs: which tests notice which."""

from __future__ import annotations

from tests.architecture.tree import ROOT
from tests.planted.bugs import BUGS

PAGE = ROOT / "docs" / "planted.md"
HEAD = """# Planted bugs

Tests are worth what they notice. So twelve bugs that systems of this kind are known to have are planted, one at a time, and the tests
named beside each must fail; without the bug they pass. Nothing of this is in the product: `tests/planted/bugs.py` replaces a function
in the processes of a test run.

`python -m tests.planted` plants every bug, runs the tests named here and writes this page once all of them have noticed;
`test_planted.py` does the same with all but the slowest in every run of the tests.

| bug | what goes wrong | noticed by |
|---|---|---|
"""


def page() -> str:
    """The page as it should be."""
    rows = [f"| {bug.name} | {bug.says} | {'<br>'.join(_named(test) for test in bug.tests)} |" for bug in BUGS.values()]
    return HEAD + "\n".join(rows) + "\n"


def _named(test: str) -> str:
    path, _, name = test.partition("::")
    return f"`{path.rpartition('/')[2]}` {name.replace('_', ' ').removeprefix('test ')}"
