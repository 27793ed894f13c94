"""A relay that runs, and what worker and API leave for it in the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec

from shared.core.envelope import Event
from shared.core.events import BY_TYPE
from shared.edge import clock, codec
from shared.edge.kafka.generation import Generation
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.record import Place, Record
from shared.edge.kafka.relay import Relay
from shared.edge.kafka.source import Source
from shared.edge.kafka.topics import Topic, counts, load
from shared.edge.store import rows

TOPICS = load(partitions=3)
QUICK = msgspec.structs.replace(EMBEDDED, beyond_s=1.0, publish_s=5.0)
NOW = clock.now().replace(microsecond=123_000)


@contextlib.asynccontextmanager
async def relaying(
    dsn: str, address: str, *, names: tuple[str, ...] = ("intake", "outbox"), topics: list[Topic] = TOPICS
) -> AsyncIterator[Relay]:
    """A relay that runs."""
    publisher = Publisher(address, QUICK, partitions=counts(topics))
    generation = Generation(address, QUICK, topics=topics, leader=True)
    relay = Relay(dsn, schema="rating", publisher=publisher, generation=generation, partitions=3, names=names)
    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    try:
        yield relay
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), 60)
        await generation.close()
        await publisher.close()


async def decide(connection: asyncpg.Connection, count: int, *, partition: int = 0, topic: str = "credit.ratings",
                 start: int = 1, size: int = 0) -> None:  # fmt: skip
    """What the worker's transaction leaves in the outbox."""
    async with connection.transaction():
        records = [
            (partition, n, topic, f"c{partition}", f"c{partition}/{n}", (b"%d" % n).ljust(size), None, NOW)
            for n in range(start, start + count)
        ]
        columns = ("partition", "position", "topic", "key", "event_id", "value", "headers", "recorded_at")
        await connection.copy_records_to_table("outbox", records=records, columns=columns)
        await connection.execute("select pg_notify(current_schema() || '_outbox', '')")


async def take_in(connection: asyncpg.Connection, stream: str, n: int, *, partition: int = 0) -> None:
    """What the API's transaction leaves in intake."""
    await connection.execute(
        "insert into intake (partition, position, stream, identity, content, value, recorded_at) "
        "values ($1, $2, $3, $4, $4, $5, $6)",
        partition, n, stream, n.to_bytes(16, "big"), b"fact %d" % n, NOW,
    )  # fmt: skip


async def eventually(check: Callable[[], Any], *, seconds: float = 40.0) -> Any:
    """Return what *check* says as soon as it says something."""
    until = clock.monotonic() + seconds
    while True:
        found = check()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        assert clock.monotonic() < until, "it never happened"
        await asyncio.sleep(0.05)


async def zero(places: frozenset[Place]) -> dict[Place, int]:
    return dict.fromkeys(places, 0)


async def content(address: str, topic: str, count: int) -> list[Record]:
    """Everything in *topic*: at least *count* records, and what comes within a second after."""
    source = Source(address, topics=[topic], group=None, profile=QUICK, positions=zero)
    await source.start()
    got: list[Record] = []
    until = clock.monotonic() + 30
    while clock.monotonic() < until:
        batch = await source.batch(5_000, 1.0)
        if batch is None and len(got) >= count:
            break
        got += batch.records if batch else []
    await source.stop()
    return got


async def relayed(connection: asyncpg.Connection, name: str, partition: int) -> int:
    at = await connection.fetchval("select position from relays where name = $1 and partition = $2", name, partition)
    return int(at or 0)


async def store_facts(connection: asyncpg.Connection, count: int) -> None:
    """Facts that the worker appended: some yesterday, one more than eight days ago."""
    cls = BY_TYPE["credit.payment.recorded.v1"]
    now = clock.now()
    records = []
    for n in range(count + 1):
        old = n == count
        data = codec.data_from(
            cls.TYPE, {"payment_id": f"p{n}", "amount": "12.50", "currency": "CNY", "paid_on": "2026-02-01"}
        )
        event = Event(
            id=f"e{n}", source="/erp", type=cls.TYPE, subject="customer-3", time=NOW + timedelta(minutes=n), data=data
        )
        recorded = now - timedelta(days=8 if old else 1, microseconds=0 if n % 2 else n)
        records.append(
            rows.row_of(event, stream="customer-3", version=n + 1, kind=0, partition=n % 3, recorded_at=recorded,
                        content=None)
        )  # fmt: skip
    await connection.copy_records_to_table("events", records=records, columns=rows.COLUMNS)
