"""The rating relay: carries facts and decisions from the database to Kafka, opens the days, reviews populations."""

from __future__ import annotations

import asyncio
import contextlib

import uvloop

from services.rating.adapters import catalogue
from services.rating.adapters.policy_deciding import PolicyDeciding
from services.rating.adapters.reviewing import keep_reviewing
from services.rating.adapters.ruling import keep_ruling
from services.rating.core.brain import RatingBrain
from shared.core.customer.state import Setting
from shared.edge import logs, metrics_port, waiting
from shared.edge.kafka.generation import Generation
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import choose
from shared.edge.kafka.relay import Relay
from shared.edge.kafka.topics import counts, load
from shared.edge.settings import Settings
from shared.edge.store.intake import clean
from shared.edge.store.pool import LOST
from shared.edge.workdays import china
from shared.edge.worker.calendar import keep_opening
from shared.edge.worker.process import until_stopped
from shared.edge.worker.settings import WorkerSettings

SCHEMA = "rating"
POOL = 3


def run(settings: Settings) -> int:
    """Relay until SIGTERM; returns the exit status. Raises Misconfigured."""
    logs.configure(level=settings.log_level, service="rating-relay")
    waiting.named(settings)
    metrics_port.serve(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_stopped(lambda stop: _relay(settings, stop)))


async def _relay(settings: Settings, stop: asyncio.Event) -> None:
    pool = await waiting.pool_as_soon_as_it_answers(settings, stop, schema=SCHEMA, size=POOL)
    if pool is None:
        return
    brain = RatingBrain(catalogue.in_use(settings.policies), Setting(calendar=china(), currency=settings.currency))
    told = WorkerSettings(instance=settings.instance, partitions=settings.partitions, zone=settings.zone)
    ruling = PolicyDeciding(brain.rulebook, told, catalogue.chains(), china().rests)
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
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(relay.run(stop))
            group.create_task(keep_reviewing(pool, stop, brain=brain, told=settings))
            group.create_task(keep_ruling(pool, stop, decide=ruling))
            group.create_task(
                keep_opening(pool, stop, zone=settings.zone, partitions=settings.partitions, instance=settings.instance)
            )
    except BaseExceptionGroup as failed:
        # the first to fail ended the other: its own error is what there is to say
        raise failed.exceptions[0] from failed
    finally:
        await publisher.close()
        with contextlib.suppress(TimeoutError, *LOST):
            await asyncio.wait_for(pool.close(), 1.0)
