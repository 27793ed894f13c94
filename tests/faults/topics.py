"""Rows 36 and 40-42: a topic holds what was taken back, is missing, has another partition count, or forgot its beginning."""

from __future__ import annotations

import asyncio
import json
from random import Random
from uuid import UUID

import msgspec
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from shared.edge.embedded.process import wait_until
from shared.edge.kafka.partition import partition_of
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.topics import Admin
from shared.edge.kafka.topics import load as declared
from tests.faults.groups import records_of
from tests.faults.load import Fact, Load
from tests.faults.result import NotHere
from tests.faults.seen import applied, until, until_applied
from tests.faults.world import World
from tests.model.truth import word_of
from tests.support.downstream import PARTITIONS

GONE_SECONDS = 20.0
EVENTS, RATINGS = "credit.events", "credit.ratings"
SERVED = """
select bool_and(r.position >= i.position) as all from intake_heads i join relays r using (partition) where r.name = 'intake'
"""


async def row_36(world: World, load: Load, rng: Random) -> None:
    """Somebody writes facts and rubbish in a transaction and takes it back; the same facts are told in good order too."""
    some = load.facts[: rng.randint(20, 60)]
    async with load.flowing():
        await asyncio.to_thread(_taken_back, world.broker.address, some, UUID(int=rng.getrandbits(128)).hex)
        world.fault()
    for fact in some:
        word = word_of(json.dumps(fact).encode())
        assert word.key in load.acked
    load.dead_letters += 1
    world.note(facts_taken_back=len(some))


async def row_40(world: World, load: Load, rng: Random) -> None:
    """A topic is deleted, or made again by somebody with another partition count, while the relay is away."""
    topic, wrong = rng.choice((EVENTS, RATINGS)), rng.random() < 0.6
    world.note(deleted=topic, made_again_by_somebody="yes" if wrong else "no")
    async with load.flowing():
        await load.reached(rng.uniform(0.3, 0.6))
        world.relay.stop()
        for worker in world.workers:  # whose questions would make it again on the embedded broker
            worker.stop()
        await asyncio.to_thread(_made_wrong if wrong else _deleted, world, topic)
        world.relay.start()
        if wrong:
            assert await world.relay.died() != 0, "the relay went on"
            said = world.relay.said(4_000)
            assert f"topic {topic} has 4 partitions" in said, f"the relay said {said[-300:]}"
            assert "Traceback" not in said
            await asyncio.to_thread(_deleted, world, topic)  # as it says
            world.relay.start()
        for worker in world.workers:
            worker.start()
        world.fault()


async def row_41(world: World, load: Load, rng: Random) -> None:
    """Somebody adds partitions; the relay refuses to go on, nothing changes its partition, the remedy it names helps."""
    async with load.flowing():
        await load.reached(rng.uniform(0.3, 0.6))
        await asyncio.to_thread(_widened, world, EVENTS, PARTITIONS + rng.randint(1, 6))
        status = await world.relay.died(30.0)
    said = world.relay.said(4_000)
    assert status != 0, said
    assert f"topic {EVENTS} has " in said, f"the relay said {said[-300:]}"
    moved = await world.rows("select stream, partition from streams where stream = any($1)", load.customers)
    assert all(row["partition"] == partition_of(row["stream"], PARTITIONS) for row in moved)
    for worker in world.workers:  # whose questions make it again where the broker is left to make topics by itself
        worker.stop()
    await asyncio.to_thread(_deleted, world, EVENTS)
    world.relay.start()
    for worker in world.workers:
        worker.start()
    world.fault()


async def row_42(world: World, load: Load, rng: Random) -> None:
    """While no worker is there the topic forgets facts that none has read."""
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.5))
        for worker in world.workers:
            worker.stop()
    read = await applied(world, load)

    async def all_relayed() -> bool:
        (row,) = await world.rows(SERVED)
        return bool(row["all"])

    await until("all facts are on the topic", all_relayed)
    forgotten = await asyncio.to_thread(_forgotten, world, EVENTS)
    for worker in world.workers:
        worker.start()
    world.fault()
    world.note(unread=len(load.acked) - read, forgotten=forgotten)
    await until_applied(world, load)


def _taken_back(address: str, facts: list[Fact], name: str) -> None:
    producer = KafkaProducer(bootstrap_servers=address, transactional_id=name, allow_auto_create_topics=False)
    try:
        producer.init_transactions()
        producer.begin_transaction()
        for fact in facts:
            at = partition_of(fact["subject"], PARTITIONS)
            producer.send(EVENTS, json.dumps(fact).encode(), key=fact["subject"].encode(), partition=at)
        producer.send(EVENTS, b"no event at all", key=b"rubbish", partition=partition_of("rubbish", PARTITIONS))
        producer.flush(20)
        producer.abort_transaction()
    finally:
        producer.close(5)


def _deleted(world: World, topic: str) -> None:
    """Delete it, and wait until nobody is told of it any more."""
    with Admin(world.broker.address, EMBEDDED) as admin:
        admin.delete([topic])
        assert wait_until(lambda: topic not in admin.partitions(), GONE_SECONDS, pause=0.1), f"{topic} is still there"


def _made_wrong(world: World, topic: str) -> None:
    _deleted(world, topic)
    found = next(one for one in declared(partitions=4) if one.name == topic)
    with Admin(world.broker.address, EMBEDDED) as admin:
        admin.create([msgspec.structs.replace(found, partitions=4)])


def _widened(world: World, topic: str, count: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=world.broker.address)
    try:
        admin.create_partitions({topic: count})
    except KafkaError as error:
        raise NotHere(f"this broker adds no partitions: {error!r}"[:200]) from error
    finally:
        admin.close()


def _forgotten(world: World, topic: str) -> int:
    """Let the topic forget everything that it holds. Returns how many partitions that was."""
    there = records_of(world.broker.address, topic)
    admin = KafkaAdminClient(bootstrap_servers=world.broker.address)
    try:
        admin.delete_records({TopicPartition(*place): count for place, count in there.items() if count})
    except KafkaError as error:
        raise NotHere(f"this broker deletes no records: {error!r}"[:200]) from error
    finally:
        admin.close()
    return sum(count > 0 for count in there.values())
