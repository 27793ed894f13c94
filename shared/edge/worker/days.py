"""The day as a fact: who believes it, and the sweep that brings a partition's customers to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from shared.edge.store import sql
from shared.edge.store.pool import Connection
from shared.edge.worker.partition import Part

DAY_SUBJECT = "~day"
REFERENCE_SUBJECT = "~reference"


class OpenedDays:
    """The dates of `business_days` that this worker has seen. A day is never taken back, so seen once is enough."""

    def __init__(self) -> None:
        """None yet."""
        self._seen: set[date] = set()

    async def missing(self, connection: Connection, dates: Sequence[date]) -> set[date]:
        """Those of *dates* that nobody opened."""
        unknown = set(dates) - self._seen
        if unknown:
            rows = await connection.fetch("select date from business_days where date = any($1::date[])", list(unknown))
            self._seen.update(row["date"] for row in rows)
        return set(dates) - self._seen


async def to_sweep(connection: Connection, part: Part[Any], limit: int) -> list[str]:
    """The next streams of the running sweep, at most *limit*; fewer than that: the sweep is over."""
    if part.sweep_all:
        rows = await connection.fetch(sql.NEXT_STREAMS, part.number, part.sweep_after, limit)
    else:
        rows = await connection.fetch(sql.WAITING, part.number, part.day, limit)
    return [row["stream"] for row in rows]
