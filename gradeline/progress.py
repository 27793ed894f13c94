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
RECENT = 20
"""In so many commits of a partition, the last ones, its last fact is looked for."""
LEADER = "rating"
STATEMENT_SECONDS = 5.0

_RELAYED = """
    exists (
        select from pg_locks where locktype = 'advisory' and objsubid = 1 and granted
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32) | objid::bigint = hashtextextended('relay:' || current_schema(), 0)
    ) as relay_owned,
    exists (
        select from sent s cross join lateral (
            select from outbox o where o.partition = s.partition and o.position > s.relayed limit 1
        ) o
    ) as decisions_wait,
    (select string_agg(concat_ws(' ', partition, position), ',' order by partition)
     from relays where name = 'outbox') as decisions_at,
    concat(
        (select string_agg(concat_ws(' ', topic, partition, generation, next_offset), ',' order by topic, partition)
         from positions), ';',
        (select string_agg(concat_ws(' ', partition, day, rated, sweep_after, log_position), ',' order by partition)
         from partitions)
    ) as work_at
"""
_SENT = """
sent as (
    select p.partition, coalesce(r.position, 0) as relayed
    from partitions p left join relays r on r.name = 'outbox' and r.partition = p.partition
)
"""
LOOK = """
with ahead as (
    select h.partition, coalesce(r.position, 0) as relayed
    from intake_heads h left join relays r on r.name = 'intake' and r.partition = h.partition
), {sent}, last as (
    select i.stream, i.identity, i.content
    from ahead a cross join lateral (
        select stream, identity, content from intake
        where partition = a.partition and position <= a.relayed order by position desc limit 1
    ) i
)
select
    exists (
        select from ahead a cross join lateral (
            select from intake i where i.partition = a.partition and i.position > a.relayed limit 1
        ) i
    ) or exists (
        select from relays f, relays u where f.name = 'facts' and u.name = 'facts_until' and f.position < u.position
    ) as facts_wait,
    exists (
        select from last l
        where not exists (select from events e where e.stream = l.stream and e.identity = l.identity)
        and not exists (
            select from quarantine q where q.stream = l.stream and q.identity = l.identity and q.content = l.content
        )
    ) or exists (select from partitions where sweep_after is not null) as work_waits,
    (select string_agg(concat_ws(' ', name, partition, position), ',' order by name, partition)
     from relays where name <> 'outbox') as facts_at,
    {relayed}
"""
"""One look, a few index probes a partition. Of the facts that are relayed only the last of each partition is looked for
in the log: they are appended in that order."""

FOLLOWING = """
with {sent}, last as (
    select f.stream, f.identity
    from {leader}.partitions p cross join lateral (
        select e.stream, e.identity
        from {leader}.commits c cross join lateral unnest(c.streams, c.first, c.last) as u (stream, a, b)
        join {leader}.events e on e.stream = u.stream and e.version between u.a and u.b
        where c.partition = p.partition and c.position > p.log_position - {recent} and e.kind = 0 and u.stream !~ '^~'
        order by c.position desc, e.stream, e.version limit 1
    ) f
)
select
    false as facts_wait, '' as facts_at,
    exists (select from last l where not exists (
        select from events e where e.stream = l.stream and e.identity = l.identity
    ))
    or exists (select from partitions where sweep_after is not null)
    or exists (select from positions where generation = 'loading') as work_waits,
    {relayed}
"""
"""The same of a service that follows another one: whether it has the last fact of each partition that that one has."""

HEARING = """
with {sent}
select
    false as facts_wait, '' as facts_at,
    exists (
        select from {leader}.partitions r left join partitions p using (partition)
        where r.rated is not null and (p.day is null or p.day < r.rated)
    )
    or exists (select from partitions where sweep_after is not null)
    or exists (select from positions where generation = 'loading') as work_waits,
    {relayed}
"""
"""The same of a service that hears decisions and no facts: whether it has every day that was rated."""
LOOKS = {LEADER: LOOK, "exposure": FOLLOWING, "alerts": HEARING}

STUCK = {
    "relay": "the relay of {schema} does not run: nobody carries facts and decisions to the broker",
    "facts": "{schema}-relay: accepted facts wait for the broker, and none has left for {seconds:g} s",
    "decisions": "{schema}-relay: decisions wait for the broker, and none has left for {seconds:g} s",
    "work": "{schema}-worker: facts wait to be applied, and nothing was committed for {seconds:g} s",
}


async def stuck(dsn: str, *, schema: str = LEADER, seconds: float = STILL_SECONDS) -> list[str]:
    """A sentence for each queue that holds something and stands still; none: all is well, which is said at once.

    Looks until everything that waits has moved, at most *seconds*. Raises OSError, asyncpg errors.
    """
    connection = await connect(dsn, schema=schema, statement_seconds=STATEMENT_SECONDS)
    try:
        until = clock.monotonic() + seconds
        look = LOOKS[schema].format(sent=_SENT, relayed=_RELAYED, leader=LEADER, recent=RECENT)
        standing = await _waiting(connection, look)
        while standing and clock.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
            standing &= await _waiting(connection, look)
    finally:
        connection.terminate()
    return [
        STUCK[name].format(schema=schema, seconds=seconds) for name in STUCK if name in {one for one, _ in standing}
    ]


async def _waiting(connection: asyncpg.Connection, look: str) -> set[tuple[str, str]]:
    """What waits, and how far its reader is: in two looks the same where nothing moved."""
    row = await connection.fetchrow(look)
    assert row is not None
    queues = {(name, str(row[f"{name}_at"])) for name in ("facts", "decisions") if row[f"{name}_wait"]}
    if row["work_waits"]:
        queues.add(("work", str(row["work_at"])))
    return queues if row["relay_owned"] else queues | {("relay", "")}
