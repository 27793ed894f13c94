"""What leaves Gradeline on Kafka, read as any consumer would: every partition, from the beginning of what there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event as Signal
from typing import Any

import msgspec

from shared.core.errors import Stopped, Unavailable
from shared.edge.kafka.profile import choose
from shared.edge.kafka.record import Record, Truncated
from shared.edge.kafka.source import Source

TOPICS = ("credit.ratings", "credit.limits", "credit.alerts")
LOOK_S = 0.2
PAUSE_S = 1.0
MOST = 500

Heard = Callable[[dict[str, Any], int], None]
"""Takes a decoded CloudEvent and its time of recording, in milliseconds since 1970."""


async def follow(address: Callable[[], str], heard: Heard, stopping: Signal) -> None:
    """Hand every decision on TOPICS to *heard*, until *stopping* is set. A broker that is away is waited for."""
    while not stopping.is_set():
        source = Source(address(), topics=list(TOPICS), group=None, profile=choose(embedded=True))
        try:
            await source.start()
            await _read(source, heard, stopping)
        except (Unavailable, Stopped):
            await asyncio.sleep(PAUSE_S)
        finally:
            await source.stop()


async def _read(source: Source, heard: Heard, stopping: Signal) -> None:
    while not stopping.is_set():
        batch = await source.batch(MOST, LOOK_S)
        if batch is None:
            continue
        await source.resume_at(dict.fromkeys(batch.assigned, 0))
        await source.resume_at({(cut.topic, cut.partition): _again(cut) for cut in batch.truncated})
        for record in batch.records:
            event = decoded(record)
            if event is not None:
                heard(event, record.timestamp_ms)


def _again(cut: Truncated) -> int:
    """A log that ends before our place is a new one: it is read from its beginning, ids tell what came before."""
    return 0 if cut.reason == "beyond" else cut.edge or 0


def decoded(record: Record) -> dict[str, Any] | None:
    """The structured CloudEvent of *record*; None for anything else."""
    try:
        value = msgspec.json.decode(record.value or b"null")
    except msgspec.DecodeError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("data"), dict) else None
