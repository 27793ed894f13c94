"""Records out: bounded by us, in order, and back by itself after the broker forgot the producer."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import psutil
import pytest

from shared.core.errors import Misconfigured, TooLarge, Unavailable
from shared.edge import clock
from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.embedded.process import wait_until
from shared.edge.kafka import profile
from shared.edge.kafka.producer import CHUNK_RECORDS, Publisher, chunks
from shared.edge.kafka.profile import EMBEDDED, MAX_RECORD_BYTES, Security
from shared.edge.kafka.record import Outgoing, Place, Record
from shared.edge.kafka.source import Source
from shared.edge.kafka.topics import Topic, Words, apply

pytestmark = pytest.mark.parts
HASTY = msgspec.structs.replace(EMBEDDED, publish_s=2.0)


def freeze(pid: int) -> None:
    """Stop the process, and return when it has stopped: its threads go on for a moment after the signal."""
    os.kill(pid, signal.SIGSTOP)
    assert wait_until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, 10.0)


def topic(name: str, partitions: int = 1) -> Topic:
    return Topic(
        name=name,
        description=Words("a", "b"),
        key="k",
        owner="rating",
        producers=(),
        consumers=(),
        partitions=partitions,
    )


async def make(address: str, name: str, partitions: int = 1) -> None:
    await asyncio.to_thread(apply, address, EMBEDDED, [topic(name, partitions)])


async def content(address: str, name: str, count: int) -> list[Record]:
    """Everything in *name*: at least *count* records, and what comes within a second after."""

    async def zero(places: frozenset[Place]) -> dict[Place, int]:
        return dict.fromkeys(places, 0)

    source = Source(address, topics=[name], group=None, profile=EMBEDDED, positions=zero)
    await source.start()
    got: list[Record] = []
    until = clock.monotonic() + 20
    while clock.monotonic() < until:
        batch = await source.batch(5_000, 1.0)
        if batch is None and len(got) >= count:
            break
        got += batch.records if batch else []
    await source.stop()
    return got


@pytest.fixture
async def hasty(private_broker: EmbeddedBroker) -> AsyncIterator[Publisher]:
    """A publisher with a short patience, at most 2,000 records at once."""
    publisher = Publisher(private_broker.address, HASTY, max_waiting_records=2_000)
    yield publisher
    await publisher.close()


async def test_published_means_in_the_log_in_order_under_its_key(broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}out"
    await make(broker.address, name, 2)
    publisher = Publisher(broker.address, EMBEDDED)
    sent = [Outgoing(name, n % 2, f"c{n % 2}".encode(), b"%d" % n, (("h", b"v"),), 1_000 + n) for n in range(12_000)]
    await asyncio.gather(*(publisher.publish(sent[at : at + 3_000]) for at in range(0, 12_000, 3_000)))
    assert publisher.stats.acked == 12_000
    assert publisher.stats.waiting_records == publisher.stats.waiting_bytes == 0
    got = await content(broker.address, name, 12_000)
    for partition in range(2):
        assert [int(r.value or b"") for r in got if r.partition == partition] == list(range(partition, 12_000, 2))
    assert got[0].headers == (("h", b"v"),)
    await publisher.close()


async def test_a_record_no_broker_would_take_is_refused_before_anything_is_sent(broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}out"
    await make(broker.address, name)
    publisher = Publisher(broker.address, EMBEDDED)
    whole = b"x" * (MAX_RECORD_BYTES - 1)
    with pytest.raises(TooLarge, match="at most"):
        await publisher.publish([Outgoing(name, 0, b"k", b"small"), Outgoing(name, 0, b"kk", whole)])
    await publisher.publish([Outgoing(name, 0, b"k", whole)])
    got = await content(broker.address, name, 1)
    assert [len(r.value or b"") for r in got] == [len(whole)]
    await publisher.close()


async def test_a_frozen_broker_bounds_what_is_held_and_then_everything_flows_again(
    private_broker: EmbeddedBroker, hasty: Publisher
) -> None:
    await make(private_broker.address, "out")
    await hasty.publish([Outgoing("out", 0, b"k", b"first")])
    assert private_broker.pid is not None
    rows = [Outgoing("out", 0, b"k", b"x" * 200) for _ in range(1_000)]
    freeze(private_broker.pid)
    try:
        waiting = [asyncio.create_task(hasty.publish(rows)) for _ in range(10)]
        await asyncio.sleep(1.0)
        assert hasty.stats.waiting_records <= 2_000
        assert sum(future.done() for future in waiting) == 0
        answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 60)
    finally:
        os.kill(private_broker.pid, signal.SIGCONT)
    assert all(isinstance(answer, Unavailable) for answer in answers), answers
    assert hasty.stats.waiting_records == hasty.stats.waiting_bytes == 0
    await until_published(hasty, [Outgoing("out", 0, b"k", b"last")])
    assert (await content(private_broker.address, "out", 2))[-1].value == b"last"


async def test_a_short_freeze_doubles_nothing(private_broker: EmbeddedBroker) -> None:
    await make(private_broker.address, "out")
    publisher = Publisher(private_broker.address, EMBEDDED)
    await publisher.publish([Outgoing("out", 0, b"k", b"0")])
    assert private_broker.pid is not None
    freeze(private_broker.pid)
    sending = asyncio.create_task(publisher.publish([Outgoing("out", 0, b"k", b"%d" % n) for n in range(1, 11)]))
    await asyncio.sleep(3)
    os.kill(private_broker.pid, signal.SIGCONT)
    await asyncio.wait_for(sending, 30)
    assert [r.value for r in await content(private_broker.address, "out", 11)] == [b"%d" % n for n in range(11)]
    await publisher.close()


async def test_the_event_loop_runs_on_while_the_broker_stands_still(
    private_broker: EmbeddedBroker, hasty: Publisher
) -> None:
    await make(private_broker.address, "out")
    await hasty.publish([Outgoing("out", 0, b"k", b"first")])
    assert private_broker.pid is not None
    freeze(private_broker.pid)
    try:
        sending = asyncio.create_task(hasty.publish([Outgoing("out", 0, b"k", b"x")]))
        turns = 0
        while not sending.done():
            await asyncio.sleep(0.01)
            turns += 1
    finally:
        os.kill(private_broker.pid, signal.SIGCONT)
    assert isinstance(sending.exception(), Unavailable)
    assert turns > 50


async def test_the_producer_is_rebuilt_after_the_broker_forgot_it(
    private_broker: EmbeddedBroker, hasty: Publisher
) -> None:
    await make(private_broker.address, "out")
    await hasty.publish([Outgoing("out", 0, b"k", b"before")])
    threads = threading.active_count()
    for life in range(2):
        private_broker.kill()
        private_broker.start()
        await make(private_broker.address, "out")
        await until_published(hasty, [Outgoing("out", 0, b"k", b"after %d" % life)])
        assert b"after %d" % life in [r.value for r in await content(private_broker.address, "out", 1)]
    assert hasty.stats.built > 1
    assert threading.active_count() <= threads + 2  # producers that were given up end


async def test_a_topic_with_another_partition_count_is_not_written_to(private_broker: EmbeddedBroker) -> None:
    await make(private_broker.address, "out", 3)
    publisher = Publisher(private_broker.address, EMBEDDED, partitions={"out": 12})
    with pytest.raises(Unavailable, match="has 3 partitions, not 12"):
        await publisher.publish([Outgoing("out", 0, b"k", b"x")])
    assert await content(private_broker.address, "out", 0) == []
    await publisher.close()


async def test_a_broker_that_is_not_there_leaves_no_thread_behind() -> None:
    absent = msgspec.structs.replace(EMBEDDED, bootstrap_timeout_ms=300)
    publisher = Publisher("127.0.0.1:1", absent)
    before = {thread.name for thread in threading.enumerate() if thread.name.startswith("kafka-io")}
    for _ in range(3):
        with pytest.raises(Unavailable):
            await publisher.publish([Outgoing("out", 0, b"k", b"x")])
    await asyncio.sleep(0.5)
    left = {thread.name for thread in threading.enumerate() if thread.name.startswith("kafka-io")} - before
    assert not left
    await publisher.close()


async def until_published(publisher: Publisher, records: list[Outgoing]) -> None:
    """Send the same again until it is taken, as the relay does."""
    for _ in range(20):
        try:
            return await publisher.publish(records)
        except Unavailable:
            await asyncio.sleep(0.3)
    raise AssertionError("the publisher never came back")


def test_pieces_are_bounded_and_lose_nothing() -> None:
    rows = [Outgoing("t", 0, b"k", b"x" * (900_000 if n % 400 == 0 else 10)) for n in range(12_345)]
    pieces = list(chunks(rows))
    assert [row for piece in pieces for row in piece] == rows
    assert max(map(len, pieces)) <= CHUNK_RECORDS
    assert max(sum(row.size for row in piece) for piece in pieces) <= (8 << 20) + MAX_RECORD_BYTES


def test_security_is_passed_through_and_never_shown() -> None:
    security = Security(
        security_protocol="SASL_SSL", sasl_mechanism="SCRAM-SHA-512", sasl_plain_username="u", sasl_plain_password="p4ss",
        ssl_cafile="/ca.pem",
    )  # fmt: skip
    options = profile.choose(embedded=False, security=security).producer("a:1,b:2")
    assert options["sasl_plain_password"] == "p4ss"
    assert options["security_protocol"] == "SASL_SSL"
    assert options["ssl_cafile"] == "/ca.pem"
    assert options["bootstrap_servers"] == ["a:1", "b:2"]
    assert options["enable_idempotence"] is True
    assert "p4ss" not in repr(security)
    with pytest.raises(Misconfigured, match="plain text"):
        profile.choose(embedded=True, security=security)
