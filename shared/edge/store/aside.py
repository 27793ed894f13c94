"""Customers that are parked and facts in quarantine, as staff see them, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from shared.edge.seal import without_sealed
from shared.edge.store.pool import Connection

PARKED = """
select stream, version, reason, since, retry from parked
where ($1::timestamptz is null or (since, stream) > ($1, $2)) and {visible}
order by since, stream limit $3
"""
RETRY = "update parked set retry = true where $1::text[] is null or stream = any($1)"
QUARANTINED = """
select * from (
    select stream, identity, content, type, source, id, 'SAME_IDENTITY_OTHER_CONTENT' as reason, null as other,
           recorded_at, data
    from quarantine
    union all
    select stream, identity, '', type, source, id, 'SAME_IDENTITY_OTHER_CUSTOMER', other, found_at, null from doubles
) aside
where ($1::timestamptz is null or (recorded_at, stream, identity, content) < ($1, $2, $3::bytea, $4::bytea))
  and {visible}
order by recorded_at desc, stream desc, identity desc, content desc limit $5
"""


Condition = tuple[str, list[Any]]
"""SQL and its arguments."""
ALL: Condition = ("true", [])


class Parked(NamedTuple):
    """A customer whose fold, decision or row failed: facts are kept, nothing is decided. *retry*: about to be tried."""

    customer_id: str
    version: int
    reason: str
    since: datetime
    retry: bool


class Quarantined(NamedTuple):
    """A fact whose identity was used before: with other content (*data* is what was set aside), or by *other* customer.

    Personal fields are null.
    """

    customer_id: str
    source: str
    id: str
    type: str
    reason: str
    other: str | None
    recorded_at: datetime
    data: dict[str, Any] | None
    place: tuple[str, str]
    """What tells it from others of the same customer and instant, for pages."""


async def parked(
    connection: Connection, *, after: tuple[datetime, str] | None = None, limit: int, visible: Condition = ALL
) -> list[Parked]:
    """Parked customers after (since, customer), the longest parked first. *visible*: those that the caller may see."""
    condition, more = visible
    rows = await connection.fetch(PARKED.format(visible=condition), *(after or (None, "")), limit, *more)
    return [Parked(*row) for row in rows]


async def retry_parked(connection: Connection, streams: Sequence[str] | None = None) -> int:
    """Ask the workers to try parked customers again: *streams*, or all. Returns how many that is."""
    status = await connection.execute(RETRY, None if streams is None else list(streams))
    return int(status.rpartition(" ")[2])


async def quarantined(
    connection: Connection,
    *,
    after: tuple[datetime, str, str, str] | None = None,
    limit: int,
    visible: Condition = ALL,
) -> list[Quarantined]:
    """Facts set aside, and those that two customers have, before (recorded_at, customer, *place), the newest first.

    *visible*: those of customers that the caller may see. Raises ValueError where *after* is no such place.
    """
    at, stream, identity, content = after or (None, "", "", "")
    condition, more = visible
    place = (at, stream, bytes.fromhex(identity), bytes.fromhex(content))
    rows = await connection.fetch(QUARANTINED.format(visible=condition), *place, limit, *more)
    return [
        Quarantined(
            row["stream"], row["source"], row["id"], row["type"], row["reason"], row["other"], row["recorded_at"],
            None if row["data"] is None else without_sealed(msgspec.json.decode(row["data"])),
            (row["identity"].hex(), row["content"].hex()),
        )
        for row in rows
    ]  # fmt: skip
