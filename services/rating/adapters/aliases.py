"""Ids that other systems use for our customers: linked by a fact, resolved when facts are posted."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shared.core.envelope import Event
from shared.edge.store.pool import Connection

FIND = """
select a.other_source, a.other_id, a.customer_id
from unnest($1::text[], $2::text[]) as asked (other_source, other_id)
join aliases a using (other_source, other_id)
"""

LINK = """
insert into aliases (other_source, other_id, customer_id)
select * from unnest($1::text[], $2::text[], $3::text[])
on conflict (other_source, other_id) do update set customer_id = excluded.customer_id
"""

UNLINK = """
delete from aliases a using unnest($1::text[], $2::text[], $3::text[]) as gone (other_source, other_id, customer_id)
where (a.other_source, a.other_id, a.customer_id) = (gone.other_source, gone.other_id, gone.customer_id)
"""


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


async def write(connection: Connection, aliases: Sequence[tuple[str, str, str, bool]]) -> None:
    """Keep (source, id, customer, linked) of customers whose links changed."""
    for sql, linked in ((UNLINK, False), (LINK, True)):
        rows = {(source, other): customer for source, other, customer, holds in aliases if holds is linked}
        if rows:
            await connection.execute(sql, [s for s, _ in rows], [o for _, o in rows], list(rows.values()))
