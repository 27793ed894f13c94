"""Groups in the database: their projection, and what a check of a member needs of them.

A check of a member takes the turn of each of its groups after the customer's own, and keeps it to the end of its
transaction: nobody else gives away the same headroom meanwhile. What the other members owe is the sum of their rows, which every
transaction that moves them writes; so a fact costs nothing more for belonging to a group, and a check one sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.exposure.core.brain import ExposureBrain
from services.exposure.core.group import Parent, Spent
from services.exposure.core.row import GroupRow
from services.exposure.core.state import Account
from shared.core.errors import Unavailable
from shared.core.ledger.documents import units
from shared.edge.kafka.partition import partition_of
from shared.edge.store.pool import Connection
from shared.edge.store.read import load
from shared.edge.worker.cache import Cache, Entry

KEPT_KB = 4_000
"""kB that groups in memory take together, about."""

GROUP = """
insert into groups values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (group_id) do update set
    version = excluded.version, as_of = excluded.as_of, name = excluded.name, currency = excluded.currency,
    lead = excluded.lead, since = excluded.since, ended_on = excluded.ended_on, credit_limit = excluded.credit_limit,
    is_breached = excluded.is_breached, mark = excluded.mark
"""
MEMBERS = """
insert into group_members select $1, * from unnest($2::text[], $3::date[], $4::date[])
on conflict (group_id, customer_id) do update set since = excluded.since, until = excluded.until
where group_members is distinct from excluded
"""
OF = """
array(select m.group_id from group_members m join partitions p on p.partition = u.partition
      where m.customer_id = u.stream and m.since <= p.day and (m.until is null or p.day < m.until) order by m.group_id)
"""
"""The names of the groups of the customer `u.stream` on the day of its partition `u.partition`."""
SPENT = """
select m.group_id, a.currency, sum(a.exposure) as exposure, sum(a.reserved) as reserved,
       bool_and(cardinality(a.missing) = 0 and not s.parked) as is_certain
from group_members m
join partitions p on p.partition = $3
join accounts a using (customer_id)
join streams s on s.stream = m.customer_id
where m.group_id = any($1::text[]) and m.customer_id <> $2 and m.since <= p.day and (m.until is null or p.day < m.until)
group by m.group_id, a.currency order by m.group_id, a.currency
"""


async def write(connection: Connection, group: str, version: int, row: GroupRow) -> None:
    """Keep *row* of *group*, and who belongs to it."""
    await connection.execute(
        GROUP, group, version, row.as_of, row.name, row.currency, row.lead, row.since, row.ended_on, row.limit,
        row.is_breached, row.mark,
    )  # fmt: skip
    if row.members:
        names = [name for name, _ in row.members]
        since = [date.fromordinal(one.since) for _, one in row.members]
        until = [date.fromordinal(one.until) if one.until else None for _, one in row.members]
        await connection.execute(MEMBERS, group, names, since, until)


async def spent(
    connection: Connection, groups: Sequence[str], partition: int, without: str = ""
) -> dict[str, tuple[Spent, ...]]:
    """Group → what its members owe on the day of *partition*, by currency, *without* one of them."""
    found: dict[str, tuple[Spent, ...]] = {}
    for row in await connection.fetch(SPENT, list(groups), without, partition):
        one = Spent(row["currency"], units(row["exposure"]), units(row["reserved"]), row["is_certain"])
        found[row["group_id"]] = (*found.get(row["group_id"], ()), one)
    return found


@dataclass(slots=True)
class Groups:
    """Folds the groups of a customer from their streams."""

    brain: ExposureBrain
    partitions: int
    _states: Cache[Account] = field(default_factory=lambda: Cache(KEPT_KB))

    async def read(self, connection: Connection, customer_id: str, names: Sequence[str]) -> tuple[Parent, ...]:
        """The groups *names*, whose turns were taken, and what the members but *customer_id* owe.

        Raises Unavailable where a group is set aside.
        """
        others = await spent(connection, names, partition_of(customer_id, self.partitions), without=customer_id)
        accounts = await self._folded(connection, names)
        return tuple(Parent(accounts[name], others.get(name, ())) for name in names)

    async def _folded(self, connection: Connection, names: Sequence[str]) -> dict[str, Account]:
        """Groups as their streams have them; what was folded before is kept in memory."""
        held = {name: entry for name in names if (entry := self._states.get(name)) is not None}
        self._states.drop(names)  # what fails half way may not be kept
        after = {name: entry.version for name, entry in held.items()}
        loaded = await load(connection, names, fold_version=self.brain.fold_version, after=after)
        if any(loaded[name].version < version for name, version in after.items()):  # the database was brought back
            held, loaded = {}, await load(connection, names, fold_version=self.brain.fold_version)
        found: dict[str, Account] = {}
        for name, one in loaded.items():
            if one.parked:
                raise Unavailable(
                    "a group of the customer is set aside and nothing is decided about it; see /v1/parked"
                )
            account = held[name].state if name in held else None
            if account is None:
                account = self.brain.load(one.snapshot) if one.snapshot is not None else self.brain.initial(name)
            for event in one.tail:
                self.brain.evolve(account, event)
            entry = Entry(name, partition_of(name, self.partitions), account, one.version, one.snapshot_version)
            self._states.put(entry, self.brain.weight(account))
            found[name] = account
        self._states.evict(1)
        return found
