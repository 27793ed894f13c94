"""The lists of a service built again from its log beside the live ones, compared, and put in their place. All else goes on.

They are built in the schema `<service>_next` by the same functions that write the live ones; what facts change meanwhile is
built again until little is left, and the rest under a lock that holds up commits for a moment. What was live goes to
the schema `<service>_before` and can be brought back: the same catching up is done there first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import asyncpg
import msgspec

from shared.core.errors import Misconfigured, Unavailable
from shared.edge.refolding import Refolder
from shared.edge.store.append import Projector
from shared.edge.store.pool import Connection, transaction

B = TypeVar("B")
"""The brain of the service."""
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
NO_CUSTOMERS = """
delete from {schema}.{table} where customer_id ~ '^~';
insert into {schema}.{table} ({columns}) select {columns} from {live}.{table} where customer_id ~ '^~'
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
COLUMNS = """
select string_agg(quote_ident(column_name), ', ' order by ordinal_position) from information_schema.columns
where table_schema = $1 and table_name = $2 and is_generated = 'NEVER'
"""
REACHED = "select partition, position from {schema}.reached"
NOTE_REACHED = "insert into {schema}.reached values ($1, $2)"
TAKE_OUT = "delete from {schema}.{table} where {key} = any($1::text[])"
TAKE_OVER = """
insert into {schema}.{table} ({columns}) select {columns} from {live}.{table} where {key} = any($1::text[])
"""
APPROVALS = (
    "customer_id, approval_id, kind, place, step, role, requested_by, requested_on, ended_by, ended_on, grants, votes"
)
"""The columns of `approvals` that follow from the facts alone, in every service."""


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


class Rebuild(Generic[B]):
    """How the projections of one service are built again."""

    def __init__(
        self,
        live: str,
        tables: Mapping[str, str],
        *,
        of_customers: Mapping[str, str],
        refolder: Callable[[Connection, B], Refolder[Any, Any]],
        projector: Callable[[], Projector],
        carried_over: str = "",
    ) -> None:
        """*live*: the schema. *tables*: table → the columns that follow from the facts alone (others tell when a row was last
        looked at), among them a `customer_id`. *of_customers*: the tables whose rows are each of one customer → the column
        that names it; of one who is parked they are taken over. *carried_over*: what is done before a comparison, with {schema}
        and {other}.
        """
        self.live, self.next, self.before = live, f"{live}_next", f"{live}_before"
        self.tables, self._of_customers = tables, of_customers
        self._refolder, self._projector, self._carried_over = refolder, projector, carried_over

    async def begin(self, dsn: str) -> Place:
        """Make empty tables beside the live ones, and note where the log stands: what is committed later is caught up with."""
        async with transaction(dsn, schema=self.live, isolation="read_committed") as connection:
            await connection.execute(f"drop schema if exists {self.next} cascade; create schema {self.next}")
            for table in self.tables:
                await connection.execute(f"create table {self.next}.{table} (like {self.live}.{table} including all)")
            return Place(self.next, await _heads(connection))

    async def resumed(self, dsn: str) -> Place:
        """What was live before the last switch, to be brought back. Raises Misconfigured where there is none."""
        async with transaction(dsn, schema=self.live, readonly=True, isolation="repeatable_read") as connection:
            if not await connection.fetchval(f"select to_regclass('{self.before}.reached') is not null"):
                raise Misconfigured("there is nothing to return to: no rebuild has been switched to")
            rows = await connection.fetch(REACHED.format(schema=self.before))
            return Place(self.before, {row["partition"]: row["position"] for row in rows})

    async def build(self, dsn: str, brain: B, schema: str, streams: Sequence[str]) -> int:
        """Write the rows of *streams* into *schema*. Returns how many there are. Raises asyncpg errors."""
        async with transaction(dsn, schema=self.live, isolation="repeatable_read") as connection:
            return await self._build(connection, brain, schema, streams)

    async def _build(self, connection: Connection, brain: B, schema: str, streams: Sequence[str]) -> int:
        refolded = await self._refolder(connection, brain).each(sorted(streams), {})
        rows = sorted((one.stream, one.version, one.row) for one in refolded if one.row is not None)
        # a parked customer has the row that it had
        kept = [one.stream for one in refolded if one.failure is not None]
        for table, key in self._of_customers.items() if kept else ():
            await connection.execute(TAKE_OUT.format(schema=schema, table=table, key=key), kept)
            await connection.execute(await self._filled(connection, TAKE_OVER, schema, table, key), kept)
        if rows:
            await connection.execute(f"set local search_path = {schema}, {self.live}")
            await self._projector().write(connection, rows)
            await connection.execute(f"set local search_path = {self.live}")
        return len(rows)

    async def _filled(
        self, connection: Connection, statement: str, schema: str, table: str, key: str = "customer_id"
    ) -> str:
        """*statement* about *table*, with the columns that can be written."""
        columns = await connection.fetchval(COLUMNS, self.live, table)
        return statement.format(schema=schema, live=self.live, table=table, columns=columns, key=key)

    async def changed(self, dsn: str, place: Place) -> tuple[list[str], Place]:
        """The customers of whom something was committed since *place* was true, and how far it is once they are built again."""
        async with transaction(dsn, schema=self.live, readonly=True, isolation="repeatable_read") as connection:
            return await _changed(connection, place)

    async def compare(self, dsn: str, place: Place) -> list[Compared]:
        """Compare each table of *place* with the live one, at one moment."""
        async with transaction(dsn, schema=self.live, isolation="repeatable_read") as connection:
            if self._carried_over:
                await connection.execute(self._carried_over.format(schema=place.schema, other=self.live))
            await connection.execute(await self._filled(connection, NO_CUSTOMERS, place.schema, "approvals"))
            return [
                await self._compared(connection, place.schema, table, columns) for table, columns in self.tables.items()
            ]

    async def _compared(self, connection: Connection, schema: str, table: str, columns: str) -> Compared:
        ours, theirs = [
            await connection.fetchrow(PRINT.format(columns=columns, schema=one, table=table))
            for one in (schema, self.live)
        ]
        assert ours is not None
        assert theirs is not None
        different: list[str] = []
        if tuple(ours) != tuple(theirs):
            query = DIFFERENT.format(columns=columns, one=schema, other=self.live, table=table)
            different = [row["customer_id"] for row in await connection.fetch(query)]
        return Compared(table, ours[0], ours[1], theirs[0], theirs[1], tuple(different))

    async def switch(self, dsn: str, brain: B, place: Place) -> bool:
        """Put *place* where the live tables are, which go to `<service>_before`. Commits wait meanwhile, for a moment.

        Returns False, and has changed nothing, where too many customers changed since: catch up and come again. Raises
        Unavailable where the lock could not be had in time.
        """
        try:
            async with transaction(dsn, schema=self.live, isolation="read_committed") as connection:
                await connection.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
                await connection.fetch("select 1 from partitions order by partition for update")
                streams, place = await _changed(connection, place)
                if len(streams) > FEW:
                    return False
                await self._build(connection, brain, place.schema, streams)
                await connection.execute(await self._filled(connection, NO_CUSTOMERS, place.schema, "approvals"))
                await self._swap(connection, place)
                return True
        except asyncpg.LockNotAvailableError as error:
            raise Unavailable(f"the tables were busy for {LOCK_SECONDS} s; nothing was changed, try again") from error

    async def _swap(self, connection: Connection, place: Place) -> None:
        """Exchange the live tables and those of *place*, and note how far those that go out are true."""
        aside = f"{self.live}_aside"
        await connection.execute(f"create schema {aside}")
        for table in self.tables:
            await connection.execute(f"alter table {self.live}.{table} set schema {aside}")
            await connection.execute(f"alter table {place.schema}.{table} set schema {self.live}")
        await connection.execute(
            f"drop schema if exists {self.before} cascade; drop schema if exists {self.next} cascade"
        )
        await connection.execute(f"alter schema {aside} rename to {self.before}")
        await connection.execute(
            f"create table {self.before}.reached (partition smallint primary key, position bigint not null)"
        )
        await connection.executemany(NOTE_REACHED.format(schema=self.before), sorted(place.reached.items()))


async def _changed(connection: Connection, place: Place) -> tuple[list[str], Place]:
    heads = await _heads(connection)
    since = {partition: place.reached.get(partition, 0) for partition in heads}
    rows = await connection.fetch(CHANGED, list(since), list(since.values()))
    return [row["stream"] for row in rows], Place(place.schema, heads)


async def _heads(connection: Connection) -> dict[int, int]:
    return {row["partition"]: row["log_position"] for row in await connection.fetch(HEADS)}
