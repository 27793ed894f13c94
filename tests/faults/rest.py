"""Whether a system has come to rest: everything accepted is applied, everything decided has left, nothing is put off."""

from __future__ import annotations

import asyncpg

WAITING = """
select
    (select count(*) from events where kind = 0 and stream not like '~%') as facts,
    (select count(*) from quarantine) as aside,
    (select count(*) from dead_letters) as dead,
    exists (
        select from intake i left join relays r on r.name = 'intake' and r.partition = i.partition
        where i.position > coalesce(r.position, 0)
    ) as intake,
    exists (
        select from partitions p left join relays r on r.name = 'outbox' and r.partition = p.partition
        where p.outbox_position > coalesce(r.position, 0)
    ) as outbox,
    exists (
        select from relays f, relays u where f.name = 'facts' and u.name = 'facts_until' and f.position < u.position
    ) as refill,
    exists (select from partitions where sweep_after is not null or day is distinct from rated) as sweep,
    exists (select from streams s join partitions p using (partition) where s.wakes_on <= p.day) as put_off
"""


async def waits(session: asyncpg.Connection, *, facts: int, aside: int, dead: int) -> list[str]:
    """What is not at rest, where so many facts, quarantined ones and dead letters are to be kept; nothing: all is."""
    row = await session.fetchrow(WAITING)
    assert row is not None
    wanted = {"facts": facts, "aside": aside, "dead": dead}
    missing = [f"{name} {row[name]} of {count}" for name, count in wanted.items() if row[name] < count]
    return missing + [name for name in ("intake", "outbox", "refill", "sweep", "put_off") if row[name]]
