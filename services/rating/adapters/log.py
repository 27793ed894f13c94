"""Stored events as structured CloudEvents, personal fields in clear only for who may see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from shared.edge import codec
from shared.edge.seal import without_sealed
from shared.edge.store import export
from shared.edge.store.keys import SubjectKeys
from shared.edge.store.rows import DECISION, event_of, sequence_of, subject_of, zone_of

STREAM = """
select stream, version, kind, type, source, id, time, utc_offset, business_on, recorded_at, data
from events
where stream = $1 and version > $2 and ($3::date is null or business_on <= $3)
  and ($4::timestamptz is null or recorded_at <= $4)
  and ($6 or kind = 0 or convert_from(data, 'UTF8')::jsonb ->> 'purpose' is distinct from 'compliance')
order by version limit $5
"""

RESTRICTED = "credit.restricted"

Unseal = Callable[[Any, Sequence[Mapping[str, Any]]], Awaitable[list[dict[str, Any]]]]
"""(pool, rows of events) → the data of each row with its personal fields in clear; what was erased stays a marker."""


class Log:
    """Implements `services.rating.handlers.ports.Log` on PostgreSQL."""

    def __init__(self, unseal: Unseal) -> None:
        """*unseal* opens personal fields."""
        self._unseal = unseal

    async def stream(
        self,
        pool: Any,
        stream: str,
        *,
        after: int,
        as_of: date | None,
        known_at: datetime | None,
        limit: int,
        clear: bool,
        restricted: bool,
    ) -> list[dict[str, Any]]:
        """The events of *stream* above version *after*. Personal fields are null unless *clear*.

        What belongs on `credit.restricted` is left out unless *restricted*.
        """
        rows = await pool.fetch(STREAM, stream, after, as_of, known_at, limit, restricted)
        data = await self._unseal(pool, rows) if clear else [msgspec.json.decode(row["data"]) for row in rows]
        return [_logged(row, without_sealed(one)) for row, one in zip(rows, data, strict=True)]

    async def partition(
        self, pool: Any, partition: int, *, after: int, limit: int, restricted: bool
    ) -> tuple[list[bytes], int, bool]:
        """Events of *partition* in commit order, as the topics carry them; the position reached; whether there are more.

        *restricted* as in `stream`.
        """
        async with pool.acquire() as connection:
            page = await export.page(connection, partition=partition, after=after, limit=limit)
        shown = [one.event for one in page.events if restricted or one.event.data.topic != RESTRICTED]
        return [codec.encode(event) for event in shown], page.position, page.more


def unsealing(wrapping_key: bytes) -> Unseal:
    """Return what opens personal fields with the keys of the subjects, which *wrapping_key* opens."""

    async def unseal(pool: Any, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        opened = await SubjectKeys(pool, wrapping_key).unseal([event_of(row) for row in rows])
        return [msgspec.json.decode(codec.encode_data(event.data)) for event in opened]

    return unseal


def _logged(row: Mapping[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    return {
        "stream": row["stream"],
        "version": row["version"],
        "kind": "decision" if row["kind"] == DECISION else "fact",
        "business_on": row["business_on"],
        "recorded_at": row["recorded_at"],
        "event": {
            "specversion": "1.0",
            "id": row["id"],
            "source": row["source"],
            "type": row["type"],
            "subject": subject_of(row["stream"]),
            "time": row["time"].astimezone(zone_of(row["utc_offset"])).isoformat(),
            "datacontenttype": "application/json",
            "recordedtime": row["recorded_at"].isoformat(),
            "sequence": sequence_of(row["version"]),
            "data": data,
        },
    }
