"""Ids that other systems use for our customers: linked by a fact, resolved when facts are posted.

Two customers may claim one id. Each keeps its own claim, dated by the fact that made it, and the greatest claim that
stands holds: which of the two was written last, by whichever worker, does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shared.core.envelope import Event
from shared.core.ledger.documents import Order
from shared.edge.store.pool import Connection

FIND = """
select distinct on (a.other_source, a.other_id) a.other_source, a.other_id, a.customer_id
from unnest($1::text[], $2::text[]) as asked (other_source, other_id)
join aliases a using (other_source, other_id)
order by a.other_source, a.other_id, a.day desc, a.at desc, a.source desc, a.id desc, a.customer_id
"""

LINK = """
insert into aliases (other_source, other_id, customer_id, day, at, source, id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::text[])
on conflict (other_source, other_id, customer_id) do update
set day = excluded.day, at = excluded.at, source = excluded.source, id = excluded.id
"""

UNLINK = """
delete from aliases a using unnest($1::text[], $2::text[], $3::text[]) as gone (other_source, other_id, customer_id)
where (a.other_source, a.other_id, a.customer_id) = (gone.other_source, gone.other_id, gone.customer_id)
"""


class Claim(NamedTuple):
    """That *other_id* of *other_source* means *customer_id*, or no longer does."""

    other_source: str
    other_id: str
    customer_id: str
    order: Order
    """Of the fact that says so."""
    linked: bool


async def resolved(connection: Connection, events: Sequence[Event]) -> list[Event]:
    """*events*, each about the customer that its (source, subject) is linked to, where it is linked.

    A fact produced straight to Kafka is not resolved: its key has chosen the partition already.
    """
    asked = {(event.source, event.subject) for event in events}
    rows = await connection.fetch(FIND, [source for source, _ in asked], [subject for _, subject in asked])
    if not rows:
        return list(events)
    meant = {(row["other_source"], row["other_id"]): row["customer_id"] for row in rows}
    return [
        msgspec.structs.replace(event, subject=meant.get((event.source, event.subject), event.subject))
        for event in events
    ]


async def write(connection: Connection, claims: Sequence[Claim]) -> None:
    """Keep what customers say last of the ids that other systems use for them; one claim a customer and id."""
    if gone := [claim for claim in claims if not claim.linked]:
        await connection.execute(UNLINK, *zip(*(claim[:3] for claim in gone), strict=True))
    if standing := [claim for claim in claims if claim.linked]:
        rows = ((*claim[:3], *claim.order) for claim in standing)
        await connection.execute(LINK, *zip(*rows, strict=True))
