"""Rows as they stand in a file, before anybody asks what their columns are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from shared.edge.codes import Words


class Raw(NamedTuple):
    """One row of the file, numbered as a spreadsheet numbers it: the first is row 1."""

    number: int
    values: Sequence[str]
    """Text, or what a spreadsheet's cell holds (`written`)."""
    broken: str | None
    """Why the row cannot be read at all, or None."""
    position: int
    """Units of the file read so far, of `Table.size`."""
    lines: tuple[int, int] = (0, 0)
    """The first and the last line of the file that it took; (0, 0): it has no lines."""


class Table(Protocol):
    """One table of a file, that can be read again and again."""

    size: int
    pads: bool
    """Whether every row has as many cells as the longest, so that their number says nothing."""

    @property
    def notes(self) -> tuple[Words, ...]:
        """What was found out about it, to be said aloud."""

    def rows(self) -> Iterator[Raw]:
        """Every row from the top. Raises Misconfigured where the file cannot be read further."""
