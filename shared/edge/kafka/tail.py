"""What a relay reads: the rows after its position, in order. Positions are gapless in commit order: none is missed."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import asyncpg
import msgspec

from shared.edge.kafka.record import Headers, Outgoing
from shared.edge.kafka.refill import EVENTS_TOPIC, STRUCTURED, millis
from shared.edge.store.pool import Connection
from shared.edge.store.rows import subject_of

DEAD = ".dead"
INTAKE = ("gradeline-intake", b"1")
RAW = ("content-type", b"application/octet-stream")

_ROWS = """
select t.*, r.position as started from relays r cross join lateral (
    select {columns} from {name} t where t.partition = r.partition and t.position > r.position
    order by t.position limit $1
) t where r.name = '{name}'
"""
_COLUMNS = {
    "outbox": "'outbox' as name, partition, position, topic, key, event_id, value, headers, recorded_at",
    "intake": "'intake' as name, partition, position, null as topic, stream as key, null as event_id, value, "
    "null::jsonb as headers, recorded_at",
}
_ADVANCE = """
with log as (select 1 from broker where generation = $4 for share)
update relays r set position = w.position
from unnest($1::text[], $2::smallint[], $3::bigint[], $5::bigint[]) as w (name, partition, position, started), log
where r.name = w.name and r.partition = w.partition and r.position = w.started and r.position < w.position
"""
_PRUNE = """
delete from outbox where ctid = any (array(
    select first.ctid from relays r cross join lateral (
        select o.ctid, o.recorded_at from outbox o where o.partition = r.partition and o.position <= r.position
        order by o.position limit $2
    ) first where r.name = 'outbox' and first.recorded_at < $1
))
"""
_OLDEST = """
select min(t.recorded_at) from relays r cross join lateral (
    select recorded_at from outbox o where o.partition = r.partition and o.position > r.position
    order by o.position limit 1
) t where r.name = 'outbox'
"""


class Tail(msgspec.Struct, frozen=True):
    """Rows ready to publish, and where each (table, partition) stands when they are."""

    records: list[Outgoing]
    reached: dict[tuple[str, int], int]
    started: dict[tuple[str, int], int]
    """Where each of them stood when the rows were read."""


async def prepare(connection: asyncpg.Connection, name: str, partitions: int) -> None:
    """Make the rows of `relays` that are not there yet."""
    await connection.execute(
        "insert into relays (name, partition, position) select $1, n, 0 from generate_series(0, $2 - 1) n "
        "on conflict do nothing",
        name,
        partitions,
    )


async def read(connection: asyncpg.Connection, names: tuple[str, ...], limit: int) -> Tail:
    """Return up to *limit* rows a partition of each of the tables *names*, every partition of each in its order."""
    rows = await connection.fetch(_reading(names), limit)
    reached = {(row["name"], row["partition"]): row["position"] for row in rows}
    started = {(row["name"], row["partition"]): row["started"] for row in rows}
    return Tail([_MAKE[row["name"]](row) for row in rows], reached, started)


@cache
def _reading(names: tuple[str, ...]) -> str:
    """One statement for all of *names*, decisions first: they have come further."""
    selects = [_ROWS.format(name=name, columns=_COLUMNS[name]) for name in names]
    return " union all ".join(selects) + " order by 1 desc, partition, position"


async def advance(connection: asyncpg.Connection, tail: Tail, generation: str) -> bool:
    """Note that *tail* is published; never backwards, and only while the log is still that of *generation*.

    A partition that was moved since (`again`) stays where it was put.
    """
    names, parts = zip(*tail.reached, strict=True)
    positions, started = list(tail.reached.values()), [tail.started[place] for place in tail.reached]
    status = await connection.execute(_ADVANCE, names, parts, positions, generation, started)
    return bool(status.endswith(f" {len(parts)}"))


async def again(connection: Connection, name: str, partition: int) -> None:
    """Let the relay publish once more what the table *name* still holds of *partition*; repeated records are harmless."""
    await connection.execute("update relays set position = 0 where name = $1 and partition = $2", name, partition)
    await connection.execute("select pg_notify(current_schema() || '_' || $1, '')", name)


async def prune(connection: asyncpg.Connection, before: datetime, limit: int) -> int:
    """Drop relayed outbox rows recorded before *before*, at most *limit* a partition. Returns how many went."""
    status = await connection.execute(_PRUNE, before, limit)
    return int(status.rpartition(" ")[2])


async def oldest(connection: asyncpg.Connection) -> datetime | None:
    """Return when the oldest decision that has not left yet was recorded."""
    found: datetime | None = await connection.fetchval(_OLDEST)
    return found


def from_outbox(row: Any) -> Outgoing:
    """A decision, or a dead letter whose headers say why."""
    kind = RAW if row["topic"].endswith(DEAD) else STRUCTURED
    extra: Headers = ()
    if row["headers"] is not None:
        extra = tuple((name, text.encode()) for name, text in msgspec.json.decode(row["headers"]))
    key = None if row["key"] is None else row["key"].encode()
    return Outgoing(row["topic"], row["partition"], key, row["value"], (kind, *extra), millis(row["recorded_at"]))


def from_intake(row: Any) -> Outgoing:
    """A fact that came over HTTP."""
    key = subject_of(row["key"]).encode()
    headers = (STRUCTURED, INTAKE)
    return Outgoing(EVENTS_TOPIC, row["partition"], key, row["value"], headers, millis(row["recorded_at"]))


_MAKE = {"outbox": from_outbox, "intake": from_intake}
