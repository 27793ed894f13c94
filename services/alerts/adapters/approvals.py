"""The SQL of the ledger of approvals: kept as the worker hears of requests, read by the days on which something happened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo

import msgspec

from services.alerts.core.requests import Request
from shared.edge.store.pool import Connection

KEEP = """
insert into approvals (subject, approval_id, kind, asked_by, asked_at, state, changed_at, request)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::timestamptz[], $8::bytea[])
on conflict (subject, approval_id) do update set
    state = excluded.state, changed_at = excluded.changed_at, request = excluded.request
where approvals.changed_at <= excluded.changed_at
"""
BETWEEN = """
select subject, request from approvals where (changed_at >= $1 and changed_at < $2) or (asked_at >= $1 and asked_at < $2)
order by asked_at, subject, approval_id
"""
_REQUEST = msgspec.json.Decoder(Request)


async def keep(connection: Connection, found: Iterable[tuple[str, Request]]) -> None:
    """Keep each (subject, request) as it stands."""
    rows = [
        (subject, one.approval_id, one.kind, one.by, one.at, one.state, one.changed_at, msgspec.json.encode(one))
        for subject, one in found
    ]
    if rows:
        await connection.execute(KEEP, *map(list, zip(*rows, strict=True)))


async def between(connection: Connection, first: date, last: date, zone: tzinfo) -> list[tuple[str, Request]]:
    """(Subject, request) of those that were asked for, or of which something was last heard, from *first* to *last*."""
    begin = datetime.combine(first, time(), zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)
    return [(row["subject"], _REQUEST.decode(row["request"])) for row in await connection.fetch(BETWEEN, begin, end)]
