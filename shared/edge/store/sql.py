"""The SQL of the hot path. Arrays in, arrays out; one statement a step, whatever the size of the batch."""

from __future__ import annotations

PIN_SESSION = (
    "set enable_hashjoin = off; set enable_mergejoin = off; set enable_seqscan = off; "
    "set plan_cache_mode = force_generic_plan"
)
"""Probes by index whatever the statistics say: on a growing table they are always stale (event-store.md, 2.3). So a plan
is good for all values, and made once."""
PIN = PIN_SESSION.replace("set ", "set local ")
"""The same for one transaction."""
PROBE = "set local enable_mergejoin = off; set local enable_seqscan = off"
"""The same where two lists that are in memory are joined: those by hash."""

LOAD = """
select u.stream, s.version, s.parked, s.partition, n.version as snapshot_version, n.fold_version, n.state
from unnest($1::text[], $2::bool[]) as u(stream, is_held)
left join streams s on s.stream = u.stream
left join snapshots n on n.stream = u.stream and not u.is_held
"""

_HEADS = """
select u.*, s.version as reached, s.parked, s.wakes_on, p.day, r.version as referred,
       exists (select from positions o where o.topic = $6 and o.partition = u.partition and o.generation <> '') as loading,
       coalesce(n.version, u.after) as since, case when coalesce(e.version, 0) <= n.version + 1 then n.state end as state,
       e.version, e.kind, e.type, e.source, e.id, e.time, e.utc_offset, e.recorded_at, e.data
from (
    select u.*, pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/' || u.stream, 0)) as has_turn{more}
    from unnest($1::text[], $2::int[], $3::text[], $4::int[]) as u(stream, partition, referring, after)
) u
left join streams s on s.stream = u.stream
left join snapshots n on n.stream = u.stream and n.fold_version = $5 and u.after = 0
left join partitions p on p.partition = u.partition
left join streams r on r.stream = u.referring
left join lateral (
    select version, kind, type, source, id, time, utc_offset, recorded_at, data
    from events
    where events.stream = u.stream and events.version > coalesce(n.version, u.after) and u.has_turn and not s.parked
    order by version
) e on true
"""
"""Streams, where their partitions stand, and what continues their snapshot or what is held, an event a row. Their turns
(`shared.edge.store.turns`) are taken where nobody else has them: what was read before a turn was free has moved, and is found
out."""


def heads(more: str) -> str:
    """The statement of `shared.edge.store.read.heads`. *more*: columns besides, of the stream *u* and its partition."""
    return _HEADS.format(more=f", {more}" if more else "")


TAILS = """
select e.*
from unnest($1::text[], $2::int[]) as u(stream, after)
cross join lateral (
    select stream, version, kind, type, source, id, time, utc_offset, recorded_at, data
    from events where events.stream = u.stream and events.version > u.after
    order by version
) e
"""

KNOWN = """
select u.n, e.content
from unnest($1::text[], $2::bytea[]) with ordinality as u(stream, identity, n)
cross join lateral (
    select content from events where events.stream = u.stream and events.identity = u.identity
) e
"""

KNOWN_ANYWHERE = """
select u.n, e.content, i.content as waiting, i.recorded_at
from unnest($1::text[], $2::bytea[]) with ordinality as u(stream, identity, n)
left join lateral (
    select content from events where events.stream = u.stream and events.identity = u.identity
) e on true
left join lateral (
    select content, recorded_at from intake where intake.stream = u.stream and intake.identity = u.identity
) i on true
where e.content is not null or i.content is not null
"""

_MOVE_STREAMS = """
with {first}held as (
    select s.stream, u.before, u.version, u.wakes_on, u.parked
    from unnest(${0}::text[], ${1}::int[], ${2}::int[], ${3}::date[], ${4}::bool[])
        with ordinality as u(stream, before, version, wakes_on, parked, n)
    join streams s on s.stream = u.stream{done}
    order by u.n
    for update of s
)
update streams s set version = h.version, wakes_on = h.wakes_on, parked = h.parked
from held h
where s.stream = h.stream and s.version = h.before
returning s.stream
"""


MOVE_STREAMS = _MOVE_STREAMS.format(*range(1, 6), first="", done="")
"""Locks in the order given, and moves those that still have the version that was read."""


def moving_after(first: str, values: int) -> str:
    """The same after *first*, a statement of so many *values*, in one round trip: no row is locked before that is done."""
    done = "\n    where (select count(*) from first) >= 0"
    return _MOVE_STREAMS.format(*range(values + 1, values + 6), first=f"first as ({first} returning 1), ", done=done)


INSERT_STREAMS = """
insert into streams (stream, partition, version, wakes_on, parked)
select * from unnest($1::text[], $2::smallint[], $3::int[], $4::date[], $5::bool[])
on conflict do nothing
"""

ADVANCE = """
update positions p set next_offset = u.upto
from unnest($1::text[], $2::smallint[], $3::text[], $4::bigint[], $5::bigint[])
    as u(topic, partition, generation, since, upto)
where p.topic = u.topic and p.partition = u.partition
  and p.generation = u.generation and p.next_offset = u.since
returning p.topic, p.partition
"""

NUMBER = """
with held as (
    select p.partition, u.logged, u.sent
    from unnest($2::smallint[], $3::int[], $4::int[]) as u(partition, logged, sent)
    join partitions p on p.partition = u.partition
    order by p.partition
    for update of p
), numbered as (
    update partitions p
    set log_position = p.log_position + h.logged, outbox_position = p.outbox_position + h.sent
    from held h
    where p.partition = h.partition
    returning p.partition, p.log_position, p.outbox_position - h.sent as outbox_before, p.day,
        case when h.sent > 0 then pg_notify(current_schema() || '_outbox', '')::text end as notified
), logged as (
    insert into commits
    select n.partition, n.log_position, $1::timestamptz, array_agg(u.stream order by u.n), array_agg(u.since order by u.n),
           array_agg(u.upto order by u.n)
    from numbered n
    join unnest($5::smallint[], $6::text[], $7::int[], $8::int[])
        with ordinality as u(partition, stream, since, upto, n) using (partition)
    group by n.partition, n.log_position
), sent as (
    insert into outbox (partition, position, topic, key, event_id, value, headers, recorded_at)
    select n.partition, n.outbox_before + u.n, u.topic, u.key, u.event_id, u.value, u.headers::jsonb, $1
    from numbered n
    join unnest($9::smallint[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::bytea[], $15::text[])
        as u(partition, n, topic, key, event_id, value, headers) using (partition)
)
table numbered
"""
"""Locks partitions by number, gives the next positions to the commit and to what is sent, writes both down, and wakes the
relay where something is sent."""

MAKE_PARTITIONS = "insert into partitions (partition) select unnest($1::smallint[]) on conflict do nothing"

SET_DAYS = """
update partitions p
set day = u.day, rated = u.rated, sweep_after = u.sweep_after, sweep_all = u.sweep_all
from unnest($1::smallint[], $2::date[], $3::date[], $4::text[], $5::bool[], $6::date[])
    as u(partition, day, rated, sweep_after, sweep_all, was_rated)
where p.partition = u.partition and p.rated is not distinct from u.was_rated
"""

SAVE_SNAPSHOTS = """
insert into snapshots (stream, version, fold_version, state)
select * from unnest($1::text[], $2::int[], $3::text[], $4::bytea[])
on conflict (stream) do update
set version = excluded.version, fold_version = excluded.fold_version, state = excluded.state
where snapshots.version < excluded.version or snapshots.fold_version <> excluded.fold_version
"""

SAVE_DEAD = """
insert into dead_letters (topic, partition, generation, position, reason, rule, pointer, raw, key, headers, recorded_at)
select * from unnest($1::text[], $2::smallint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                     $8::bytea[], $9::bytea[], $10::jsonb[], $11::timestamptz[])
on conflict do nothing
"""

SAVE_QUARANTINE = """
insert into quarantine (stream, identity, content, type, source, id, data, recorded_at)
select * from unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::bytea[],
                     $8::timestamptz[])
on conflict do nothing
"""

QUARANTINED = """
select u.n
from unnest($1::text[], $2::bytea[], $3::bytea[]) with ordinality as u(stream, identity, content, n)
join quarantine q on q.stream = u.stream and q.identity = u.identity and q.content = u.content
"""

PARK = """
insert into parked (stream, version, reason, since)
select * from unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[])
on conflict (stream) do update set version = excluded.version, reason = excluded.reason, retry = false
"""

UNPARK = "delete from parked where stream = any($1::text[])"

RAISED = """
update doubles d set raised_at = $3
from unnest($1::text[], $2::bytea[]) as u(stream, identity)
where d.stream = u.stream and d.identity = u.identity
"""

TAKE_OVER_POSITIONS = """
insert into positions (topic, partition, generation, next_offset)
select u.topic, u.partition, $3, 0 from unnest($1::text[], $2::smallint[]) as u(topic, partition)
on conflict (topic, partition) do update set
    next_offset = case when positions.generation in (excluded.generation, '') then positions.next_offset else 0 end,
    generation = excluded.generation
returning topic, partition, next_offset
"""

LOAD_NEW = """
insert into positions (topic, partition, generation, next_offset)
select distinct $1, p, $2, 0 from unnest($3::smallint[]) as p
on conflict do nothing
"""

LOAD_AGAIN = """
update positions e set generation = $2
where e.topic = $1 and exists (
    select from unnest($3::text[], $4::smallint[]) as u(topic, partition)
    join positions p on p.topic = u.topic and p.partition = u.partition
    where p.partition = e.partition and p.generation not in ('', $5)
)
"""

LOADING = "select partition, next_offset from positions where topic = $1 and generation = $2 and partition = any($3::smallint[])"

LOAD_MORE = "update positions set generation = $2 where topic = $1 and partition = $3"

LOADED = "update positions set generation = '' where topic = $1 and generation = $2 and partition = $3"

TAKE_OVER_PARTITIONS = """
insert into partitions (partition, day, sweep_after)
select p, $2::date, case when $2::date is not null then '' end from unnest($1::smallint[]) as p
on conflict (partition) do update set
    sweep_after = case when partitions.day is null then excluded.sweep_after else partitions.sweep_after end,
    day = coalesce(partitions.day, excluded.day)
returning partition, day, rated, sweep_after, sweep_all
"""

WAITING = """
select stream from streams
where partition = $1 and wakes_on <= $2 and not parked
order by wakes_on, stream limit $3
"""

NEXT_STREAMS = """
select stream from streams
where partition = $1 and stream > $2 and stream !~ '^~' and not parked
order by stream limit $3
"""

PARKED_HERE = """
select p.stream, s.partition from parked p join streams s using (stream)
where s.partition = any($1::smallint[]) and (p.retry or $2)
order by p.stream
"""
