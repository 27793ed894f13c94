"""Which rules of the sources a test shows; docs/coverage.md is made of it (`tests.architecture.coverage`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


def covers(*_: str) -> Callable[[Test], Test]:
    """Above a test: it shows the rules of these ids. In a line of its own: the tests of the file do. Read from the text."""
    return lambda test: test
