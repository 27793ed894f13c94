"""All customers together in the database: measured every few seconds for checks, and read whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from services.exposure.core.brain import ExposureBrain
from services.exposure.core.group import Spent
from services.exposure.core.listing import Everybody, Part, Summed
from services.exposure.core.spreading import DIMENSIONS
from shared.core.errors import Unavailable
from shared.core.ledger.documents import units
from shared.core.references import References
from shared.edge.store.pool import Connection
from shared.edge.store.read import read_stream
from shared.edge.store.rows import stream_of
from shared.edge.worker.days import REFERENCE_SUBJECT

MEASURE = """
with now as (
    select a.currency, sum(a.exposure) as exposure, sum(a.reserved) as reserved,
           bool_and(cardinality(a.missing) = 0 and not s.parked) as is_certain
    from accounts a join streams s on s.stream = a.customer_id
    group by a.currency
), gone as (delete from portfolio where currency not in (select currency from now))
insert into portfolio select currency, exposure, reserved, is_certain from now
on conflict (currency) do update set
    exposure = excluded.exposure, reserved = excluded.reserved, is_certain = excluded.is_certain
where portfolio is distinct from excluded
"""
HEARD = "(select max(moved_at) from positions where topic like '%credit.events')"
"""When facts last came of any customer: the systems that tell them are silent, or they are not."""
EVERYBODY = """
(select json_agg(json_build_array(currency, exposure::text, reserved::text, is_certain)) from portfolio)
"""
"""What all customers owe, as last measured."""
SUMS = """
select currency, exposure + reserved as used, is_certain,
       (select count(*) from accounts a where a.currency = p.currency and a.exposure + a.reserved > 0) as customers,
       (select coalesce(sum((a.exposure + a.reserved) * (a.exposure + a.reserved)), 0) from accounts a
        where a.currency = p.currency) as squares
from portfolio p order by currency
"""
LARGEST = """
select customer_id as name, currency, used from (
    select customer_id, currency, exposure + reserved as used,
           row_number() over (partition by currency order by exposure + reserved desc, customer_id) as place
    from accounts
) ranked
where place <= $1 and used > 0
"""
GROUPS = """
select m.group_id as name, a.currency, sum(a.exposure + a.reserved) as used
from group_members m join groups g using (group_id) join accounts a using (customer_id)
where m.since <= $1 and (m.until is null or $1 < m.until) and g.ended_on is null
group by m.group_id, a.currency
"""
REGIONS = """
select coalesce(region, '') as name, currency, sum(exposure + reserved) as used from accounts group by 1, 2
"""
GRANTED = """
select currency, sum(amount) as amount from limits where kind = 'advance' and customer_id <> $1 group by currency
order by currency
"""
"""What all customers but one are granted as advance funding, by currency."""
SPREAD = "select name, currency, sum(used) as used from spread where dimension = $1 group by 1, 2"
DAY = "select max(day) as day, (array_agg(partition order by day desc nulls last))[1] as partition from partitions"


def read(raw: str | None) -> tuple[Spent, ...] | None:
    """What `EVERYBODY` says; None: nobody measured."""
    rows: list[tuple[str, str, str, bool]] = msgspec.json.decode(raw) if raw else []
    return (
        tuple(Spent(code, units(Decimal(owed)), units(Decimal(kept)), certain) for code, owed, kept, certain in rows)
        or None
    )


class Totals:
    """Implements `services.exposure.handlers.ports.Totals` on PostgreSQL."""

    def __init__(self, brain: ExposureBrain) -> None:
        """*brain* folds the references."""
        self.brain = brain

    async def __call__(self, pool: Any) -> Everybody:
        """What all customers owe now. Raises Unavailable while no day is open."""
        async with pool.acquire() as connection, connection.transaction():
            await measure(connection)
            day, partition = await connection.fetchrow(DAY)
            if day is None:
                raise Unavailable("no business day is open here yet; try again later")
            sums = [
                Summed(row["currency"], units(row["used"]), row["is_certain"], row["customers"], row["squares"])
                for row in await connection.fetch(SUMS)
            ]
            rules = self.brain.rulebook.portfolio
            return Everybody(
                day.toordinal(),
                rules,
                await self._references(connection, partition),
                tuple(sums),
                await _parts(connection, LARGEST, rules.top_count),
                await _parts(connection, GROUPS, day),
                await _parts(connection, REGIONS),
                await granted(connection),
                self.brain.rulebook.advances,
                {one: await _parts(connection, SPREAD, one) for one in DIMENSIONS},
            )

    async def _references(self, connection: Connection, partition: int) -> References:
        found: References = self.brain.context()
        for one in await read_stream(connection, stream_of(REFERENCE_SUBJECT, partition)):
            self.brain.refer(found, one.event)
        return found


async def measure(connection: Any) -> None:
    """Write down what all customers owe now, by currency."""
    await connection.execute(MEASURE)


async def granted(connection: Any, without: str = "") -> tuple[Spent, ...]:
    """What all customers are granted as advance funding, *without* one of them."""
    rows = await connection.fetch(GRANTED, without)
    return tuple(Spent(row["currency"], units(row["amount"]), 0) for row in rows)


async def _parts(connection: Connection, sql: str, *given: int | date | str) -> tuple[Part, ...]:
    rows: Sequence[Any] = await connection.fetch(sql, *given)
    return tuple(Part(row["name"], row["currency"], units(row["used"])) for row in rows)
