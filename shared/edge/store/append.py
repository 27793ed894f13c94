"""The one transaction of a batch (architecture, fact 7): COPY first, lock late, check, write; all of it or nothing.

Locks are taken in one order everywhere, so that no two transactions wait for each other: the turns of partitions (shared, so
that only a starving command makes anybody wait), streams in C order, then projections, positions, and last partitions by number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any, Protocol

import asyncpg

from shared.core.errors import Fenced, Unavailable
from shared.edge.store import sql, turns
from shared.edge.store.pool import Connection
from shared.edge.store.positions import EXPORT, LOADING
from shared.edge.store.putting import Table
from shared.edge.store.rows import COLUMNS
from shared.edge.store.text import storable, storable_pairs
from shared.edge.store.write import Headers, Write

_TYPES = (
    "text", "integer", "bytea", "bytea", "smallint", "text", "text", "text", "timestamptz", "smallint", "date",
    "timestamptz", "smallint", "bytea",
)  # fmt: skip
EVENTS = Table("events", dict(zip(COLUMNS, _TYPES, strict=True)))
_APPEND_FEW = sql.moving_after(EVENTS.insert, len(COLUMNS))
"""Few events and the versions of their streams in one round trip."""
_ONE_TRIP = 96
"""Up to so many events: it saves two round trips, of COPY and of the versions."""


class Moved(Unavailable):
    """Another writer appended to a stream of this batch first; fold again and try again."""


class Projector(Protocol):
    """Writes a service's own tables inside the transaction of the batch."""

    async def write(self, connection: Connection, rows: Sequence[tuple[str, int, Any]], /) -> None:
        """Keep *rows*: (stream, version, `Outcome.row`), sorted by stream, one a stream."""


async def append(
    connection: Connection, write: Write, *, now: datetime, projector: Projector | None, has_turns: bool = False
) -> dict[int, date | None]:
    """Carry out *write* inside the transaction that is open on *connection*.

    *has_turns*: the turns of its partitions are taken, and the planner is pinned.

    Returns the day of each partition that was appended to, whose row is locked by now.

    Raises Moved (a stream's version is not the one that was read), Fenced (a consumed position or a rated day is not the
    one that was read), asyncpg errors. After any of them the transaction must be rolled back.
    """
    if not has_turns:
        touched = {one.partition for one in write.streams.values()} | write.days.keys()
        await connection.execute(f"{sql.PIN}; {turns.shared(touched)}")
    try:
        await _appended(connection, write)
    except asyncpg.UniqueViolationError as error:
        raise Moved(f"a version or an identity is taken by now: {error.detail}") from error
    # the long part, while the rows of the partitions are still free: commands of other streams need them
    if write.rows and projector is not None:
        await projector.write(connection, sorted(write.rows, key=lambda row: row[0]))
    if write.snapshots:
        await connection.execute(sql.SAVE_SNAPSHOTS, *_columns(sorted(write.snapshots)))
    await _aside(connection, write, now)
    await _positions(connection, write)
    days = await _numbered(connection, write, now)
    if write.days:
        await _days(connection, write)
    return days


async def _appended(connection: Connection, write: Write) -> None:
    """Write the events; lock, compare and move the versions. New streams are inserted; one that exists by now has moved."""
    ordered = sorted(write.streams.items())
    kept = _columns([(s, w.before, w.version, w.wakes_on, w.parked) for s, w in ordered if w.before])
    new = _columns([(s, w.partition, w.version, w.wakes_on, w.parked) for s, w in ordered if not w.before])
    if kept and not new and 0 < len(write.events) < _ONE_TRIP:
        done = await connection.fetch(_APPEND_FEW, *_columns(write.events), *kept)
    else:
        if write.events:
            await EVENTS.put(connection, write.events)
        done = await connection.fetch(sql.MOVE_STREAMS, *kept) if kept else []
    if kept and (moved := sorted(set(kept[0]) - {row["stream"] for row in done})):
        raise Moved(f"{len(moved)} streams moved, the first is {moved[0]}")
    if new and _count(await connection.execute(sql.INSERT_STREAMS, *new)) != len(new[0]):
        raise Moved("a new stream was made by another writer first")


async def _positions(connection: Connection, write: Write) -> None:
    if not write.positions:
        return
    wanted = [
        (topic, part, LOADING if topic == EXPORT else write.generation, *span)
        for (topic, part), span in sorted(write.positions.items())
    ]
    done = await connection.fetch(sql.ADVANCE, *_columns(wanted))
    if len(done) != len(wanted):
        lost = set(write.positions) - {(row["topic"], row["partition"]) for row in done}
        raise Fenced(f"another member moved the position of {sorted(lost)}")


async def _numbered(connection: Connection, write: Write, now: datetime) -> dict[int, date | None]:
    """Give the commit and the outbox rows their gapless positions; commit order is position order by the row lock.

    Returns the day of each partition. It is one statement, for who locks the rows of partitions keeps everybody waiting.
    """
    wanted = {one.partition for one in write.streams.values() if one.version > one.before}
    wanted |= {row.partition for row in write.outbox} | write.days.keys()
    if not wanted:
        return {}
    days = await _number(connection, write, now, wanted)
    if missing := sorted(wanted - days.keys()):
        await connection.execute(sql.MAKE_PARTITIONS, missing)
        days |= await _number(connection, write, now, set(missing))
    return days


async def _number(connection: Connection, write: Write, now: datetime, parts: set[int]) -> dict[int, date | None]:
    """Those of *parts* that there are."""
    logged = [
        (one.partition, stream, one.before + 1, one.version)
        for stream, one in write.streams.items()
        if one.partition in parts and one.version > one.before
    ]
    sent: dict[int, int] = {}
    outbox: list[tuple[Any, ...]] = []
    for row in write.outbox:
        if row.partition in parts:
            at = sent[row.partition] = sent.get(row.partition, 0) + 1
            key = None if row.key is None else storable(row.key)
            outbox.append((row.partition, at, row.topic, key, row.event_id, row.value, _named(row.headers)))
    written = {partition for partition, *_ in logged}
    counts = [(part, int(part in written), sent.get(part, 0)) for part in sorted(parts)]
    given = (_columns(counts), _columns(logged) or [[]] * 4, _columns(outbox) or [[]] * 7)
    found = await connection.fetch(sql.NUMBER, now, *chain.from_iterable(given))
    return {row["partition"]: row["day"] for row in found}


async def _days(connection: Connection, write: Write) -> None:
    wanted = [(part, *day) for part, day in sorted(write.days.items())]
    if _count(await connection.execute(sql.SET_DAYS, *_columns(wanted))) != len(wanted):
        raise Fenced(f"another member has ended the day of one of the partitions {sorted(write.days)}")


async def _aside(connection: Connection, write: Write, now: datetime) -> None:
    """What is kept for staff: dead letters, quarantine, parked customers."""
    if write.dead:
        dead = [
            (row.topic, row.partition, write.generation, row.position, storable(row.reason), row.rule,
             storable(row.pointer), row.raw, row.key, _named(row.headers), row.recorded_at)
            for row in write.dead
        ]  # fmt: skip
        await connection.execute(sql.SAVE_DEAD, *_columns(dead))
    if write.quarantine:
        await connection.execute(sql.SAVE_QUARANTINE, *_columns(write.quarantine))
    if write.parked:
        parked = [(stream, version, storable(reason), now) for stream, version, reason in write.parked]
        await connection.execute(sql.PARK, *_columns(parked))
    if write.unparked:
        await connection.execute(sql.UNPARK, write.unparked)
    if write.raised:
        await connection.execute(sql.RAISED, *_columns(write.raised), now)


def _named(headers: Headers | None) -> str | None:
    return None if headers is None else storable_pairs(headers)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Turn rows into the columns that `unnest` takes."""
    return [list(column) for column in zip(*rows, strict=True)]


def _count(status: str) -> int:
    """The number of rows in a command tag such as `INSERT 0 12`."""
    return int(status.rpartition(" ")[2])
