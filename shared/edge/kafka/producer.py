"""Records out: an idempotent KafkaProducer on its own thread, bounded by us, rebuilt after any unexplained error."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError

from shared.core.errors import TooLarge, Unavailable
from shared.edge import clock, metrics
from shared.edge.kafka.client import connect
from shared.edge.kafka.profile import MAX_RECORD_BYTES, Profile, require_crc32c
from shared.edge.kafka.record import Outgoing

CHUNK_RECORDS = 5_000
CHUNK_BYTES = 8 << 20
FLUSH_S = 0.5
log = logging.getLogger(__name__)


class PublisherStats(msgspec.Struct):
    """Counts since the start; `waiting_…` are gauges."""

    acked: int = 0
    failed: int = 0
    built: int = 0
    """Clients made: one, and one more after each failure."""
    refused: int = 0
    waiting_records: int = 0
    waiting_bytes: int = 0


class Publisher:
    """Publishes to explicit partitions, one call after another, so that the order of each partition is kept."""

    def __init__(self, bootstrap: str, profile: Profile, *, partitions: Mapping[str, int] | None = None,
                 max_waiting_records: int = 50_000, max_waiting_bytes: int = 64 << 20) -> None:  # fmt: skip
        """*partitions*: how many each topic must have; a broker that made one with another count is not written to.

        At most *max_waiting_…* are held for all callers together: the client itself has no bound.
        """
        require_crc32c()
        self._bootstrap = bootstrap
        self._profile = profile
        self._partitions = dict(partitions or {})
        self._max_records = max_waiting_records
        self._max_bytes = max_waiting_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-publish")
        self._room = asyncio.Condition()
        self._producer: KafkaProducer | None = None
        self.stats = PublisherStats()

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Return when all *records* are acknowledged by the broker.

        Raises TooLarge before anything is sent; Unavailable when some may not have been written: send the same again,
        repeated records are harmless because each carries its id.
        """
        size = 0
        for record in records:
            size += record.size
            if record.size > MAX_RECORD_BYTES:
                self.stats.refused += 1
                raise TooLarge(f"a record of {record.size} bytes for {record.topic}; at most {MAX_RECORD_BYTES}")
        await self._enter(len(records), size)
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._send_all, records)
        finally:
            await asyncio.shield(self._leave(len(records), size))

    async def close(self) -> None:
        """Close the client and end the thread, in bounded time."""
        with contextlib.suppress(RuntimeError):  # closed before
            await asyncio.get_running_loop().run_in_executor(self._thread, self._discard)
        self._thread.shutdown(wait=False)

    async def _enter(self, count: int, size: int) -> None:
        stats = self.stats

        def fits() -> bool:  # a call larger than the bound goes alone
            return stats.waiting_records == 0 or (
                stats.waiting_records + count <= self._max_records and stats.waiting_bytes + size <= self._max_bytes
            )

        try:
            async with self._room:
                await asyncio.wait_for(self._room.wait_for(fits), self._profile.publish_s)
                stats.waiting_records += count
                stats.waiting_bytes += size
        except TimeoutError:
            stats.refused += 1
            raise Unavailable(f"the broker takes no records: {stats.waiting_records} wait already") from None

    async def _leave(self, count: int, size: int) -> None:
        async with self._room:
            self.stats.waiting_records -= count
            self.stats.waiting_bytes -= size
            self._room.notify_all()

    # on the publisher's thread

    def _send_all(self, records: Sequence[Outgoing]) -> None:
        for chunk in chunks(records):
            try:
                self._send(chunk)
            except Exception as error:
                # an idempotent producer does not come back from a broker that forgot it: never reuse one that failed
                self.stats.failed += len(chunk)
                self._discard()
                metrics.PRODUCER_REBUILDS.inc()
                raise Unavailable(f"the broker did not take {len(chunk)} records: {error!r}") from error
            self.stats.acked += len(chunk)

    def _send(self, chunk: Sequence[Outgoing]) -> None:
        until = clock.monotonic() + self._profile.publish_s
        producer = self._producer = self._producer or self._build()
        for topic in {record.topic for record in chunk}:
            self._check_partitions(producer, topic)
        futures = [
            producer.send(
                r.topic, value=r.value, key=r.key, headers=list(r.headers), partition=r.partition,
                timestamp_ms=r.timestamp_ms,
            )
            for r in chunk
        ]  # fmt: skip
        wait_for_all(producer, futures, until)

    def _check_partitions(self, producer: KafkaProducer, topic: str) -> None:
        expected = self._partitions.get(topic)
        there = len(producer.partitions_for(topic))
        if expected is not None and there != expected:
            raise Unavailable(f"{topic} has {there} partitions, not {expected}")

    def _build(self) -> KafkaProducer:
        self.stats.built += 1
        return connect(KafkaProducer, self._profile.producer(self._bootstrap))

    def _discard(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            end(producer)


def chunks(records: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """Cut *records* so that no piece has more than CHUNK_RECORDS or much more than CHUNK_BYTES."""
    start, size = 0, 0
    for at, record in enumerate(records):
        if at > start and (at - start >= CHUNK_RECORDS or size + record.size > CHUNK_BYTES):
            yield records[start:at]
            start, size = at, 0
        size += record.size
    if start < len(records):
        yield records[start:]


def wait_for_all(producer: KafkaProducer, futures: Sequence[Any], until: float) -> None:
    """Wait until every future is done. Raises its error, or KafkaTimeoutError at *until* (monotonic seconds).

    `flush(timeout)` counts its timeout for each batch anew and does not raise for records that failed: so it is called
    in slices, and the futures are looked at.
    """
    while not all(future.is_done for future in futures):
        if clock.monotonic() >= until:
            raise KafkaTimeoutError("no acknowledgement in time")
        with contextlib.suppress(KafkaTimeoutError):
            producer.flush(timeout=FLUSH_S)
    for future in futures:
        if future.failed():
            raise future.exception


def end(producer: KafkaProducer) -> None:
    """Close *producer* without waiting for what it still holds.

    `close(timeout)` first flushes, and where that times out it leaves the sender thread running for ever: so the
    sender is told to give up its records before.
    """
    try:
        producer._sender.force_close()
        producer._sender.join(2.0)
        producer.close(timeout=1.0)
    except Exception as error:
        log.warning("closing the producer: %r", error)
