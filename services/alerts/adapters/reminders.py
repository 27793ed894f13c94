"""The SQL of what customers are written to: their contact points, what was written before, and the messages in the queue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec

from services.alerts.core.message import Message
from services.alerts.core.reminding import Contact, Step
from shared.edge.store.bell import ring
from shared.edge.store.pool import Connection

CONTACTS = "select customer, address, language from customer_contacts order by customer, address"
FORGET = "delete from customer_contacts where customer = any($1::text[])"
PUT = """
insert into customer_contacts (customer, address, language, by, at)
select c, a, l, $4, $5 from unnest($1::text[], $2::text[], $3::text[]) as x (c, a, l)
"""
ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '~remind', 0))"
KNOWN = "select customer, document, due_on, step from reminders where customer = any($1::text[])"
DONE = """
insert into reminders (customer, document, due_on, step, reminded_on)
select *, $5 from unnest($1::text[], $2::text[], $3::date[], $4::int[]) on conflict do nothing
"""
WRITE = """
insert into messages (message_id, person, channel, address, severity, form, message, created_at, next_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing
"""


async def contacts(connection: Connection) -> Mapping[str, Sequence[Contact]]:
    """Customer → contact points."""
    found: dict[str, list[Contact]] = defaultdict(list)
    for row in await connection.fetch(CONTACTS):
        found[row["customer"]].append(Contact(row["customer"], row["address"], row["language"]))
    return found


async def put(
    connection: Connection, customers: Collection[str], found: Sequence[Contact], *, by: str, now: datetime
) -> None:
    """From now on *customers* have the contact points *found* and no others."""
    await connection.execute(FORGET, sorted(customers))
    if found:
        await connection.execute(PUT, *map(list, zip(*found, strict=True)), by, now)


async def forget(connection: Connection, customers: Collection[str]) -> None:
    """Take the contact points of *customers* away: their personal data are erased."""
    if customers:
        await connection.execute(FORGET, sorted(customers))


async def fresh(connection: Connection, steps: Sequence[Step]) -> list[Step]:
    """Those of *steps* that nothing was written of; until the transaction ends nobody else asks."""
    await connection.execute(ALONE)
    rows = await connection.fetch(KNOWN, sorted({one.owed.customer for one in steps}))
    known = {(row["customer"], row["document"], row["due_on"], row["step"]) for row in rows}
    return [one for one in steps if one.key not in known]


async def write(
    connection: Connection, steps: Sequence[Step], messages: Iterable[Message], *, today: date, at: datetime
) -> None:
    """Note that *steps* are written of, and put *messages* into the queue, to go from the instant *at* on."""
    if not steps:
        return
    columns = zip(*(one.key for one in steps), strict=True)
    await connection.execute(DONE, *map(list, columns), today)
    for one in messages:
        raw = msgspec.json.encode(one)
        named = (one.message_id, one.person, one.channel, one.address, one.severity, one.form)
        await connection.execute(WRITE, *named, raw, one.created_at, at)
    await ring(connection, "email")
