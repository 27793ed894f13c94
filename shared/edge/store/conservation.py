"""Nothing disappears: of every fact that was accepted over HTTP it is known whether it is applied, set aside, or on its way.

Accepted is what the heads of the intake count. Applied and quarantined is what has left the intake, and what of it is in
`events` or `quarantine`. Pending is the rest, as long as it can still arrive. A worker takes the facts of a partition in
the order of their positions, so a fact that was overtaken, because a later one of its partition is applied, does not
arrive any more: those are the difference of accepted − applied − quarantined − pending.

Where the broker has lost its log, facts leave a second time, and one may seem overtaken until it is applied. So only what
was overtaken in two looks counts.
"""

from __future__ import annotations

from shared.edge.store.pool import Connection

LOOKED_AT = 500
"""So many facts of a partition, the earliest, are looked at. What is applied leaves the table, so lost ones are among them;
of more than that the difference counts at least so many."""

_OVERTAKEN = """
select partition, position from (
    select r.partition, f.position, f.done,
        bool_or(f.done or f.following > f.position + 1) over (
            partition by r.partition order by f.position rows between current row and unbounded following
        ) as passed
    from relays r cross join lateral (
        select i.position,
            coalesce(
                lead(i.position) over (order by i.position),
                case when count(*) over () < $1 then r.position + 1 else i.position + 1 end
            ) as following,
            exists (select from events e where e.stream = i.stream and e.identity = i.identity)
            or exists (
                select from quarantine q
                where q.stream = i.stream and q.identity = i.identity and q.content = i.content
            ) as done
        from (
            select position, stream, identity, content from intake
            where partition = r.partition and position <= r.position order by position limit $1
        ) i
    ) f
    where r.name = 'intake'
) relayed
where passed and not done
"""
"""A position that is missing below the relayed one was applied, and cleaned away since."""

PENDING = """
select count(*) from intake i
where not exists (select from events e where e.stream = i.stream and e.identity = i.identity)
and not exists (
    select from quarantine q where q.stream = i.stream and q.identity = i.identity and q.content = i.content
)
"""


LEFT = "select count(*) from intake"


class Conservation:
    """Looks now and then, and remembers what it saw."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._seen: frozenset[tuple[int, int]] = frozenset()

    async def difference(self, connection: Connection) -> int:
        """Accepted − applied − quarantined − pending: how many facts were overtaken at the last look and still are."""
        rows = await connection.fetch(_OVERTAKEN, LOOKED_AT)
        now = frozenset((row["partition"], row["position"]) for row in rows)
        lost, self._seen = now & self._seen, now
        return len(lost)


async def pending(connection: Connection) -> int:
    """How many accepted facts are not applied yet."""
    return int(await connection.fetchval(PENDING))


async def left(connection: Connection) -> int:
    """`pending`, as far as `intake.clean` has come. It looks nothing up, so a long queue does not hold up who asks often."""
    return int(await connection.fetchval(LEFT))
