"""One identity in the streams of two customers: looked for in the background, in the order of the log, a bounded piece at a time.

`unique (stream, identity)` sees one stream only. An index over all of them would be paid for by every append, for ever; a
small table of fingerprints, filled behind the log, is paid for when there is time (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.edge.store import sql
from shared.edge.store.pool import Connection

NEXT = """
select p.partition, coalesce(c.position, 0) as after
from partitions p left join identities_checked c using (partition)
where p.partition = any($1::smallint[]) and p.log_position > coalesce(c.position, 0)
order by p.log_position - coalesce(c.position, 0) desc limit 1
"""
UPTO = """
select max(position) from (
    select position, sum(events) over (order by position) - events as before from (
        select position, (select sum(b - a + 1) from unnest(c.first, c.last) as s(a, b)) as events
        from commits c where partition = $1 and position > $2 order by position limit $3
    ) taken
) counted where before < $3
"""
"""Whole transactions, about so many events, one transaction at least."""
TAKE = """
with fresh as materialized (
    select e.stream, e.version, e.identity, ('x' || encode(substr(e.identity, 1, 8), 'hex'))::bit(64)::bigint as fingerprint
    from commits c
    cross join lateral unnest(c.streams, c.first, c.last) as u(stream, a, b)
    cross join lateral (
        select stream, version, identity from events
        where events.stream = u.stream and events.version between u.a and u.b and kind = 0
        offset 0
    ) e
    where c.partition = $1 and c.position > $2 and c.position <= $3 and u.stream !~ '^~'
), kept as (
    insert into identities (fingerprint, stream)
    select fingerprint, stream from fresh order by fingerprint, stream
    on conflict do nothing returning fingerprint, stream
)
select f.stream, f.version, f.fingerprint from fresh f
where not exists (select from kept k where k.fingerprint = f.fingerprint and k.stream = f.stream)
"""
"""Note whose each identity is; what comes back has a fingerprint that was taken. In the order of the index, so that two
rounds never wait for each other both ways, and neighbours are written together."""
SHARED = """
select e.identity, e.source, e.id, u.stream, s.partition, e.type,
       i.stream as other, t.partition as other_partition, o.type as other_type
from unnest($1::text[], $2::int[], $3::bigint[]) as u(stream, version, fingerprint)
join identities i on i.fingerprint = u.fingerprint and i.stream <> u.stream
cross join lateral (
    select identity, source, id, type from events where events.stream = u.stream and events.version = u.version
) e
cross join lateral (select type from events where events.stream = i.stream and events.identity = e.identity) o
join streams s on s.stream = u.stream
join streams t on t.stream = i.stream
"""
"""A fingerprint is half an identity: only where the other stream has the whole of it are they the same."""
NOTE = """
insert into doubles (stream, identity, partition, type, source, id, other, found_at)
select * from unnest($1::text[], $2::bytea[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::timestamptz[])
on conflict do nothing
"""
REACHED = """
insert into identities_checked as c (partition, position) values ($1, $2)
on conflict (partition) do update set position = excluded.position where c.position < excluded.position
"""
WAITING = """
select stream, identity, partition, type, source, id, other from doubles
where partition = any($1::smallint[]) and raised_at is null order by found_at, stream limit $2
"""


class Double(NamedTuple):
    """A fact whose identity a fact of the customer *other* has too."""

    stream: str
    identity: bytes
    partition: int
    type: str
    source: str
    id: str
    other: str


async def check(connection: Connection, partitions: Sequence[int], *, limit: int, now: datetime) -> bool:
    """Look through the next *limit* events or so of one of *partitions*, and note what is found on both customers.

    Inside the caller's transaction. Returns whether there may be more to look through. A round that is repeated finds
    the same and notes nothing twice.
    """
    await connection.execute(sql.PROBE)
    behind = await connection.fetchrow(NEXT, partitions)
    if behind is None:
        return False
    partition, after = behind["partition"], behind["after"]
    upto = await connection.fetchval(UPTO, partition, after, limit)
    if upto is None:
        return False
    taken = await connection.fetch(TAKE, partition, after, upto)
    if taken:
        columns = [[row[name] for row in taken] for name in ("stream", "version", "fingerprint")]
        found = [double for row in await connection.fetch(SHARED, *columns) for double in _both(row)]
        if found:
            await connection.execute(NOTE, *[list(column) for column in zip(*found, strict=True)], [now] * len(found))
    await connection.execute(REACHED, partition, upto)
    return True


async def waiting(connection: Connection, partitions: Sequence[int], limit: int) -> list[Double]:
    """What was found about customers of *partitions* and is not in their streams yet, at most *limit*."""
    return [Double(*row) for row in await connection.fetch(WAITING, partitions, limit)]


def _both(row: Any) -> tuple[Double, Double]:
    identity, source, id_ = row["identity"], row["source"], row["id"]
    return (
        Double(row["stream"], identity, row["partition"], row["type"], source, id_, row["other"]),
        Double(row["other"], identity, row["other_partition"], row["other_type"], source, id_, row["stream"]),
    )
