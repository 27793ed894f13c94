"""The queues of what is to go out: leased row by row, settled with the answer. At least once, and nothing is forgotten.

A lease that ended was a process that died or stood still: its message is taken again, under the same id. An attempt is numbered
when it is leased; what settles a message under an older number changes it only where it was delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.alerts.core.message import Receipt
from services.alerts.core.schedule import Next
from shared.core.events.values import Severity
from shared.edge.store.pool import Connection
from shared.edge.store.text import storable

GRAVITY = "array_position(array['critical', 'warning', 'info'], m.severity)"
DETAIL_CHARACTERS = 500


class Leased(NamedTuple):
    """One message that is ours until the lease ends."""

    message_id: str
    address: str
    severity: Severity
    attempt: int
    step: int
    """Of the schedule: attempts since it was last made to wait anew."""
    created_at: datetime
    body: bytes
    lost_at: datetime | None
    """When the lease of somebody else ended who never said what became of the attempt before."""


class Queue(NamedTuple):
    """Where messages lie, and which of them may go now."""

    table: str
    free: str
    """Condition on `m` (the message) and `e` (its endpoint, where it has one)."""
    order: str


PEOPLE = Queue("messages", "true", f"{GRAVITY}, m.next_at, m.message_id")
"""To persons, the gravest first. One whose address is switched off is leased, too: it is to go another way."""
SYSTEMS = Queue(
    "postings",
    """e.state = 'active' and not exists (
        select from postings b
        where b.address = m.address and b.lane = m.lane and b.state = 'waiting' and b.lane_at < m.lane_at)""",
    "m.next_at, m.lane_at, m.message_id",
)
"""To systems: what concerns one subject goes in order, and waits while the endpoint is switched off or paused."""

_LEASE = """
with due as (
    select m.message_id, m.leased_until
    from {table} m left join endpoints e on e.name = m.address
    where m.channel = $1 and m.state = 'waiting' and m.next_at <= $2 and (m.leased_until is null or m.leased_until <= $2)
      and not m.address = any($3::text[]) and ($6::text is null or m.address = $6) and ({free})
    order by {order} limit $4 for update of m skip locked)
update {table} m set leased_until = $5, attempts = m.attempts + 1
from due where m.message_id = due.message_id
returning m.message_id, m.address, m.severity, m.attempts, m.attempts - m.schedule_from, m.created_at, m.message, due.leased_until
"""
_ATTEMPTED = """
insert into attempts (message_id, attempt, at, seconds, outcome, status, detail)
select * from unnest($1::text[], $2::int[], $3::timestamptz[], $4::float8[], $5::text[], $6::text[], $7::text[])
on conflict do nothing
"""
_SETTLE = """
update {table} m set state = s.state, why = s.why, next_at = coalesce(s.next_at, m.next_at), leased_until = null,
       settled_at = case when s.state = 'waiting' then null else $6::timestamptz end
from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::timestamptz[]) as s(message_id, attempt, state, why, next_at)
where m.message_id = s.message_id and m.state <> 'delivered' and (m.attempts = s.attempt or s.state = 'delivered')
returning m.message_id
"""
_GIVE_BACK = """
update {table} m set leased_until = null, attempts = m.attempts - 1
from unnest($1::text[], $2::int[]) as s(message_id, attempt)
where m.message_id = s.message_id and m.attempts = s.attempt and m.state = 'waiting'
"""
_ANEW = """
update {table} m set state = 'waiting', why = '', next_at = $2, schedule_from = m.attempts, settled_at = null
where m.message_id = any($1::text[]) and (m.leased_until is null or m.leased_until <= $2) returning m.message_id
"""
_WAITING = """
select m.address, count(*) as waiting from {table} m
where m.channel = $1 and m.state = 'waiting' and m.next_at <= $2 and (m.leased_until is null or m.leased_until <= $2)
group by m.address
"""


async def lease(
    connection: Connection,
    queue: Queue,
    channel: str,
    *,
    now: datetime,
    seconds: float,
    most: int,
    busy: Sequence[str] = (),
    address: str | None = None,
) -> list[Leased]:
    """At most *most* messages of *channel* that are due, leased for so many *seconds*.

    None to an address that is *busy*; only to *address*, where one is named. Of an attempt that somebody never finished
    the log says so.
    """
    rows = await connection.fetch(
        _LEASE.format(**queue._asdict()), channel, now, list(busy), most, now + timedelta(seconds=seconds), address
    )
    found = [Leased(*row) for row in rows]  # in no order: `returning` keeps none
    lost = [(one, Receipt(outcome="retry", status="lost")) for one in found if one.lost_at is not None]
    if lost:
        columns = zip(
            *[_columns(one._replace(attempt=one.attempt - 1), said, one.lost_at, 0) for one, said in lost], strict=True
        )
        await connection.execute(_ATTEMPTED, *[list(column) for column in columns])
    return found


async def waiting(connection: Connection, queue: Queue, channel: str, *, now: datetime) -> dict[str, int]:
    """How many messages of *channel* are due and under way with nobody, by address."""
    return {
        row["address"]: row["waiting"]
        for row in await connection.fetch(_WAITING.format(**queue._asdict()), channel, now)
    }


async def give_back(connection: Connection, queue: Queue, found: Sequence[Leased]) -> None:
    """End the leases of *found* as if they had never been."""
    if found:
        names, attempts = [one.message_id for one in found], [one.attempt for one in found]
        await connection.execute(_GIVE_BACK.format(**queue._asdict()), names, attempts)


async def anew(connection: Connection, queue: Queue, message_ids: Sequence[str], *, now: datetime) -> int:
    """Let messages wait again from the beginning of their schedule, whatever became of them; not those under way now.

    Returns how many.
    """
    return len(await connection.fetch(_ANEW.format(**queue._asdict()), list(message_ids), now))


class Settled(NamedTuple):
    """What became of one leased message."""

    leased: Leased
    receipt: Receipt
    state: str
    next: Next


async def settle(
    connection: Connection, queue: Queue, found: Sequence[Settled], *, now: datetime, seconds: float
) -> int:
    """Keep what the provider said and what follows, in one transaction. Returns how many are settled for good now."""
    async with connection.transaction():
        columns = zip(*[_columns(one.leased, one.receipt, now, seconds) for one in found], strict=True)
        await connection.execute(_ATTEMPTED, *[list(column) for column in columns])
        changed = await connection.fetch(
            _SETTLE.format(**queue._asdict()),
            [one.leased.message_id for one in found],
            [one.leased.attempt for one in found],
            [one.state for one in found],
            [storable(one.next.why) for one in found],
            [one.next.at for one in found],
            now,
        )
        return len(changed)


def _columns(
    one: Leased, said: Receipt, at: datetime | None, seconds: float
) -> tuple[str, int, datetime | None, float, str, str, str]:
    detail = storable(said.detail)[:DETAIL_CHARACTERS]
    return (one.message_id, one.attempt, at, seconds, said.outcome, storable(said.status)[:100], detail)
