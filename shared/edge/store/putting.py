"""Rows into a table: many by COPY, few by a statement that stays prepared and takes one round trip instead of two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from shared.edge.store.pool import Connection

FEW = 16
"""From so many rows on COPY is the faster."""
_INSERT = "insert into {table} ({names}) select {taken} from unnest({given}) as r ({names})"


class Table:
    """Where rows go: its name, and its columns with their types in the order of a row."""

    def __init__(self, name: str, columns: Mapping[str, str]) -> None:
        self.name, self.columns = name, tuple(columns)
        self._types = tuple(columns.values())
        self.insert = _statement(name, self.columns, self._types)
        """The statement for few rows; it takes a list a column."""

    async def put(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert *rows*. Raises asyncpg errors."""
        if len(rows) < FEW:
            await connection.execute(self.insert, *(list(column) for column in zip(*rows, strict=True)))
        else:
            await connection.copy_records_to_table(self.name, records=rows, columns=self.columns)


@cache
def _statement(name: str, columns: tuple[str, ...], types: tuple[str, ...]) -> str:
    given = ", ".join(f"${at}::{one}[]" for at, one in enumerate(_plain(types), 1))
    taken = ", ".join(f"{name}::{one}" for name, one in zip(columns, types, strict=True))
    return _INSERT.format(table=name, names=", ".join(columns), taken=taken, given=given)


def _plain(types: tuple[str, ...]) -> tuple[str, ...]:
    """JSON travels as text, as it does in COPY."""
    return tuple("text" if one == "jsonb" else one for one in types)
