"""Which life of the broker's log we are in. A broker that lost its log gives no error: this notices it.

One record in the topic `gradeline.generation` names the log. The leader (rating) writes it; every service keeps, in its
table `broker`, the generation its positions and its relays refer to. Where the two differ, positions mean nothing:
consumers start at offset 0, relays publish again what they still hold, and rating publishes the facts of the last
seven days again. Repeated records are harmless, because an event is known by its identity.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import asyncpg
import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from shared.core.errors import Misconfigured, Unavailable
from shared.edge import clock
from shared.edge.kafka.client import connect
from shared.edge.kafka.producer import end, wait_for_all
from shared.edge.kafka.profile import Profile
from shared.edge.kafka.refill import begin
from shared.edge.kafka.topics import GENERATION, Admin, Topic, check_counts, counts

KEPT = timedelta(days=7)
"""How long topics are kept, so what a new log must hold again."""
READ_S = 5.0
STUCK_S = 25.0
"""Longer than any call that still does something."""
R = TypeVar("R")
log = logging.getLogger(__name__)


class Marker(msgspec.Struct, frozen=True):
    """The record: its value is the generation, its header `topics` names those that existed when it was written."""

    generation: str
    topics: frozenset[str]


class Found(msgspec.Struct, frozen=True):
    """What the broker holds."""

    marker: Marker | None
    partitions: dict[str, int]


async def current(connection: asyncpg.Connection) -> str | None:
    """Return the generation that positions of this schema must carry; None before the relay has first seen a broker.

    A consumer compares it with the one stored beside each position, at start, every few seconds and when a position is
    beyond the log: where they differ, the position is offset 0.
    """
    found: str | None = await connection.fetchval("select generation from broker")
    return found


class Generation:
    """Keeps the broker's topics, the generation record and the table `broker` in agreement."""

    def __init__(self, bootstrap: str, profile: Profile, *, topics: Sequence[Topic], leader: bool) -> None:
        """*leader* writes the record and makes topics; the others follow it."""
        self._bootstrap = bootstrap
        self._profile = profile
        self._topics = list(topics)
        self._place = TopicPartition(next(t.name for t in topics if t.name.endswith(GENERATION)), 0)
        self._leader = leader
        self._consumer: KafkaConsumer | None = None
        self.renewals = 0
        """How often the broker was found to have lost its log."""

    async def ensure(self, connection: asyncpg.Connection) -> bool:
        """Check topics and generation; make good what is missing. Returns whether relays start over.

        Raises Unavailable (the broker does not answer, or its leader has not written the record yet) and Misconfigured
        (a topic has another partition count). Safe to call at any time by the owner of the relays, and only by it.
        """
        found = await self._on_thread(self._look)
        stored = await current(connection)
        lost = found.marker is None or bool(found.marker.topics - found.partitions.keys())
        if lost and not self._leader:
            raise Unavailable("the broker has no generation record yet; the relay of rating writes it")
        if found.marker is not None and not lost:
            await self._on_thread(self._complete, found)
            if stored == found.marker.generation:
                return False
            return await self._adopt(connection, found.marker.generation, stored)
        generation = clock.new_id()
        await self._on_thread(self._remake, found.partitions)
        started_over = await self._adopt(connection, generation, stored)
        await self._on_thread(self._write, generation)
        return started_over

    async def close(self) -> None:
        """Close the clients."""
        with contextlib.suppress(Unavailable):
            await self._on_thread(self._forget)

    async def _adopt(self, connection: asyncpg.Connection, generation: str, stored: str | None) -> bool:
        async with connection.transaction():
            await connection.execute("set local synchronous_commit = on")  # before the record says so to everybody
            await connection.execute(
                "insert into broker (generation) values ($1) on conflict (one) do update set generation = $1",
                generation,
            )
            if stored is None:
                return False  # nothing was ever published
            now = clock.now()
            await begin(connection, since=now - KEPT, until=now, facts=self._leader)
        self.renewals += 1
        log.warning("the broker lost its log: generation %s follows %s, the last days are published again", generation,
                    stored)  # fmt: skip
        return True

    async def _on_thread(self, work: Callable[..., R], *arguments: object) -> R:
        """Run *work* beside the event loop, one at a time. Raises Unavailable where it does not come back.

        Some calls of kafka-python have no time limit of their own, so the thread must be one that can be left behind.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()

        def run() -> None:
            try:
                result = work(*arguments)
            except BaseException as failed:  # it is raised again where it is waited for
                error = failed
                _tell(loop, done, lambda: done.set_exception(error))
            else:
                _tell(loop, done, lambda: done.set_result(result))

        threading.Thread(target=run, name="kafka-generation", daemon=True).start()
        try:
            return await asyncio.wait_for(done, STUCK_S)
        except TimeoutError:
            self._consumer = None  # it belongs to the thread that is stuck
            raise Unavailable(f"the broker's client did not come back in {STUCK_S:.0f} s") from None

    # on the thread

    def _look(self) -> Found:
        try:
            with Admin(self._bootstrap, self._profile) as admin:
                partitions = admin.partitions()
            whole = partitions.get(self._place.topic) == 1  # a client may have made it by asking for it
            return Found(self._read() if whole else None, partitions)
        except KafkaError as error:
            self._forget()
            raise Unavailable(f"the broker does not answer: {error!r}") from error

    def _read(self) -> Marker | None:
        """Return the newest record. Raises Unavailable where the broker does not say whether there is one."""
        consumer = self._consumer = self._consumer or self._connect()
        until = clock.monotonic() + READ_S
        consumer.seek(self._place, 0)
        newest, at = None, 0
        while clock.monotonic() < until:
            try:
                rows = consumer.poll(200).get(self._place, [])
            except OffsetOutOfRangeError:
                consumer.seek(self._place, consumer.beginning_offsets([self._place], timeout_ms=5_000)[self._place])
                continue
            newest = rows[-1] if rows else newest
            at = newest.offset + 1 if newest else at
            mark = consumer.highwater(self._place)
            if mark is not None and at >= mark:
                return marker_of(newest) if newest else None
        self._forget()
        raise Unavailable(f"{self._place.topic} could not be read to its end in {READ_S:.0f} s")

    def _complete(self, found: Found) -> None:
        """Make topics that a newer release added."""
        check_counts(found.partitions, self._topics)
        missing = [topic for topic in self._topics if topic.name not in found.partitions]
        if missing and self._leader and found.marker is not None:
            with Admin(self._bootstrap, self._profile) as admin:
                admin.create(missing)
            self._write(found.marker.generation)

    def _remake(self, there: dict[str, int]) -> None:
        """Make every topic that is missing, with our partition counts."""
        wrong = [topic.name for topic in self._topics if there.get(topic.name, topic.partitions) != topic.partitions]
        if wrong and not self._profile.replaces_topics:
            check_counts(there, self._topics)
        self._forget()
        with Admin(self._bootstrap, self._profile) as admin:
            admin.delete(wrong)  # made by a client's mere question, with the embedded broker's count
            admin.create([t for t in self._topics if t.name not in there or t.name in wrong])
            made = admin.partitions()
        try:
            check_counts(made, self._topics)
        except Misconfigured as error:
            if not self._profile.replaces_topics:
                raise
            raise Unavailable(f"a client was faster, it is made anew: {error.message}") from error

    def _write(self, generation: str) -> None:
        producer = connect(KafkaProducer, self._profile.producer(self._bootstrap))
        try:
            names = ",".join(sorted(counts(self._topics))).encode()
            future = producer.send(
                self._place.topic,
                value=generation.encode(),
                key=b"generation",
                headers=[("topics", names)],
                partition=0,
            )
            wait_for_all(producer, [future], clock.monotonic() + self._profile.publish_s)
        except KafkaError as error:
            raise Unavailable(f"the generation record was not written: {error!r}") from error
        finally:
            end(producer)

    def _connect(self) -> KafkaConsumer:
        consumer = connect(KafkaConsumer, self._profile.consumer(self._bootstrap))
        consumer.assign([self._place])
        return consumer

    def _forget(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError):
                consumer.close(autocommit=False, timeout_ms=1_000)


def marker_of(row: object) -> Marker:
    """Return what the record says."""
    topics = dict(row.headers).get("topics", b"").decode()  # type: ignore[attr-defined]
    return Marker(row.value.decode(), frozenset(name for name in topics.split(",") if name))  # type: ignore[attr-defined]


def _tell(loop: asyncio.AbstractEventLoop, done: asyncio.Future[R], say: Callable[[], None]) -> None:
    """Say what came of a call, unless nobody waits for it any more."""
    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(lambda: None if done.done() else say())
