"""The rating relay: carries accepted facts and published decisions from the database to Kafka, and opens the days."""

from __future__ import annotations

import asyncio

import uvloop

from shared.core.errors import Misconfigured
from shared.edge import logs
from shared.edge.kafka.generation import Generation
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import choose
from shared.edge.kafka.relay import Relay
from shared.edge.kafka.topics import counts, load
from shared.edge.settings import Settings
from shared.edge.store.intake import clean
from shared.edge.store.pool import open_pool
from shared.edge.worker.calendar import keep_opening
from shared.edge.worker.process import until_stopped

SCHEMA = "rating"


def run(settings: Settings) -> int:
    """Relay until SIGTERM; returns the exit status. Raises Misconfigured."""
    logs.configure(level=settings.log_level, service="rating-relay")
    if not settings.postgres:
        raise Misconfigured("GRADELINE_POSTGRES is not set: write postgresql://user@host/name, or use `gradeline up`")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_stopped(lambda stop: _relay(settings, stop)))


async def _relay(settings: Settings, stop: asyncio.Event) -> None:
    profile = choose(embedded=settings.embedded)
    topics = load(partitions=settings.partitions)
    publisher = Publisher(settings.kafka, profile, partitions=counts(topics))
    relay = Relay(
        settings.postgres,
        schema=SCHEMA,
        publisher=publisher,
        generation=Generation(settings.kafka, profile, topics=topics, leader=True),
        partitions=settings.partitions,
        names=("intake", "outbox"),
        clean=clean,
    )
    pool = await open_pool(settings.postgres, schema=SCHEMA, size=2)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(relay.run(stop))
            group.create_task(
                keep_opening(pool, stop, zone=settings.zone, partitions=settings.partitions, instance=settings.instance)
            )
    finally:
        await publisher.close()
        await pool.close()
