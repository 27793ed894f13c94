"""Where a worker continues. The database says it; what Kafka remembers of offsets is only a mirror for dashboards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from shared.edge.store import sql
from shared.edge.store.pool import Connection

EXPORT = "~export"
"""In the place of a topic: how far the history of a partition was read from the service that has it, in its positions."""
LOADING = "loading"
"""In the place of its generation, while that goes on."""


class Standing(NamedTuple):
    """A partition at takeover: its day, the last day published as rated, and the cursor of an unfinished sweep."""

    day: date | None
    rated: date | None
    sweep_after: str | None
    sweep_all: bool


async def generation(connection: Connection) -> str:
    """The generation of the broker's log that positions refer to; empty until a relay has named one."""
    return str(await connection.fetchval("select generation from broker") or "")


async def take_over(
    connection: Connection, assigned: Sequence[tuple[str, int]]
) -> tuple[str, dict[tuple[str, int], int]]:
    """The generation and, for each (topic, partition), the next offset to read: 0 where the broker's log is another."""
    now = await generation(connection)
    topics, partitions = [topic for topic, _ in assigned], [partition for _, partition in assigned]
    rows = await connection.fetch(sql.TAKE_OVER_POSITIONS, topics, partitions, now)
    return now, {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def to_load(connection: Connection, places: Sequence[tuple[str, int]], generation: str) -> dict[int, int]:
    """The partitions of *places* whose history must be loaded before their topics are followed, and how far it is.

    New ones; those whose positions are of another log than *generation*, which may hold less than was missed; and those of
    which this was found before, and not ended.
    """
    topics, partitions = [topic for topic, _ in places], [partition for _, partition in places]
    await connection.execute(sql.LOAD_NEW, EXPORT, LOADING, partitions)
    await connection.execute(sql.LOAD_AGAIN, EXPORT, LOADING, topics, partitions, generation)
    rows = await connection.fetch(sql.LOADING, EXPORT, LOADING, partitions)
    return {row["partition"]: row["next_offset"] for row in rows}


async def load_again(connection: Connection, partition: int) -> None:
    """Let the history of *partition* be loaded from where it was read last: its topic forgot what was not read yet."""
    await connection.execute(sql.LOAD_MORE, EXPORT, LOADING, partition)


async def loaded(connection: Connection, partition: int) -> None:
    """Note that the history of *partition* is loaded."""
    await connection.execute(sql.LOADED, EXPORT, LOADING, partition)


async def take_over_partitions(
    connection: Connection, partitions: Sequence[int], day: date | None
) -> dict[int, Standing]:
    """The standing of each partition; one that has no day yet gets *day*, where it is known, and a sweep that publishes it."""
    rows = await connection.fetch(sql.TAKE_OVER_PARTITIONS, sorted(set(partitions)), day)
    return {row["partition"]: Standing(row["day"], row["rated"], row["sweep_after"], row["sweep_all"]) for row in rows}
