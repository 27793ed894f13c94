"""Reading streams: one of them up to an instant, many of them at once, and which identities are known already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

import asyncpg

from shared.core.envelope import Event
from shared.edge.store import sql
from shared.edge.store.pool import Connection
from shared.edge.store.positions import EXPORT
from shared.edge.store.rows import Stored, event_of, stored_of

ONE = """
select stream, version, kind, type, source, id, time, utc_offset, recorded_at, data
from events
where stream = $1 and version > $2 and ($3::timestamptz is null or recorded_at <= $3)
order by version limit $4
"""

NOTHING: Mapping[str, int] = {}


class Seen(NamedTuple):
    """Content of an identity that is kept already, and when it was recorded, where intake says so."""

    content: bytes
    recorded_at: datetime | None = None


@dataclass(slots=True)
class Loaded:
    """One stream as the database has it: what continues a snapshot of *snapshot_version* (0: none) up to *version*."""

    stream: str
    version: int = 0
    parked: bool = False
    snapshot_version: int = 0
    snapshot: bytes | None = None
    tail: list[Event] = field(default_factory=list)
    size: int = 0
    """Bytes of snapshot and tail."""


class Head(NamedTuple):
    """One stream, and where its partition stands."""

    loaded: Loaded
    partition: int
    day: date | None
    referred: int
    """Version of the reference facts of the partition."""
    is_loading: bool
    """Whether the history of the partition is still being loaded."""
    is_due: bool
    """Whether something may follow from its day alone: of what is stored, nothing does before the day it waits for."""
    has_turn: bool
    """False: somebody else has the turn of the stream, and its events were not read."""
    row: asyncpg.Record
    """The columns that were asked for besides."""


async def read_stream(
    connection: Connection,
    stream: str,
    *,
    after: int = 0,
    known_at: datetime | None = None,
    limit: int | None = None,
) -> list[Stored]:
    """The events of *stream* above version *after* in version order, recorded at *known_at* at the latest."""
    return [stored_of(row) for row in await connection.fetch(ONE, stream, after, known_at, limit)]


async def load(
    connection: Connection,
    streams: Sequence[str],
    *,
    fold_version: str,
    parked: bool = False,
    pinned: bool = False,
    after: Mapping[str, int] = NOTHING,
) -> dict[str, Loaded]:
    """Every stream of *streams* with its snapshot and tail, in two round trips; one that is new has version 0.

    *after*: versions from which states in memory go on; those streams come without snapshot.

    Snapshots of another fold version are ignored: such a stream is folded from its first event. Parked streams come
    without tail unless *parked*, because nobody folds them. Must run inside a transaction, whose planner it pins unless
    it is *pinned*.
    """
    if not pinned:
        await connection.execute(sql.PIN)
    found: dict[str, Loaded] = {}
    for row in await connection.fetch(sql.LOAD, streams, [stream in after for stream in streams]):
        stream = row["stream"]
        found[stream] = _loaded(stream, row, fold_version, after.get(stream))
    await _tails(connection, found, parked)
    return found


async def heads(
    connection: Connection,
    statement: str,
    streams: Sequence[tuple[str, int]],
    *,
    fold_version: str,
    after: Mapping[str, int],
    referring: Sequence[str],
) -> dict[str, Head]:
    """Each of *streams* (name, partition) as `load` would read it, and where its partition stands, in one round trip.

    *statement*: that of `sql.heads`. *referring*: for each of them, the stream of its reference facts. The turns that are free
    are taken.
    """
    names, partitions = [name for name, _ in streams], [partition for _, partition in streams]
    held = [after.get(name, 0) for name in names]
    found: dict[str, Head] = {}
    for row in await connection.fetch(statement, names, partitions, referring, held, fold_version, EXPORT):
        stream = row["stream"]
        head = found.get(stream)
        if head is None:
            head = found[stream] = _head(row)
        if row["version"] is not None:
            _add(head.loaded, row)
    return found


def _head(row: asyncpg.Record) -> Head:
    loaded = Loaded(row["stream"], row["reached"] or 0, bool(row["parked"]), row["since"], row["state"])
    loaded.size = len(row["state"] or b"")
    day, wakes_on = row["day"], row["wakes_on"]
    is_due = not loaded.version or (wakes_on is not None and day is not None and wakes_on <= day)
    return Head(loaded, row["partition"], day, row["referred"] or 0, row["loading"], is_due, row["has_turn"], row)


def _add(one: Loaded, row: asyncpg.Record) -> None:
    """The next event of a stream."""
    expected = one.snapshot_version + len(one.tail) + 1
    assert row["version"] == expected, f"stream {one.stream} has a hole before version {row['version']}"
    one.tail.append(event_of(row))
    one.size += len(row["data"])
    # a writer may have appended between two reads; what was read is what the state will be
    one.version = max(one.version, row["version"])


def _loaded(stream: str, row: asyncpg.Record, fold_version: str, after: int | None) -> Loaded:
    one = Loaded(stream, row["version"] or 0, bool(row["parked"]))
    if after is not None:
        one.snapshot_version = after
    elif row["state"] is not None and row["fold_version"] == fold_version:
        one.snapshot_version, one.snapshot = row["snapshot_version"], row["state"]
        one.size = len(row["state"])
    return one


async def _tails(connection: Connection, found: dict[str, Loaded], parked: bool) -> None:
    wanted = [one for one in found.values() if one.version > one.snapshot_version and (parked or not one.parked)]
    if not wanted:
        return
    names, after = [one.stream for one in wanted], [one.snapshot_version for one in wanted]
    for row in await connection.fetch(sql.TAILS, names, after):
        _add(found[row["stream"]], row)


async def known(connection: Connection, keys: Sequence[tuple[str, bytes]]) -> dict[int, Seen]:
    """Which of *keys* (stream, identity) are in their stream: index in *keys* → content. Pins the planner as `load`."""
    if not keys:
        return {}
    await connection.execute(sql.PIN)
    return {row["n"] - 1: Seen(row["content"]) for row in await connection.fetch(sql.KNOWN, *_split(keys))}


async def known_anywhere(
    connection: Connection, keys: Sequence[tuple[str, bytes]]
) -> tuple[dict[int, Seen], dict[int, Seen]]:
    """As `known`, and the same of what waits in intake, with its recorded time."""
    if not keys:
        return {}, {}
    await connection.execute(sql.PIN)
    kept: dict[int, Seen] = {}
    waiting: dict[int, Seen] = {}
    for row in await connection.fetch(sql.KNOWN_ANYWHERE, *_split(keys)):
        if row["content"] is not None:
            kept[row["n"] - 1] = Seen(row["content"])
        if row["waiting"] is not None:
            waiting[row["n"] - 1] = Seen(row["waiting"], row["recorded_at"])
    return kept, waiting


def _split(keys: Sequence[tuple[str, bytes]]) -> tuple[list[str], list[bytes]]:
    return [key[0] for key in keys], [key[1] for key in keys]


async def quarantined(connection: Connection, keys: Sequence[tuple[str, bytes, bytes]]) -> set[int]:
    """The indexes of those *keys* (stream, identity, content) that are in quarantine already."""
    if not keys:
        return set()
    rows = await connection.fetch(sql.QUARANTINED, *[list(column) for column in zip(*keys, strict=True)])
    return {row["n"] - 1 for row in rows}
