"""The relay process of a service put together from the settings, with what else it does beside. What differs is given."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

import asyncpg
import uvloop

from shared.edge import logs, metrics_port, waiting
from shared.edge.kafka.generation import Generation
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import choose
from shared.edge.kafka.relay import Clean, Relay
from shared.edge.kafka.topics import counts, load
from shared.edge.settings import Settings
from shared.edge.store.pool import LOST
from shared.edge.worker.process import until_stopped

POOL = 3

Beside = Callable[[asyncpg.Pool, asyncio.Event], Iterable[Coroutine[Any, Any, None]]]
"""What the process does until the event is set, beside the relay; the first to fail ends all of it."""


def run(
    settings: Settings,
    *,
    service: str,
    leader: bool,
    beside: Beside,
    names: Sequence[str] = ("outbox",),
    clean: Clean | None = None,
    pool_size: int = POOL,
) -> int:
    """Relay *names* of the schema *service* until SIGTERM; returns the exit status. Raises Misconfigured.

    *leader* names a log of the broker that nobody has named yet; *clean* is called now and then by the relay; *pool_size*
    connections are for what runs beside.
    """
    logs.configure(level=settings.log_level, service=f"{service}-relay")
    waiting.named(settings)
    metrics_port.serve(settings)

    async def relay(stop: asyncio.Event) -> None:
        pool = await waiting.pool_as_soon_as_it_answers(settings, stop, schema=service, size=pool_size)
        if pool is None:
            return
        profile = choose(embedded=settings.embedded)
        topics = load(partitions=settings.partitions)
        publisher = Publisher(settings.kafka, profile, partitions=counts(topics))
        carrying = Relay(
            settings.postgres,
            schema=service,
            publisher=publisher,
            generation=Generation(settings.kafka, profile, topics=topics, leader=leader),
            partitions=settings.partitions,
            names=names,
            clean=clean,
        )
        try:
            async with asyncio.TaskGroup() as group:
                for work in beside(pool, stop):
                    group.create_task(work)
                group.create_task(carrying.run(stop))
        except BaseExceptionGroup as failed:
            # the first to fail ended the other: its own error is what there is to say
            raise failed.exceptions[0] from failed
        finally:
            await publisher.close()
            with contextlib.suppress(TimeoutError, *LOST):
                await asyncio.wait_for(pool.close(), 1.0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_stopped(relay))
