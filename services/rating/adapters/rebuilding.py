"""The projections built again from the log beside the live ones, compared, and put in their place. Facts and reads go on.

They are built in the schema `rating_next` by the same functions that write the live ones; what facts change meanwhile is
built again until little is left, and the rest under a lock that holds up commits for a moment. What was live goes to
the schema `rating_before` and can be brought back: the same catching up is done there first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import asyncpg
import msgspec

from services.rating.adapters.context import refolder
from services.rating.adapters.projecting import CustomerProjector
from services.rating.core.brain import RatingBrain
from shared.core.errors import Misconfigured, Unavailable
from shared.edge.store.pool import Connection, transaction

LIVE, NEXT, BEFORE = "rating", "rating_next", "rating_before"
TABLES: Mapping[str, str] = {
    # the columns that follow from the facts alone: `as_of` and `version` tell when a row was last looked at
    "customers": "customer_id, currency, grade, refusal, method, score, since, region, segment, manager, "
    "receivable_balance, overdue_amount, warnings, underlying, override_id, companies",
    "warnings": "customer_id, warning_id, rule, kind, severity, since, figures",
    "ratings": "customer_id, purpose, method, grade, due, refusal, score, since, active, populations, ranks",
    "aliases": "other_source, other_id, customer_id, day, at, source, id",
    "approvals": "customer_id, approval_id, kind, place, step, role, requested_by, requested_on, ended_by, ended_on, grants, votes",
}
FEW = 200
"""So few customers are built again under the lock."""
ROUNDS = 50
LOCK_SECONDS = 10

HEADS = "select partition, log_position from partitions"
CHANGED = """
select distinct u.stream
from unnest($1::smallint[], $2::bigint[]) as r (partition, reached)
join commits c on c.partition = r.partition and c.position > r.reached
cross join lateral unnest(c.streams) as u (stream)
where u.stream !~ '^~'
"""
RAISED_AT = """
update {schema}.warnings n set raised_at = w.raised_at from {other}.warnings w
where (n.customer_id, n.warning_id) = (w.customer_id, w.warning_id) and n.raised_at <> w.raised_at
"""
NO_CUSTOMERS = """
delete from {schema}.approvals where customer_id ~ '^~';
insert into {schema}.approvals select * from {live}.approvals where customer_id ~ '^~'
"""
"""What is approved of no customer is no part of what customers are folded to: it is taken as it is."""
DIFFERENT = """
select customer_id from (
    (select {columns} from {one}.{table} except all select {columns} from {other}.{table})
    union all
    (select {columns} from {other}.{table} except all select {columns} from {one}.{table})
) d group by customer_id order by customer_id
"""
PRINT = """
select count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint::numeric), 0)::text
from (select {columns} from {schema}.{table}) t
"""
REACHED = "select partition, position from {schema}.reached"
NOTE_REACHED = "insert into {schema}.reached values ($1, $2)"
TAKE_OUT = "delete from {schema}.{table} where customer_id = any($1::text[])"
TAKE_OVER = "insert into {schema}.{table} select * from {live}.{table} where customer_id = any($1::text[])"


class Compared(msgspec.Struct, frozen=True):
    """One table, built and live: rows, a hash over them in no order, and the customers that differ."""

    table: str
    rows: int
    hash: str
    live_rows: int
    live_hash: str
    different: tuple[str, ...] = ()


class Place(NamedTuple):
    """A copy of the projections, in *schema*, and how far in the log of each partition it is true."""

    schema: str
    reached: Mapping[int, int]


async def begin(dsn: str) -> Place:
    """Make empty tables beside the live ones, and note where the log stands: what is committed later is caught up with."""
    async with transaction(dsn, schema=LIVE, isolation="read_committed") as connection:
        await connection.execute(f"drop schema if exists {NEXT} cascade; create schema {NEXT}")
        for table in TABLES:
            await connection.execute(f"create table {NEXT}.{table} (like {LIVE}.{table} including all)")
        return Place(NEXT, await _heads(connection))


async def resumed(dsn: str) -> Place:
    """What was live before the last switch, to be brought back. Raises Misconfigured where there is none."""
    async with transaction(dsn, schema=LIVE, readonly=True, isolation="repeatable_read") as connection:
        if not await connection.fetchval(f"select to_regclass('{BEFORE}.reached') is not null"):
            raise Misconfigured("there is nothing to return to: no rebuild has been switched to")
        rows = await connection.fetch(REACHED.format(schema=BEFORE))
        return Place(BEFORE, {row["partition"]: row["position"] for row in rows})


async def build(dsn: str, brain: RatingBrain, schema: str, streams: Sequence[str]) -> int:
    """Write the rows of *streams* into *schema*. Returns how many there are. Raises asyncpg errors."""
    async with transaction(dsn, schema=LIVE, isolation="repeatable_read") as connection:
        return await _build(connection, brain, schema, streams)


async def _build(connection: Connection, brain: RatingBrain, schema: str, streams: Sequence[str]) -> int:
    refolded = await refolder(connection, brain).each(sorted(streams), {})
    rows = sorted((one.stream, one.version, one.row) for one in refolded if one.row is not None)
    # a parked customer has the row that it had
    kept = [one.stream for one in refolded if one.failure is not None]
    for table in ("customers", "warnings", "ratings", "approvals") if kept else ():
        await connection.execute(TAKE_OUT.format(schema=schema, table=table), kept)
        await connection.execute(TAKE_OVER.format(schema=schema, table=table, live=LIVE), kept)
    if rows:
        await connection.execute(f"set local search_path = {schema}, {LIVE}")
        await CustomerProjector().write(connection, rows)
        await connection.execute(f"set local search_path = {LIVE}")
    return len(rows)


async def changed(dsn: str, place: Place) -> tuple[list[str], Place]:
    """The customers of whom something was committed since *place* was true, and how far it is once they are built again."""
    async with transaction(dsn, schema=LIVE, readonly=True, isolation="repeatable_read") as connection:
        return await _changed(connection, place)


async def _changed(connection: Connection, place: Place) -> tuple[list[str], Place]:
    heads = await _heads(connection)
    since = {partition: place.reached.get(partition, 0) for partition in heads}
    rows = await connection.fetch(CHANGED, list(since), list(since.values()))
    return [row["stream"] for row in rows], Place(place.schema, heads)


async def compare(dsn: str, place: Place) -> list[Compared]:
    """Compare each table of *place* with the live one, at one moment."""
    async with transaction(dsn, schema=LIVE, isolation="repeatable_read") as connection:
        await connection.execute(RAISED_AT.format(schema=place.schema, other=LIVE))
        await connection.execute(NO_CUSTOMERS.format(schema=place.schema, live=LIVE))
        return [await _compared(connection, place.schema, table, columns) for table, columns in TABLES.items()]


async def _compared(connection: Connection, schema: str, table: str, columns: str) -> Compared:
    ours, theirs = [
        await connection.fetchrow(PRINT.format(columns=columns, schema=one, table=table)) for one in (schema, LIVE)
    ]
    assert ours is not None
    assert theirs is not None
    different: list[str] = []
    if tuple(ours) != tuple(theirs):
        query = DIFFERENT.format(columns=columns, one=schema, other=LIVE, table=table)
        different = [row["customer_id"] for row in await connection.fetch(query)]
    return Compared(table, ours[0], ours[1], theirs[0], theirs[1], tuple(different))


async def switch(dsn: str, brain: RatingBrain, place: Place) -> bool:
    """Put *place* where the live tables are, which go to `rating_before`. Commits wait meanwhile, for a moment.

    Returns False, and has changed nothing, where too many customers changed since: catch up and come again. Raises
    Unavailable where the lock could not be had in time.
    """
    try:
        async with transaction(dsn, schema=LIVE, isolation="read_committed") as connection:
            await connection.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
            await connection.fetch("select 1 from partitions order by partition for update")
            streams, place = await _changed(connection, place)
            if len(streams) > FEW:
                return False
            await _build(connection, brain, place.schema, streams)
            await connection.execute(NO_CUSTOMERS.format(schema=place.schema, live=LIVE))
            await _swap(connection, place)
            return True
    except asyncpg.LockNotAvailableError as error:
        raise Unavailable(f"the tables were busy for {LOCK_SECONDS} s; nothing was changed, try again") from error


async def _swap(connection: Connection, place: Place) -> None:
    """Exchange the live tables and those of *place*, and note how far those that go out are true."""
    aside = "rating_aside"
    await connection.execute(f"create schema {aside}")
    for table in TABLES:
        await connection.execute(f"alter table {LIVE}.{table} set schema {aside}")
        await connection.execute(f"alter table {place.schema}.{table} set schema {LIVE}")
    await connection.execute(f"drop schema if exists {BEFORE} cascade; drop schema if exists {NEXT} cascade")
    await connection.execute(f"alter schema {aside} rename to {BEFORE}")
    await connection.execute(
        f"create table {BEFORE}.reached (partition smallint primary key, position bigint not null)"
    )
    await connection.executemany(NOTE_REACHED.format(schema=BEFORE), sorted(place.reached.items()))


async def _heads(connection: Connection) -> dict[int, int]:
    return {row["partition"]: row["log_position"] for row in await connection.fetch(HEADS)}
