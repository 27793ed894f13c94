"""Rows 33-35 and 37: members of the workers' group come and go; how far they are behind is still known."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from random import Random

from kafka import KafkaConsumer, TopicPartition

from shared.edge import clock
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.record import Place
from shared.edge.kafka.source import Source
from tests.faults.load import Load
from tests.faults.seen import applied, until, until_applied
from tests.faults.world import World
from tests.support.downstream import PARTITIONS

STORM_SECONDS = 20.0
"""The matrix says 60; a member joins or leaves about every two seconds all the same."""
READ_SECONDS = 20.0


async def row_33(world: World, load: Load, rng: Random) -> None:
    """All but one of the workers come and go, politely or not, while facts come in."""
    changes, end = 0, clock.monotonic() + STORM_SECONDS
    async with load.flowing():
        while clock.monotonic() < end:
            one = rng.choice(world.workers[1:])
            if one.alive:
                if rng.random() < 0.5:
                    one.kill()
                else:
                    one.send(signal.SIGTERM)
                    await one.died()
            else:
                one.start()
            changes += 1
            await asyncio.sleep(rng.uniform(0.5, 3.0))
        world.fault()
    world.note(changes=changes, at_rest_s=round(await until_applied(world, load), 1))


async def row_34(world: World, load: Load, rng: Random) -> None:
    """One of two is gone and stays away; the other takes its partitions."""
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.6))
        rng.choice(world.workers).kill()
        world.fault()
    world.note(at_rest_s=round(await until_applied(world, load), 1))


async def row_35(world: World, load: Load, rng: Random) -> None:
    """Nobody is in the group; one comes, and the first fact is applied."""
    for worker in world.workers:
        worker.stop()
    await load.rest()
    await asyncio.sleep(rng.uniform(0.0, 3.0))
    world.workers[0].start()
    world.fault()

    async def any_of_it() -> bool:
        return await applied(world, load) > 0

    world.note(first_applied_s=round(await until("the first fact is applied", any_of_it), 1))


async def row_37(world: World, load: Load, rng: Random) -> None:
    """Records come in batches: what is said to be behind is what is there and was not read, record by record."""
    await load.rest()
    await until_applied(world, load)
    topic = "credit.events"
    there = await asyncio.to_thread(records_of, world.broker.address, topic)
    start = {place: rng.randint(0, count) for place, count in there.items()}

    async def positions(places: frozenset[Place]) -> dict[Place, int]:
        return {place: start[place] for place in places}

    source = Source(
        world.broker.address, topics=[topic], group=None, profile=EMBEDDED, positions=positions, max_poll_records=1
    )
    await source.start()
    try:
        wrong, taken = 0, 0
        end = clock.monotonic() + READ_SECONDS
        while taken < sum(there.values()) - sum(start.values()) and clock.monotonic() < end:
            batch = await source.batch(500, 1.0)
            taken += len(batch.records) if batch is not None else 0
            wrong += any(source.highwater(*place) not in (None, count) for place, count in there.items())
        left = sum(source.lag().values())
    finally:
        await source.stop()
    world.note(records=sum(there.values()), lag_at_the_end=left)
    world.note(end_offsets_wrong=await asyncio.to_thread(_wrong_ends, world.broker.address, there))
    assert taken == sum(there.values()) - sum(start.values()), f"{taken} were read"
    assert (wrong, left) == (0, 0), f"{wrong} wrong marks, {left} said to be behind"


def records_of(address: str, topic: str) -> Counter[Place]:
    """How many records each partition has, counted by reading them."""
    found: Counter[Place] = Counter({(topic, number): 0 for number in range(PARTITIONS)})
    consumer = KafkaConsumer(bootstrap_servers=address, group_id=None, auto_offset_reset="earliest")
    try:
        places = [TopicPartition(*place) for place in found]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        still = clock.monotonic() + 3.0
        while clock.monotonic() < still:
            for place, rows in consumer.poll(timeout_ms=200).items():
                found[place.topic, place.partition] += len(rows)
                still = clock.monotonic() + 1.5
    finally:
        consumer.close()
    return found


def _wrong_ends(address: str, there: Counter[Place]) -> int:
    """For how many partitions the broker's own end offset is another one than the number of records."""
    consumer = KafkaConsumer(bootstrap_servers=address, group_id=None)
    try:
        ends = consumer.end_offsets([TopicPartition(*place) for place in there])
    finally:
        consumer.close()
    return sum(ends[TopicPartition(*place)] != count for place, count in there.items())
