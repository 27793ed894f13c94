"""Records in: every trap of the client library that the source must not fall into."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer

from shared.core.errors import Stopped, Unavailable
from shared.edge import clock
from shared.edge.kafka import poller as polling
from shared.edge.kafka import profile
from shared.edge.kafka.client import connect
from shared.edge.kafka.producer import Publisher, end, wait_for_all
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.record import Batch, Outgoing, Place, Record
from shared.edge.kafka.source import Source
from shared.edge.kafka.topics import Topic, Words, apply

pytestmark = pytest.mark.parts
QUICK = msgspec.structs.replace(EMBEDDED, beyond_s=1.0)


def topic(name: str, partitions: int = 3) -> Topic:
    return Topic(
        name=name,
        description=Words("a", "b"),
        key="k",
        owner="rating",
        producers=(),
        consumers=(),
        partitions=partitions,
    )


async def make(address: str, name: str, partitions: int = 3) -> None:
    await asyncio.to_thread(apply, address, QUICK, [topic(name, partitions)])


async def publish(address: str, records: Sequence[Outgoing]) -> None:
    publisher = Publisher(address, QUICK)
    try:
        await publisher.publish(records)
    finally:
        await publisher.close()


@contextlib.asynccontextmanager
async def reading(address: str, name: str, **options: Any) -> AsyncIterator[Source]:
    options = {"group": None, "profile": QUICK} | options
    source = Source(address, topics=[name], **options)
    await source.start()
    try:
        yield source
    finally:
        await source.stop()


async def from_zero(places: frozenset[Place]) -> dict[Place, int]:
    return dict.fromkeys(places, 0)


async def collect(source: Source, count: int, *, seconds: float = 30.0, max_records: int = 500) -> list[Record]:
    """Read until *count* records are there."""
    got: list[Record] = []
    until = clock.monotonic() + seconds
    while len(got) < count and clock.monotonic() < until:
        batch = await source.batch(max_records, 1.0)
        if batch is not None:
            assert len(batch.records) <= max_records
            got += batch.records
    return got


async def until_batch(source: Source, wanted: Any, *, seconds: float = 30.0) -> Batch:
    until = clock.monotonic() + seconds
    while clock.monotonic() < until:
        batch = await source.batch(500, 1.0)
        if batch is not None and wanted(batch):
            return batch
    raise AssertionError("it never came")


def numbered(name: str, count: int, *, partition: int = 0, start: int = 0) -> list[Outgoing]:
    return [Outgoing(name, partition, b"k", b"%d" % n) for n in range(start, start + count)]


async def test_every_record_arrives_once_and_in_order_of_its_partition(broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name)
    sent = [Outgoing(name, n % 3, b"k", b"%d" % n, (("a", b"b"),), 1_700_000_000_000 + n) for n in range(3_000)]
    await publish(broker.address, sent)
    async with reading(broker.address, name, positions=from_zero, max_poll_records=100) as source:
        got = await collect(source, len(sent))
        for partition in range(3):
            values = [int(r.value or b"") for r in got if r.partition == partition]
            assert values == list(range(partition, 3_000, 3))
        assert got[0].headers == (("a", b"b"),)
        assert got[0].timestamp_ms == 1_700_000_000_000 + int(got[0].value or b"")
        assert source.highwater(name, 0) == 1_000
        assert set(source.lag().values()) == {0}


async def test_the_high_watermark_counts_records_however_they_were_batched(broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    async with reading(broker.address, name, positions=from_zero) as source:
        for count in range(50, 300, 50):
            await publish(broker.address, numbered(name, 50))
            assert len(await collect(source, 50)) == 50
            until = clock.monotonic() + 5
            while source.highwater(name, 0) != count:  # it is noted behind the records that it came with
                assert clock.monotonic() < until, (source.highwater(name, 0), count)
                await asyncio.sleep(0.01)
            assert source.lag() == {(name, 0): 0}


async def test_bytes_that_no_one_can_decode_do_not_stop_the_stream(broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    bad = [Outgoing(name, 0, b"\xff\xfe", b"\x00\xff{" * 50), Outgoing(name, 0, None, b"")]
    await publish(broker.address, [*numbered(name, 5), *bad, *numbered(name, 5, start=5)])
    async with reading(broker.address, name, positions=from_zero) as source:
        got = await collect(source, 12)
        assert [r.offset for r in got] == list(range(12))
        assert got[5].value == b"\x00\xff{" * 50
        await publish(broker.address, numbered(name, 1, start=99))
        assert [r.value for r in await collect(source, 1)] == [b"99"]


class NotText(str):
    """A header name whose bytes are no UTF-8, as producers in other languages can send it."""

    def encode(self, *_: Any) -> bytes:
        return b"\xff\xfe"


@pytest.mark.parametrize("compression", [None, "lz4"])
async def test_a_header_whose_name_is_no_text_spoils_its_own_record_only(
    broker: Any, topic_prefix: str, compression: str | None
) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    options = EMBEDDED.producer(broker.address) | {"linger_ms": 200, "compression_type": compression}
    producer = await asyncio.to_thread(connect, KafkaProducer, options)
    try:
        sent = []
        for number in range(9):  # in one batch: what follows the bad record must not be lost with it
            headers = [(NotText("h"), b"1")] if number in {4, 5} else [("h", b"1")]
            value = b"%d" % number
            sent.append(producer.send(name, value=value, key=b"k", headers=headers, partition=0, timestamp_ms=7))
        await asyncio.to_thread(wait_for_all, producer, sent, clock.monotonic() + 10)
    finally:
        await asyncio.to_thread(end, producer)
    async with reading(broker.address, name, positions=from_zero, max_poll_records=3) as source:
        got = await collect(source, 9)
        assert [(r.offset, r.key, r.value) for r in got] == [(n, b"k", b"%d" % n) for n in range(9)]
        assert [r.offset for r in got if r.unreadable] == [4, 5]
        assert "not UTF-8" in got[4].unreadable
        await source.resume_at({(name, 0): 5})
        assert [r.offset for r in await collect(source, 4)] == [5, 6, 7, 8]


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
async def test_every_compression_of_the_protocol_is_read(broker: Any, topic_prefix: str, compression: str) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    options = EMBEDDED.producer(broker.address) | {"compression_type": compression}
    producer = await asyncio.to_thread(connect, KafkaProducer, options)
    try:
        sent = [producer.send(name, value=b"x" * 1_000, partition=0) for _ in range(20)]
        await asyncio.to_thread(wait_for_all, producer, sent, clock.monotonic() + 10)
    finally:
        await asyncio.to_thread(end, producer)
    async with reading(broker.address, name, positions=from_zero) as source:
        assert len(await collect(source, 20)) == 20


async def test_nothing_flows_before_the_owner_names_a_position_and_then_from_there(
    broker: Any, topic_prefix: str
) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 2)
    await publish(broker.address, [*numbered(name, 10), *numbered(name, 10, partition=1)])
    async with reading(broker.address, name, group=f"{topic_prefix}g") as source:
        first = await until_batch(source, lambda b: b.assigned)
        assert first.assigned == {(name, 0), (name, 1)}
        assert first.records == []
        assert await source.batch(100, 1.5) is None
        await source.resume_at({(name, 0): 7})
        got = await collect(source, 3)
        assert [(r.partition, r.offset) for r in got] == [(0, 7), (0, 8), (0, 9)]
        await source.resume_at({(name, 0): 9})
        assert [r.offset for r in await collect(source, 1)] == [9]
        await source.resume_at({(name, 1): 8})
        assert [(r.partition, r.offset) for r in await collect(source, 2)] == [(1, 8), (1, 9)]


async def test_going_back_drops_what_was_already_fetched(broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    await publish(broker.address, numbered(name, 1_000))
    async with reading(broker.address, name, positions=from_zero, max_poll_records=50) as source:
        await collect(source, 100, max_records=50)
        await asyncio.sleep(0.5)  # polls wait in the hand-off now
        await source.resume_at({(name, 0): 10})
        got = await collect(source, 990, max_records=50)
        assert [r.offset for r in got] == list(range(10, 1_000))


async def test_the_hand_off_is_bounded_and_the_member_stays_in_its_group(broker: Any, topic_prefix: str) -> None:
    name, group = f"{topic_prefix}events", f"{topic_prefix}g"
    await make(broker.address, name, 1)
    await publish(broker.address, numbered(name, 5_000))
    strict = msgspec.structs.replace(QUICK, max_poll_interval_ms=4_000)
    async with reading(
        broker.address, name, group=group, positions=from_zero, max_poll_records=100, profile=strict
    ) as source:
        got = await collect(source, 100, max_records=100)
        poller = source._poller
        assert poller is not None
        polls = poller.polls
        await asyncio.sleep(6)  # longer than a member may go without a poll
        assert poller.polls > polls
        assert poller.positions[name, 0] - got[-1].offset - 1 <= 300  # two polls wait, one at most is on its way
        changed = False
        while len(got) < 5_000:
            batch = await source.batch(1_000, 5.0)
            assert batch is not None
            changed |= bool(batch.lost)
            got += batch.records
        assert not changed
        assert [r.offset for r in got] == list(range(5_000))


async def test_the_listener_runs_beside_the_heartbeats_and_returns_at_once(broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    async with reading(broker.address, name, group=f"{topic_prefix}g") as source:
        await until_batch(source, lambda b: b.assigned)
        poller = source._poller
        assert poller is not None
        assert all(thread.startswith("kafka-io") for thread in poller.listener_threads), poller.listener_threads
        assert poller.listener_threads
        assert threading.current_thread().name not in poller.listener_threads


@pytest.mark.parametrize("assignor", ["cooperative-sticky", "range"])
async def test_a_second_member_takes_over_what_the_first_loses(broker: Any, topic_prefix: str, assignor: str) -> None:
    name, group = f"{topic_prefix}events", f"{topic_prefix}g"
    await make(broker.address, name, 4)
    owned: dict[int, set[Place]] = {0: set(), 1: set()}

    async def hold(member: int, source: Source, seconds: float) -> None:
        until = clock.monotonic() + seconds
        while clock.monotonic() < until and not (len(owned[0]) == 2 and len(owned[1]) == 2):
            batch = await source.batch(100, 0.2)
            if batch is not None:
                owned[member] -= batch.lost
                owned[member] |= batch.assigned

    async with reading(broker.address, name, group=group, positions=from_zero, assignor=assignor) as one:
        first = await until_batch(one, lambda b: b.assigned)
        owned[0] = set(first.assigned)
        assert len(owned[0]) == 4
        async with reading(broker.address, name, group=group, positions=from_zero, assignor=assignor) as two:
            await asyncio.gather(hold(0, one, 60), hold(1, two, 60))
            assert len(owned[0]) == len(owned[1]) == 2
            assert not owned[0] & owned[1]


async def test_a_position_beyond_the_log_is_reported_instead_of_waiting_for_ever(
    broker: Any, topic_prefix: str
) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    await publish(broker.address, numbered(name, 10))
    async with reading(broker.address, name) as source:
        await until_batch(source, lambda b: b.assigned)
        await source.resume_at({(name, 0): 500})
        batch = await until_batch(source, lambda b: b.truncated)
        (what,) = batch.truncated
        assert (what.topic, what.partition, what.position, what.reason) == (name, 0, 500, "beyond")
        await source.resume_at({(name, 0): 0})
        assert len(await collect(source, 10)) == 10


async def test_a_source_that_was_stopped_starts_again(broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    await publish(broker.address, numbered(name, 3))
    async with reading(broker.address, name, group=f"{topic_prefix}g", positions=from_zero) as source:
        assert len(await collect(source, 3)) == 3
        source.mirror({(name, 0): 3})
        await source.stop()
        await source.start()
        assert [r.offset for r in await collect(source, 3)] == [0, 1, 2]  # not what Kafka remembers
        assert source.mirror_failures == 0


async def test_a_broker_that_is_not_there_is_said_in_bounded_time() -> None:
    absent = msgspec.structs.replace(EMBEDDED, bootstrap_timeout_ms=500)
    source = Source("127.0.0.1:1", topics=["x"], group="g", profile=absent)
    with pytest.raises(Unavailable, match="does not answer"):
        await source.start()
    await source.stop()


async def test_a_consumer_asks_less_often_while_nothing_comes(
    broker: Any, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "QUIET_S", 0.5)
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    async with reading(broker.address, name, positions=from_zero) as source:
        await until_batch(source, lambda b: b.assigned)
        poller, loop = source._poller, asyncio.get_running_loop()
        assert poller is not None

        async def wait() -> int:
            found: asyncio.Future[int] = loop.create_future()
            poller.send(lambda at: loop.call_soon_threadsafe(found.set_result, at._fetcher.config["fetch_max_wait_ms"]))
            return await asyncio.wait_for(found, 10)

        await asyncio.sleep(1.0)
        assert await wait() == QUICK.quiet_wait_ms
        await publish(broker.address, numbered(name, 1))
        assert len(await collect(source, 1)) == 1
        assert await wait() == QUICK.fetch_max_wait_ms


async def test_a_poll_that_never_returns_ends_in_stopped(broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}events"
    await make(broker.address, name, 1)
    stuck = msgspec.structs.replace(QUICK, stuck_s=1.0)
    async with reading(broker.address, name, positions=from_zero, profile=stuck) as source:
        await until_batch(source, lambda b: b.assigned)
        release = threading.Event()
        poller = source._poller
        assert poller is not None
        # the I/O thread stands still, as it does under a listener or a callback that blocks
        poller.send(lambda consumer: consumer._net.call_soon_threadsafe(lambda: release.wait(20)))
        try:
            with pytest.raises(Stopped, match="has not returned"):
                await collect(source, 1)
        finally:
            release.set()


def test_checksums_are_computed_in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    import crc32c
    from kafka.record import util

    assert util.crc32c_c is crc32c.crc32c
    profile.require_crc32c()
