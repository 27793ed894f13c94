"""Facts that come over HTTP, kept before they are acknowledged: gapless per target partition, relayed in that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import asyncpg
import msgspec

from shared.core.envelope import Event
from shared.core.errors import Conflict
from shared.edge import codec
from shared.edge.kafka.partition import partition_of
from shared.edge.store.pool import Connection
from shared.edge.store.putting import Table
from shared.edge.store.read import known_anywhere
from shared.edge.store.rows import stream_of

INTAKE = Table(
    "intake",
    {
        "partition": "smallint",
        "position": "bigint",
        "stream": "text",
        "identity": "bytea",
        "content": "bytea",
        "value": "bytea",
        "recorded_at": "timestamptz",
    },
)

FIND_HEADS = "select partition from intake_heads where partition = any($1::smallint[])"
LOCK_HEADS = """
select partition, position from intake_heads where partition = any($1::smallint[]) order by partition for update
"""
MAKE_HEADS = """
insert into intake_heads (partition, position) select p, 0 from unnest($1::smallint[]) as p order by p
on conflict do nothing
"""
MOVE_HEADS = """
update intake_heads h set position = u.position
from unnest($1::smallint[], $2::bigint[]) as u(partition, position)
where h.partition = u.partition
"""
CLEAN = """
delete from intake i
using relays r
where r.name = 'intake' and r.partition = i.partition and i.position <= r.position
  and exists (select from events e where e.stream = i.stream and e.identity = i.identity)
"""
CLEAN_QUARANTINED = """
delete from intake i
using relays r, quarantine q
where r.name = 'intake' and r.partition = i.partition and i.position <= r.position
  and q.stream = i.stream and q.identity = i.identity and q.content = i.content
"""


class Sealer(Protocol):
    """Seals personal fields before anything is kept."""

    async def seal(self, events: Sequence[Event], /) -> list[Event]:
        """The same events in the same order, sealed."""

    def unreadable(self, event: Event, /) -> bool:
        """Whether nobody can say if *event* has the content that is kept: the key of its subject is destroyed."""


class Accepted(NamedTuple):
    """What became of a batch: how many facts are kept now, how many were kept before, and which those are."""

    kept: int
    duplicates: int
    repeated: frozenset[int]
    """Places in the batch of the facts that changed nothing."""


@dataclass(slots=True)
class _Row:
    """One fact for one partition. *index* is its place in the posted batch."""

    index: int
    partition: int
    stream: str
    event: Event
    content: bytes


async def accept(
    pool: asyncpg.Pool, events: Sequence[Event], *, now: datetime, partitions: int, sealer: Sealer | None
) -> Accepted:
    """Keep *events*, all or nothing, recorded *now*. Once this returns they are durable.

    An event that carries a `recordedtime` is recorded then, never later than *now*: whoever calls this has made sure that
    its sender may say when a fact was known (an import of history), or has taken the extension off.

    An event about `~reference` or `~day` goes to every partition, under `<id>/<partition>`. The same event again is a
    duplicate and changes nothing. Raises Conflict naming the index where an identity was used for other content,
    asyncpg errors.
    """
    sealed = list(events) if sealer is None else await sealer.seal(events)
    async with pool.acquire() as connection, connection.transaction():
        return await keep(connection, sealed, now=now, partitions=partitions, sealer=sealer)


async def keep(
    connection: Connection,
    events: Sequence[Event],
    *,
    now: datetime,
    partitions: int,
    sealer: Sealer | None = None,
    formerly: Mapping[int, Event] | None = None,
) -> Accepted:
    """As `accept`, of events that are sealed already, inside the caller's transaction.

    *formerly*: place in *events* → the same event about whom it named before its subject was linked to a customer,
    sealed. One that was kept under that name is a duplicate: it counts already.
    """
    rows = _distinct(_spread(events, partitions))
    if not rows:
        return Accepted(0, 0, frozenset())
    heads = await _lock(connection, sorted({row.partition for row in rows}))
    fresh = await _fresh(connection, rows, sealer)
    if formerly:
        fresh = await _unnamed(connection, fresh, formerly, sealer)
    if fresh:
        await INTAKE.put(connection, _numbered(fresh, heads, now))
        moved = sorted({row.partition for row in fresh})
        await connection.execute(MOVE_HEADS, moved, [heads[partition] for partition in moved])
        await connection.execute("select pg_notify(current_schema() || '_intake', '')")
    repeated = frozenset(range(len(events))) - {row.index for row in fresh}
    return Accepted(len(events) - len(repeated), len(repeated), repeated)


async def clean(connection: Connection) -> int:
    """Drop what is relayed and in its stream by now (or set aside for good). Returns how many rows that was."""
    done = await connection.execute(CLEAN)
    aside = await connection.execute(CLEAN_QUARANTINED)
    return sum(int(status.rpartition(" ")[2]) for status in (done, aside))


def _spread(events: Sequence[Event], partitions: int) -> list[_Row]:
    rows: list[_Row] = []
    for index, event in enumerate(events):
        if not event.subject.startswith("~"):
            partition = partition_of(event.subject, partitions)
            rows.append(_Row(index, partition, event.subject, event, event.content))
            continue
        for partition in range(partitions):
            one = msgspec.structs.replace(event, id=f"{event.id}/{partition}")
            rows.append(_Row(index, partition, stream_of(event.subject, partition), one, one.content))
    return rows


def _distinct(rows: Sequence[_Row]) -> list[_Row]:
    """The rows without repetitions inside the batch. Raises Conflict where one is repeated with other content."""
    seen: dict[tuple[str, bytes], _Row] = {}
    for row in rows:
        first = seen.setdefault((row.stream, row.event.identity), row)
        if first.content != row.content:
            raise _conflict(row)
    return list(seen.values())


async def _lock(connection: Connection, partitions: Sequence[int]) -> dict[int, int]:
    """Lock the heads in partition order. Whoever holds them is alone with every stream of these partitions."""
    there = await connection.fetch(FIND_HEADS, partitions)
    if len(there) != len(partitions):  # made before any is locked: who waits to insert must hold nothing
        await connection.execute(MAKE_HEADS, partitions)
    found = await connection.fetch(LOCK_HEADS, partitions)
    return {row["partition"]: row["position"] for row in found}


async def _fresh(connection: Connection, rows: Sequence[_Row], sealer: Sealer | None) -> list[_Row]:
    """Those of *rows* that are neither in intake nor in their stream. Raises Conflict."""
    keys = [(row.stream, row.event.identity) for row in rows]
    kept, waiting = await known_anywhere(connection, keys)
    kept |= waiting
    for index, seen in sorted(kept.items()):
        row = rows[index]
        if seen.content != row.content and not (sealer is not None and sealer.unreadable(row.event)):
            raise _conflict(row)
    return [row for index, row in enumerate(rows) if index not in kept]


async def _unnamed(
    connection: Connection, rows: Sequence[_Row], formerly: Mapping[int, Event], sealer: Sealer | None
) -> list[_Row]:
    """Those of *rows* that were not kept *formerly*. Raises Conflict where one was, with other content."""
    former = [
        _Row(row.index, row.partition, one.subject, one, one.content)
        for row in rows
        if (one := formerly.get(row.index)) is not None
    ]
    new = {row.index for row in await _fresh(connection, former, sealer)}
    known = {row.index for row in former} - new
    return [row for row in rows if row.index not in known]


def _numbered(rows: Sequence[_Row], heads: dict[int, int], now: datetime) -> list[tuple[object, ...]]:
    """The rows of the table, each with the next position of its partition; *heads* moves along."""
    records: list[tuple[object, ...]] = []
    for row in rows:
        heads[row.partition] += 1
        at = now if row.event.recordedtime is None else min(row.event.recordedtime, now)
        value = codec.encode(msgspec.structs.replace(row.event, recordedtime=at, sequence=None))
        identity = row.event.identity
        records.append((row.partition, heads[row.partition], row.stream, identity, row.content, value, at))
    return records


def _conflict(row: _Row) -> Conflict:
    event = row.event
    message = f"/{row.index}: id {event.id} of {event.source} was used for {event.subject} with other content"
    return Conflict(f"{message}; send a correction as its own fact", index=row.index)
