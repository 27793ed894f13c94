"""What the fields of a mapping are made of: one field, and what holds for the whole file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gradeline.importing.cells import Cells
from gradeline.importing.located import Located

Build = Callable[[Cells], Any]


@dataclass(frozen=True)
class Field:
    """How one field is built from a row. A build that answers None leaves the field out."""

    build: Build
    columns: tuple[str, ...]
    nested: Mapping[str, Field] | None = None
    """The parts of an object (by name) or a list (by position), for tracing a JSON pointer to its columns."""
    may_be_empty: frozenset[str] = frozenset()
    """Those of `columns` that need not be filled."""

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that must be filled."""
        return tuple(column for column in self.columns if column not in self.may_be_empty)

    def columns_at(self, path: list[str]) -> tuple[str, ...]:
        """The columns that gave what stands at *path* below this field."""
        if path and self.nested and path[0] in self.nested:
            return self.nested[path[0]].columns_at(path[1:])
        return self.columns


@dataclass(frozen=True)
class Layout:
    """What holds for the whole file."""

    columns: frozenset[str] | None
    """The columns the file is said to have; None: not said."""
    form: str
    decimal: str
    thousands: str
    cut_over: date | None = None
    """The day as of which opening balances stand; None: not said."""

    def column(self, at: Located) -> str:
        """The column named at *at*. Raises Misconfigured for one that the file is not said to have."""
        name = at.text()
        if self.columns is not None and name not in self.columns:
            raise at.wrong(f"there is no column '{name}'; the columns are: {', '.join(sorted(self.columns))}")
        return name


def columns_of(parts: Iterable[Field]) -> tuple[str, ...]:
    """The columns that *parts* read, each once."""
    return tuple(dict.fromkeys(column for part in parts for column in part.columns))
