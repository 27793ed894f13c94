"""How an event lies in the table `events`, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from shared.core.envelope import Event
from shared.edge import codec

SEQUENCES = 16_384
"""Versions whose text is remembered: most streams are short, and every event carries it."""
FACT = 0
DECISION = 1

COLUMNS = (
    "stream",
    "version",
    "identity",
    "content",
    "kind",
    "type",
    "source",
    "id",
    "time",
    "utc_offset",
    "business_on",
    "recorded_at",
    "partition",
    "data",
)
"""The order in which COPY takes them; `EventRow` has the same."""

EventRow = tuple[str, int, bytes, bytes, int, str, str, str, datetime, int, Any, datetime, int, bytes]
"""One row of `events` in the order of COLUMNS."""

_ZONES: dict[int, timezone] = {0: UTC}


class Stored(NamedTuple):
    """One stored event with what the store knows about it. `recorded_at` is when we came to know it."""

    stream: str
    version: int
    kind: int
    recorded_at: datetime
    event: Event


def row_of(
    event: Event,
    *,
    stream: str,
    version: int,
    kind: int,
    partition: int,
    recorded_at: datetime,
    identity: bytes | None = None,
    content: bytes | None = None,
) -> EventRow:
    """The row of *event*; *identity* and *content* spare computing them twice."""
    offset = event.time.utcoffset()
    return (
        stream,
        version,
        event.identity if identity is None else identity,
        event.content if content is None else content,
        kind,
        event.type,
        event.source,
        event.id,
        event.time,
        0 if not offset else int(offset.total_seconds()) // 60,
        event.business_date,
        recorded_at,
        partition,
        codec.encode_data(event.data),
    )


def event_of(row: Any) -> Event:
    """The event of a record with the columns stream, version, type, source, id, time, utc_offset, recorded_at, data."""
    return rebuilt(
        stream=row["stream"],
        version=row["version"],
        type_=row["type"],
        source=row["source"],
        id_=row["id"],
        time=row["time"],
        utc_offset=row["utc_offset"],
        recorded_at=row["recorded_at"],
        data=row["data"],
    )


def stored_of(row: Any) -> Stored:
    """As `event_of`, with kind and version."""
    return Stored(row["stream"], row["version"], row["kind"], row["recorded_at"], event_of(row))


def rebuilt(
    *,
    stream: str,
    version: int,
    type_: str,
    source: str,
    id_: str,
    time: datetime,
    utc_offset: int,
    recorded_at: datetime,
    data: bytes,
) -> Event:
    """The event that was appended, with its own offset, its recorded time and its stream version as `sequence`."""
    return Event(
        id=id_,
        source=source,
        type=type_,
        subject=subject_of(stream),
        time=time.astimezone(zone_of(utc_offset)),
        data=codec.decode_data(type_, data),
        recordedtime=recorded_at,
        sequence=sequence_of(version),
    )


def zone_of(minutes: int) -> timezone:
    """The fixed offset *minutes* east of UTC; few are in use, so each is made once."""
    zone = _ZONES.get(minutes)
    if zone is None:
        zone = _ZONES.setdefault(minutes, timezone(timedelta(minutes=minutes)))
    return zone


def stream_of(subject: str, partition: int) -> str:
    """The stream that keeps *subject*: itself, or `~day/3` for what is written to every partition."""
    return f"{subject}/{partition}" if subject.startswith("~") else subject


def subject_of(stream: str) -> str:
    """The subject of the events in *stream*."""
    return stream.partition("/")[0] if stream.startswith("~") else stream


@lru_cache(SEQUENCES)
def sequence_of(version: int) -> str:
    """A stream version as the extension `sequence` carries it: 20 digits, so that text order is number order."""
    return f"{version:020d}"
