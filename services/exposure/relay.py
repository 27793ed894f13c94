"""The exposure relay: carries decisions from the database to Kafka, and ends the reservations whose instant has passed."""

from __future__ import annotations

import asyncio
import contextlib

import uvloop

from services.exposure.adapters import wiring
from services.exposure.adapters.bounds import SCHEMA
from services.exposure.adapters.expiring import keep_expiring
from shared.edge import logs, metrics_port, waiting
from shared.edge.kafka.generation import Generation
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import choose
from shared.edge.kafka.relay import Relay
from shared.edge.kafka.topics import counts, load
from shared.edge.settings import Settings
from shared.edge.store.pool import LOST
from shared.edge.worker.process import until_stopped

POOL = 3


def run(settings: Settings) -> int:
    """Relay until SIGTERM; returns the exit status. Raises Misconfigured."""
    logs.configure(level=settings.log_level, service="exposure-relay")
    waiting.named(settings)
    metrics_port.serve(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_stopped(lambda stop: _relay(settings, stop)))


async def _relay(settings: Settings, stop: asyncio.Event) -> None:
    pool = await waiting.pool_as_soon_as_it_answers(settings, stop, schema=SCHEMA, size=POOL)
    if pool is None:
        return
    profile = choose(embedded=settings.embedded)
    topics = load(partitions=settings.partitions)
    publisher = Publisher(settings.kafka, profile, partitions=counts(topics))
    relay = Relay(
        settings.postgres,
        schema=SCHEMA,
        publisher=publisher,
        generation=Generation(settings.kafka, profile, topics=topics, leader=False),
        partitions=settings.partitions,
    )
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(relay.run(stop))
            group.create_task(keep_expiring(pool, stop, commands=wiring.commands(settings), over=wiring.over))
    except BaseExceptionGroup as failed:
        # the first to fail ended the other: its own error is what there is to say
        raise failed.exceptions[0] from failed
    finally:
        await publisher.close()
        with contextlib.suppress(TimeoutError, *LOST):
            await asyncio.wait_for(pool.close(), 1.0)
