"""How far a re-rating of everybody has come: after an activation, or a publication of reference facts."""

from __future__ import annotations

import msgspec

from shared.edge.store.pool import Connection

PROGRESS = """
select count(*) filter (where p.sweep_after is not null and p.sweep_all and s.stream <= p.sweep_after) as done,
       count(*) filter (where p.sweep_after is not null and p.sweep_all) as customers,
       count(distinct p.partition) filter (where p.sweep_after is not null and p.sweep_all) as partitions
from partitions p join streams s using (partition)
where s.stream !~ '^~' and not s.parked
"""
RUNNING = "select exists (select from partitions where sweep_after is not null and sweep_all)"
WAITING = """
select count(*) from activations a
where a.effective > coalesce((select min(day) from partitions where day is not null), '-infinity')
"""


class Rerating(msgspec.Struct, frozen=True):
    """What is re-rated now. All 0: nobody is."""

    customers: int = 0
    """Of the partitions that are being re-rated."""
    done: int = 0
    partitions: int = 0
    to_come: int = 0
    """Activations whose day has not been opened everywhere."""


async def progress(connection: Connection) -> Rerating:
    """Where it stands. Counts only while something runs: counting everybody is not cheap."""
    to_come = await connection.fetchval(WAITING)
    if not await connection.fetchval(RUNNING):
        return Rerating(to_come=to_come)
    row = await connection.fetchrow(PROGRESS)
    assert row is not None
    return Rerating(row["customers"], row["done"], row["partitions"], to_come)
