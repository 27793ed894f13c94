"""The limits of the parts: what the client, the table and the decoder do by themselves, with nothing of ours between."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from kafka import KafkaConsumer, TopicPartition

from gradeline.simulator.flat import payments_and_invoices
from shared.edge import clock, codec
from shared.edge.cloudevents import Wire
from shared.edge.kafka.client import connect
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.store.rows import COLUMNS, FACT, EventRow, row_of
from tests.bench.parts import EVENTS, PARTITIONS, Parts, started
from tests.bench.report import Report
from tests.bench.scale import Scale

BATCH = 2_000
CUSTOMERS = 1_000
PATIENCE_SECONDS = 60.0
SYNCS, PAGE_BYTES = 200, 8_192


async def limits(scale: Scale, folder: Path, report: Report) -> None:
    """Measure consumption, COPY and decoding, over the same facts."""
    facts = [(key.decode(), value) for key, value in payments_and_invoices(CUSTOMERS, scale.part, 1)]
    values = [value for _, value in facts]
    async with started(folder, report) as parts:
        since = clock.monotonic()
        await parts.produce(facts)
        report.figure("limit_produce", "publisher to the broker, acknowledged", len(facts) / (clock.monotonic() - since),
                      "records/s")  # fmt: skip
        seconds = await asyncio.to_thread(_consumed, parts.broker.address, len(facts))
        report.figure("limit_consume", "kafka-python consumes", len(facts) / seconds, "records/s")
        _decoding(values, report)
        waits = _synced(folder / "synced")
        report.figure("limit_sync", "writing 8 kB to the disk and waiting for it, p50", waits[len(waits) // 2], "ms",
                      f"p90 {waits[len(waits) * 9 // 10]:.3g} ms; every commit waits for it")  # fmt: skip
        await _copying(parts, values, report)


def _consumed(address: str, count: int) -> float:
    """Seconds from the first record that is polled to the last."""
    consumer = connect(KafkaConsumer, EMBEDDED.consumer(address) | {"max_poll_records": BATCH})
    try:
        places = [TopicPartition(EVENTS, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
        seen, since, patience = 0, 0.0, clock.monotonic() + PATIENCE_SECONDS
        while seen < count:
            found = sum(map(len, consumer.poll(200).values()))
            since = since or (clock.monotonic() if found else 0.0)
            seen += found
            if clock.monotonic() > patience:
                raise RuntimeError(f"{seen} of {count} records after {PATIENCE_SECONDS:.0f} s")
        return clock.monotonic() - since
    finally:
        consumer.close(autocommit=False, timeout_ms=2_000)


def _synced(path: Path) -> list[float]:
    """Milliseconds that the disk takes to have a page for good, in ascending order: no durable commit is faster."""
    waits = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            since = clock.monotonic()
            file.write(bytes(PAGE_BYTES))
            os.fdatasync(file.fileno())
            waits.append(1000 * (clock.monotonic() - since))
    return sorted(waits)


def _decoding(values: list[bytes], report: Report) -> None:
    reader = msgspec.json.Decoder(Wire).decode
    for key, what, read in (
        ("limit_msgspec", "msgspec decodes an envelope, data left as it is", reader),
        ("limit_codec", "our codec decodes an event and checks every rule", codec.decode),
    ):
        since = clock.monotonic()
        for value in values:
            read(value)
        report.figure(key, what, len(values) / (clock.monotonic() - since), "events/s")


async def _copying(parts: Parts, values: list[bytes], report: Report) -> None:
    """COPY rows into the table of events with its indexes, a transaction a batch."""
    rows = _rows(values)
    since = clock.monotonic()
    for at in range(0, len(rows), BATCH):
        async with parts.session.transaction():
            await parts.session.copy_records_to_table("events", records=rows[at : at + BATCH], columns=COLUMNS)
    report.figure("limit_copy", f"COPY into the indexed table of events, {BATCH:,} rows a transaction",
                  len(rows) / (clock.monotonic() - since), "rows/s")  # fmt: skip


def _rows(values: list[bytes]) -> list[EventRow]:
    versions: dict[str, int] = {}
    rows = []
    for value in values:
        event = codec.decode(value)
        version = versions[event.subject] = versions.get(event.subject, 0) + 1
        recorded = datetime(2026, 1, 1, tzinfo=UTC)
        rows.append(row_of(event, stream=event.subject, version=version, kind=FACT, partition=0, recorded_at=recorded))
    return rows
