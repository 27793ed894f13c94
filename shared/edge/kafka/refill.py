"""Publishing again what a lost log held: relays start over, stored facts are read by recorded time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from shared.edge import codec
from shared.edge.kafka.record import Outgoing
from shared.edge.store.rows import FACT, event_of

FACTS, FACTS_UNTIL = "facts", "facts_until"
"""Rows of `relays` at partition 0: recorded time in microseconds, how far facts are published again, and up to when."""
INSTANT = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVENTS_TOPIC = "credit.events"
STRUCTURED = ("content-type", b"application/cloudevents+json")

_PUT = """
insert into relays (name, partition, position) values ($1, 0, $2)
on conflict (name, partition) do update set position = excluded.position
"""
_ADVANCE = "update relays set position = $3 where name = $1 and partition = 0 and position = $2"
_READ = """
select stream, version, type, source, id, time, utc_offset, recorded_at, partition, data
from events where kind = $1 and recorded_at >= $2 and recorded_at < $3 limit $4
"""


async def begin(connection: asyncpg.Connection, *, since: datetime, until: datetime, facts: bool) -> None:
    """Let the relays start over; where *facts*, also those recorded in [*since*, *until*). Inside a transaction."""
    await connection.execute("update relays set position = 0 where name in ('intake', 'outbox')")
    if facts:
        await connection.execute(_PUT, FACTS, micros(since))
        await connection.execute(_PUT, FACTS_UNTIL, micros(until))


async def pending(connection: asyncpg.Connection) -> tuple[datetime, datetime] | None:
    """Return the span of recorded time whose facts are still to be published again, or None."""
    rows = await connection.fetch("select name, position from relays where name in ($1, $2)", FACTS, FACTS_UNTIL)
    at = {row["name"]: row["position"] for row in rows}
    if FACTS not in at or at[FACTS] >= at.get(FACTS_UNTIL, 0):
        return None
    return instant(at[FACTS]), instant(at[FACTS_UNTIL])


async def read(
    connection: asyncpg.Connection, span: tuple[datetime, datetime], window: timedelta, limit: int
) -> tuple[list[Outgoing], datetime, timedelta]:
    """Return the facts of *span* up to some instant, that instant, and the window to try next.

    About *limit* at most: *window* is halved until that few lie in it (facts of one instant stay together), and doubled
    after few. A window is cheap to read because facts lie in the order in which they were recorded.
    """
    start, end = span
    while True:
        until = min(start + window, end)
        least = window <= INSTANT
        rows = await connection.fetch(_READ, FACT, start, until, None if least else limit + 1)
        if least or len(rows) <= limit:
            break
        window = max(window / 2, INSTANT)
    return [outgoing(row) for row in rows], until, window * 2 if len(rows) * 2 < limit else window


async def advance(connection: asyncpg.Connection, span: tuple[datetime, datetime], at: datetime) -> None:
    """Note that the facts of *span* before *at* are published again; no effect where another loss began a new span."""
    await connection.execute(_ADVANCE, FACTS, micros(span[0]), micros(at))


def outgoing(row: Any) -> Outgoing:
    """The record of a stored fact: the event as it was, sealed fields still sealed."""
    event = event_of(row)
    return Outgoing(
        EVENTS_TOPIC, row["partition"], event.subject.encode(), codec.encode(event), (STRUCTURED,),
        millis(row["recorded_at"]),
    )  # fmt: skip


def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - EPOCH) // timedelta(microseconds=1)


def millis(at: datetime) -> int:
    """Milliseconds since 1970, as Kafka's timestamps are."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def instant(microseconds: int) -> datetime:
    """The inverse of `micros`."""
    return EPOCH + timedelta(microseconds=microseconds)
