"""Damage on the way between broker and client."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from time import process_time
from typing import Any

import msgspec
import pytest
from kafka.coordinator.consumer import ConsumerCoordinator

from shared.core.errors import Stopped, Unavailable
from shared.edge.embedded.broker import EmbeddedBroker, binary
from shared.edge.embedded.process import Child, free_port, spawn
from shared.edge.embedded.wire import kafka_answers
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.record import Outgoing, Place
from shared.edge.kafka.source import Source
from shared.edge.kafka.topics import Admin, Topic, Words, apply

pytestmark = pytest.mark.parts
WHOLE, DAMAGED = b"whole-bytes", b"whose-bytes"

T = Topic(name="t", description=Words("a", "b"), key="k", owner="rating", producers=(), consumers=(), partitions=1)


class Wire:
    """A way to the broker that changes one byte of what it answers, once it is told to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.damages = False
        self.damaged = 0
        self.connections = 0
        self.open = True
        self._carrying: set[asyncio.Task[None]] = set()

    async def end(self) -> None:
        """Leave no connection behind: one that outlives its test is a warning in the next."""
        await asyncio.sleep(0.0)  # who is cancelled before the first turn never comes to its `finally`
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)
        await asyncio.sleep(0.0)  # an aborted transport closes its socket in the next turn of the loop

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if not self.open:
            writer.close()
            return
        task = asyncio.create_task(self._both_ways(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _both_ways(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.port)
            ends.append(back)
            await asyncio.gather(self._pump(reader, back, False), self._pump(there, writer, True))
        except OSError:
            return  # the broker is not there (yet)
        finally:
            for end in ends:
                end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while part := await source.read(1 << 20):
                if answers and self.damages and WHOLE in part:
                    self.damaged += 1
                    part = part.replace(WHOLE, DAMAGED)
                if not self.open:
                    break
                sink.write(part)
                await sink.drain()
        sink.close()


@contextlib.asynccontextmanager
async def broker_behind(folder: Path) -> AsyncIterator[tuple[str, Wire]]:
    """A broker that all clients reach through the wire only."""
    wire = Wire(free_port())
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    words = [binary(), "broker", "--storage-engine", "memory://tansu/"]
    words += ["--listener-url", f"tcp://127.0.0.1:{wire.port}", "--advertised-listener-url", f"tcp://{address}"]
    child: Child = spawn(words, log=folder / "broker.log", die_with=signal.SIGKILL)
    try:
        for _ in range(300):
            if await asyncio.to_thread(kafka_answers, address):
                break
            await asyncio.sleep(0.1)
        yield address, wire
    finally:
        child.kill()
        server.close()
        await wire.end()


async def test_a_batch_that_fails_its_checksum_stops_the_reader_instead_of_spinning_for_ever(tmp_path: Path) -> None:
    async def zero(places: frozenset[Place]) -> dict[Place, int]:
        return dict.fromkeys(places, 0)

    async with broker_behind(tmp_path) as (address, wire):
        await asyncio.to_thread(apply, address, EMBEDDED, [T])
        publisher = Publisher(address, EMBEDDED)
        await publisher.publish([Outgoing("t", 0, b"k", b"before")])
        await publisher.publish([Outgoing("t", 0, b"k", WHOLE)])
        await publisher.close()
        wire.damages = True
        source = Source(address, topics=["t"], group=None, profile=EMBEDDED, positions=zero)
        await source.start()
        with pytest.raises(Stopped, match="fails its checksum"):
            await everything(source)
        assert wire.damaged
        wire.damages = False  # the next process reads the batch again, and this time it is whole
        await source.stop()
        again = Source(address, topics=["t"], group=None, profile=EMBEDDED, positions=zero)
        await again.start()
        assert [await one(again), await one(again)] == [b"before", WHOLE]
        await again.stop()


async def test_a_broker_whose_door_is_open_and_nobody_behind_it_is_not_asked_without_a_pause(tmp_path: Path) -> None:
    async def zero(places: frozenset[Place]) -> dict[Place, int]:
        return dict.fromkeys(places, 0)

    async with broker_behind(tmp_path) as (address, wire):
        await asyncio.to_thread(apply, address, EMBEDDED, [T])
        publisher = Publisher(address, msgspec.structs.replace(EMBEDDED, publish_s=3.0))
        source = Source(address, topics=["t"], group=None, profile=EMBEDDED, positions=zero)
        await publisher.publish([Outgoing("t", 0, b"k", b"before")])
        await source.start()
        assert await one(source) == b"before"
        wire.open, before = False, wire.connections
        with pytest.raises(Unavailable):
            await publisher.publish([Outgoing("t", 0, b"k", b"meanwhile")])
        assert wire.connections > before, "nobody tried again"
        assert wire.connections - before < 1_000, "in 3 s; without a pause each client asks some thousand times"
        wire.open = True
        await publisher.publish([Outgoing("t", 0, b"k", b"after")])
        assert await until(source, b"after"), "the reader did not come back"
        await source.stop()
        await publisher.close()


async def test_a_member_waits_for_a_silent_broker_without_spinning(
    private_broker: EmbeddedBroker,
) -> None:
    async def zero(places: frozenset[Place]) -> dict[Place, int]:
        return dict.fromkeys(places, 0)

    await asyncio.to_thread(apply, private_broker.address, EMBEDDED, [T])
    source = Source(private_broker.address, topics=["t"], group="g", profile=EMBEDDED, positions=zero)
    await source.start()
    assert (joined := await source.batch(1, 8.0)) is not None
    assert joined.assigned
    assert isinstance(private_broker.pid, int)
    os.kill(private_broker.pid, signal.SIGSTOP)
    try:
        before = process_time()
        await asyncio.sleep(8.0)
        used = process_time() - before
    finally:
        os.kill(private_broker.pid, signal.SIGCONT)
    await source.stop()
    assert used < 8.0 / 5, "the thread of the client spins"


async def everything(source: Source) -> None:
    for _ in range(30):
        await source.batch(100, 1.0)


async def until(source: Source, value: bytes) -> bool:
    while (found := await one(source)) is not None:
        if found == value:
            return True
    return False


async def one(source: Source) -> bytes | None:
    for _ in range(30):
        batch = await source.batch(1, 1.0)
        if batch is not None and batch.records:
            return batch.records[0].value
    return None


async def test_nobody_makes_a_topic_by_asking_for_it(broker: Any, topic_prefix: str) -> None:
    async def zero(places: frozenset[Place]) -> dict[Place, int]:
        return dict.fromkeys(places, 0)

    name = f"{topic_prefix}missing"
    source = Source(broker.address, topics=[name], group=name, profile=EMBEDDED, positions=zero)
    publisher = Publisher(broker.address, msgspec.structs.replace(EMBEDDED, publish_s=2.0))
    await source.start()
    with pytest.raises(Unavailable):
        await publisher.publish([Outgoing(name, 0, b"k", b"v")])
    assert await source.batch(1, 2.0) is None
    await publisher.close()
    await source.stop()
    with Admin(broker.address, EMBEDDED) as admin:
        assert name not in admin.partitions()


async def test_a_member_that_was_given_nothing_of_a_topic_that_came_asks_again(
    private_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def zero(places: frozenset[Place]) -> dict[Place, int]:
        return dict.fromkeys(places, 0)

    # as where the client remembers of the moment of the assignment what came after it
    monkeypatch.setattr(ConsumerCoordinator, "_build_metadata_snapshot", lambda *_: {})
    source = Source(private_broker.address, topics=["t"], group="g", profile=EMBEDDED, positions=zero)
    await source.start()
    assert await source.batch(1, 8.0) is None, "there is nothing to be given yet"
    await asyncio.to_thread(apply, private_broker.address, EMBEDDED, [T])
    given = [await source.batch(1, 10.0) for _ in range(2)]
    await source.stop()
    assert any(batch is not None and batch.assigned for batch in given)
