"""Whether what waits in an instance's database moves on: accepted facts, decisions to publish, days to be opened.

Ages say little: an import dates its facts years back, and a queue may be long and well. What counts is whether a queue
that holds something is shorter, or its reader further, than a moment ago.
"""

from __future__ import annotations

import asyncio

import asyncpg

from shared.edge import clock
from shared.edge.store.pool import connect

STILL_SECONDS = 15.0
"""A queue in which nothing moves for so long stands still. Longer than a batch and than a relay's longest pause."""
LOOK_SECONDS = 0.25
STATEMENT_SECONDS = 5.0

LOOK = """
with ahead as (
    select h.partition, coalesce(r.position, 0) as relayed
    from intake_heads h left join relays r on r.name = 'intake' and r.partition = h.partition
), sent as (
    select p.partition, coalesce(r.position, 0) as relayed
    from partitions p left join relays r on r.name = 'outbox' and r.partition = p.partition
), last as (
    select i.stream, i.identity, i.content
    from ahead a cross join lateral (
        select stream, identity, content from intake
        where partition = a.partition and position <= a.relayed order by position desc limit 1
    ) i
)
select
    exists (
        select from pg_locks where locktype = 'advisory' and objsubid = 1 and granted
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32) | objid::bigint = hashtextextended('relay:' || current_schema(), 0)
    ) as relay_owned,
    exists (
        select from ahead a cross join lateral (
            select from intake i where i.partition = a.partition and i.position > a.relayed limit 1
        ) i
    ) or exists (
        select from relays f, relays u where f.name = 'facts' and u.name = 'facts_until' and f.position < u.position
    ) as facts_wait,
    exists (
        select from sent s cross join lateral (
            select from outbox o where o.partition = s.partition and o.position > s.relayed limit 1
        ) o
    ) as decisions_wait,
    exists (
        select from last l
        where not exists (select from events e where e.stream = l.stream and e.identity = l.identity)
        and not exists (
            select from quarantine q where q.stream = l.stream and q.identity = l.identity and q.content = l.content
        )
    ) or exists (select from partitions where sweep_after is not null) as work_waits,
    (select string_agg(concat_ws(' ', name, partition, position), ',' order by name, partition)
     from relays where name <> 'outbox') as facts_at,
    (select string_agg(concat_ws(' ', partition, position), ',' order by partition)
     from relays where name = 'outbox') as decisions_at,
    concat(
        (select string_agg(concat_ws(' ', topic, partition, generation, next_offset), ',' order by topic, partition)
         from positions), ';',
        (select string_agg(concat_ws(' ', partition, day, rated, sweep_after, log_position), ',' order by partition)
         from partitions)
    ) as work_at
"""
"""One look, a few index probes a partition. Of the facts that are relayed only the last of each partition is looked for
in the log: they are appended in that order."""

STUCK = {
    "relay": "the relay does not run: nobody carries facts and decisions to the broker",
    "facts": "rating-relay: accepted facts wait for the broker, and none has left for {seconds:g} s",
    "decisions": "rating-relay: decisions wait for the broker, and none has left for {seconds:g} s",
    "work": "rating-worker: facts wait to be applied, and nothing was committed for {seconds:g} s",
}


async def stuck(dsn: str, *, schema: str = "rating", seconds: float = STILL_SECONDS) -> list[str]:
    """A sentence for each queue that holds something and stands still; none: all is well, which is said at once.

    Looks until everything that waits has moved, at most *seconds*. Raises OSError, asyncpg errors.
    """
    connection = await connect(dsn, schema=schema, statement_seconds=STATEMENT_SECONDS)
    try:
        until = clock.monotonic() + seconds
        standing = await _waiting(connection)
        while standing and clock.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
            standing &= await _waiting(connection)
    finally:
        connection.terminate()
    return [STUCK[name].format(seconds=seconds) for name in STUCK if name in {one for one, _ in standing}]


async def _waiting(connection: asyncpg.Connection) -> set[tuple[str, str]]:
    """What waits, and how far its reader is: in two looks the same where nothing moved."""
    row = await connection.fetchrow(LOOK)
    assert row is not None
    queues = {(name, str(row[f"{name}_at"])) for name in ("facts", "decisions") if row[f"{name}_wait"]}
    if row["work_waits"]:
        queues.add(("work", str(row["work_at"])))
    return queues if row["relay_owned"] else queues | {("relay", "")}
