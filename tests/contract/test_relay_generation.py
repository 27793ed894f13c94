"""A broker that lost its log, or never had the right one: noticed, mended, and filled again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from shared.core.errors import Misconfigured, Unavailable
from shared.edge import clock, codec
from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.kafka import generation as generations
from shared.edge.kafka import refill
from shared.edge.kafka import relay as relays
from shared.edge.kafka.generation import Generation, current
from shared.edge.kafka.profile import SERVER
from shared.edge.kafka.record import Batch, Place
from shared.edge.kafka.source import Source
from shared.edge.kafka.topics import Admin, apply, counts
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import connect
from tests.support.relaying import (
    QUICK,
    TOPICS,
    decide,
    eventually,
    relayed,
    relaying,
    store_facts,
    take_in,
)

pytestmark = pytest.mark.parts


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "CHECK_S", 0.5)
    monkeypatch.setattr(relays, "BACKOFF_S", (0.1, 0.5))


@pytest.fixture
async def rating(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the schema of rating, freshly made."""
    await upgraded(database, "rating")
    connection = await connect(database, schema="rating", statement_seconds=20)
    yield connection
    await connection.close()


async def test_a_broker_that_lost_its_log_gets_everything_again_and_consumers_go_on_by_themselves(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    await store_facts(rating, 30)
    await decide(rating, 40, partition=1)
    await take_in(rating, "customer-9", 1)
    seen: set[tuple[str, bytes]] = set()
    truncated = 0

    async with relaying(database, private_broker.address) as relay:
        await eventually(lambda: relay.stats.published == 41)
        first = await current(rating)
        topics = ["credit.events", "credit.ratings"]
        consumer = Source(private_broker.address, topics=topics, group="worker", profile=QUICK)
        await consumer.start()
        try:
            life, positions = first, dict[Place, int]()
            until = clock.monotonic() + 90
            killed = False
            while clock.monotonic() < until:
                batch = await consumer.batch(1_000, 0.2) or Batch([])
                truncated += len(batch.truncated)
                for record in batch.records:
                    seen.add((record.topic, record.value or b""))
                    positions[record.topic, record.partition] = record.offset + 1
                now = await current(rating)
                if now != life:
                    life = now
                    positions.clear()
                    seen.clear()
                    held = set(consumer._epochs) | batch.assigned
                    await consumer.resume_at(dict.fromkeys(held, 0))
                elif batch.assigned or batch.truncated:
                    places = batch.assigned | {(t.topic, t.partition) for t in batch.truncated}
                    await consumer.resume_at({place: positions.get(place, 0) for place in places})
                if not killed and len(seen) == 41:
                    private_broker.kill()
                    private_broker.start()
                    killed = True
                elif killed and life != first and len(seen) >= 71:
                    break
        finally:
            await consumer.stop()
        assert relay.stats.refilled == 30
    assert await current(rating) != first
    assert {value for topic, value in seen if topic == "credit.ratings"} == {b"%d" % n for n in range(1, 41)}
    facts = {value for topic, value in seen if topic == "credit.events"}
    assert b"fact 1" in facts
    events = [codec.decode(value) for value in facts - {b"fact 1"}]
    assert {event.id for event in events} == {f"e{n}" for n in range(30)}


async def test_a_healthy_broker_is_left_alone_by_every_further_check(
    rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    generation = Generation(private_broker.address, QUICK, topics=TOPICS, leader=True)
    assert await generation.ensure(rating) is False
    first = await current(rating)
    for _ in range(3):
        assert await generation.ensure(rating) is False
    assert await current(rating) == first
    assert generation.renewals == 0
    again = Generation(private_broker.address, QUICK, topics=TOPICS, leader=True)
    assert await again.ensure(rating) is False
    assert await current(rating) == first
    await generation.close()
    await again.close()


async def test_topics_that_a_client_made_by_asking_are_made_anew_with_our_count(
    rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    await asyncio.to_thread(touch, private_broker.address, "credit.events")
    generation = Generation(private_broker.address, QUICK, topics=TOPICS, leader=True)
    await generation.ensure(rating)
    await generation.close()
    with Admin(private_broker.address, QUICK) as admin:
        assert admin.partitions() == counts(TOPICS)


async def test_a_client_that_asks_while_topics_are_made_anew_only_delays_it(
    rating: asyncpg.Connection, private_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Admin.create

    def once(admin: Admin, topics: list[Any]) -> None:
        monkeypatch.setattr(Admin, "create", create)
        touch(private_broker.address, "credit.events")
        create(admin, topics)

    monkeypatch.setattr(Admin, "create", once)
    generation = Generation(private_broker.address, QUICK, topics=TOPICS, leader=True)
    with pytest.raises(Unavailable, match=r"made anew: topic credit\.events has 4 partitions"):
        await generation.ensure(rating)
    await generation.ensure(rating)
    await generation.close()
    with Admin(private_broker.address, QUICK) as admin:
        assert admin.partitions() == counts(TOPICS)


def touch(address: str, topic: str) -> None:
    """What a producer of an upstream does before the topic is there: the embedded broker makes it with 4 partitions."""
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=address, allow_auto_create_topics=False)
    producer.send(topic, b"x").get(10)
    producer.close(5)


async def test_a_wrong_partition_count_on_a_server_is_refused_with_the_remedy(
    rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    await asyncio.to_thread(touch, private_broker.address, "credit.events")
    server = msgspec.structs.replace(SERVER, bootstrap_timeout_ms=10_000)
    generation = Generation(private_broker.address, server, topics=TOPICS, leader=True)
    with pytest.raises(Misconfigured, match=r"credit\.events has 4 partitions, declared are 3.*GRADELINE_PARTITIONS"):
        await generation.ensure(rating)
    await generation.close()
    assert await current(rating) is None


async def test_who_does_not_lead_waits_for_the_record_and_then_follows_it(
    database: str, rating: asyncpg.Connection, private_broker: EmbeddedBroker
) -> None:
    follower = Generation(private_broker.address, QUICK, topics=TOPICS, leader=False)
    with pytest.raises(Unavailable, match="no generation record"):
        await follower.ensure(rating)
    leader = Generation(private_broker.address, QUICK, topics=TOPICS, leader=True)
    await leader.ensure(rating)
    first = await current(rating)
    await rating.execute("update broker set generation = 'an older log'")
    await decide(rating, 3)
    await rating.execute("insert into relays values ('outbox', 0, 3)")
    assert await follower.ensure(rating) is True
    assert await current(rating) == first
    assert await relayed(rating, "outbox", 0) == 0
    await leader.close()
    await follower.close()


@pytest.mark.parametrize("limit", [1, 7, 1_000])
async def test_facts_are_read_again_in_pieces_that_leave_none_out(rating: asyncpg.Connection, limit: int) -> None:
    await store_facts(rating, 40)
    now = clock.now()
    span = (now - timedelta(days=7), now)
    window, found = timedelta(seconds=1), list[bytes]()
    while span[0] < span[1]:
        records, reached, window = await refill.read(rating, span, window, limit)
        assert reached > span[0]
        assert len(records) <= max(limit, 21)  # as many were recorded in one instant
        found += [record.value for record in records]
        span = (reached, span[1])
    assert sorted(codec.decode(value).id for value in found) == sorted(f"e{n}" for n in range(40))


def test_seven_days_are_published_again() -> None:
    assert timedelta(days=7) == generations.KEPT
    assert {topic.retention_days for topic in TOPICS if topic.cleanup == "delete"} == {7}


async def test_applying_topics_twice_changes_nothing(broker: Any, topic_prefix: str) -> None:
    topics = [msgspec.structs.replace(topic, name=topic_prefix + topic.name) for topic in TOPICS]
    first = await asyncio.to_thread(apply, broker.address, QUICK, topics)
    assert {applied.state for applied in first} == {"created"}
    second = await asyncio.to_thread(apply, broker.address, QUICK, topics)
    assert {applied.state for applied in second} == {"unchanged"}
    wider = [msgspec.structs.replace(topic, partitions=5) for topic in topics]
    with pytest.raises(Misconfigured, match="has 3 partitions, declared are 5"):
        await asyncio.to_thread(apply, broker.address, QUICK, wider)
