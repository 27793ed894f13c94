"""From records to facts: decode, and refuse what is not ours to believe."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from shared.core.envelope import Event
from shared.core.errors import Undecodable
from shared.edge import codec
from shared.edge.kafka.partition import partition_of
from shared.edge.kafka.record import Record
from shared.edge.store.rows import stream_of
from shared.edge.worker.settings import WorkerSettings

BREATH = 64
"""Records between two chances for the transaction under way to go on."""


class Incoming(NamedTuple):
    """One decoded record. *at* is when the broker had it, never later than now."""

    record: Record
    event: Event
    stream: str
    at: datetime


async def decoded(
    records: Iterable[Record], *, settings: WorkerSettings, now: datetime
) -> tuple[list[Incoming], list[tuple[Record, Undecodable]], int]:
    """Return the events of *records*, the records that are none with the reason, and how many are of other types."""
    good: list[Incoming] = []
    bad: list[tuple[Record, Undecodable]] = []
    foreign = 0
    latest = int(now.timestamp() * 1000)
    for number, record in enumerate(records):
        if number % BREATH == 0:
            await asyncio.sleep(0)
        try:
            event = _event(record, settings)
        except codec.Foreign:
            foreign += 1
        except Undecodable as why:
            bad.append((record, why))
        else:
            at = datetime.fromtimestamp(min(max(record.timestamp_ms, 0), latest) / 1000, UTC)
            good.append(Incoming(record, event, stream_of(event.subject, record.partition), at))
    return good, bad, foreign


def _event(record: Record, settings: WorkerSettings) -> Event:
    if record.unreadable:
        raise Undecodable(record.unreadable, rule="unreadable")
    if record.value is None:
        raise Undecodable("the record has no value", rule="empty")
    event = codec.decode(record.value, headers=record.headers)
    if event.type in settings.unheard:
        raise codec.Foreign(event.type)
    if record.key != event.subject.encode():
        raise Undecodable("the record's key is not the subject of the event", pointer="/subject", rule="key")
    if settings.topic_prefix + event.data.topic != record.topic:
        message = f"/type: {event.type} does not belong on this topic"
        raise Undecodable(message, pointer="/type", rule="topic")
    if not event.subject.startswith("~") and partition_of(event.subject, settings.partitions) != record.partition:
        message = "the record is in another partition than its key belongs to; produce with partitioner=murmur2_random"
        raise Undecodable(message, pointer="/subject", rule="partition")
    return event


def partition_for(stream: str, count: int) -> int:
    """The partition that *stream* lives in: its own number for `~day/3`, else that of its key among *count*."""
    if stream.startswith("~"):
        return int(stream.rpartition("/")[2])
    return partition_of(stream, count)
