"""The log of one partition in commit order, in pages: how a new or lagging service loads what happened before it."""

from __future__ import annotations

from typing import NamedTuple

from shared.edge.store import sql
from shared.edge.store.pool import Connection
from shared.edge.store.rows import Stored, stored_of

COMMITS = """
select position, cardinality(streams) as streams,
       (select sum(b - a + 1) from unnest(c.first, c.last) as s(a, b)) as events
from commits c where partition = $1 and position > $2 order by position limit $3
"""
EVENTS = """
select e.*
from commits c
cross join lateral unnest(c.streams, c.first, c.last) with ordinality as u(stream, a, b, n)
cross join lateral (
    select stream, version, kind, type, source, id, time, utc_offset, recorded_at, data
    from events where events.stream = u.stream and events.version between u.a and u.b
    order by version
) e
where c.partition = $1 and c.position > $2 and c.position <= $3
order by c.position, u.n, e.version
"""


class Page(NamedTuple):
    """Events in commit order. Ask again *after* `position` for the next page; `more` says whether there is one now."""

    events: list[Stored]
    position: int
    more: bool


async def page(connection: Connection, *, partition: int, after: int = 0, limit: int = 2_000) -> Page:
    """The events of *partition* that were committed after position *after*, whole transactions, about *limit* of them.

    Positions are gapless and in commit order, so nothing is missed and a page never changes. At least one transaction
    comes, however large it is (bounded by the worker's batch).
    """
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        await connection.execute(sql.PIN)
        commits = await connection.fetch(COMMITS, partition, after, limit)
        upto, count, more = after, 0, False
        for commit in commits:
            if count and count + commit["events"] > limit:
                more = True
                break
            upto, count = commit["position"], count + commit["events"]
        rows = await connection.fetch(EVENTS, partition, after, upto) if upto > after else []
        return Page([stored_of(row) for row in rows], upto, more or len(commits) == limit)
