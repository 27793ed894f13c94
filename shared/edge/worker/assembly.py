"""A worker put together from the settings: database, broker, keys. What differs between services is given."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog
import uvloop

from shared.core.brain import Brain
from shared.core.errors import Misconfigured
from shared.edge.kafka.profile import choose
from shared.edge.kafka.source import Source
from shared.edge.settings import Settings
from shared.edge.store import secret
from shared.edge.store.append import Projector
from shared.edge.store.keys import SubjectKeys
from shared.edge.store.pool import LOST, open_pool
from shared.edge.store.sealing import Box
from shared.edge.worker.loop import Worker
from shared.edge.worker.process import until_stopped
from shared.edge.worker.settings import WorkerSettings

POOL = 6
AGAIN_SECONDS = 1.0
GC_THRESHOLD = (100_000, 50, 1_000_000)
"""States are many, live long and hold no cycles (a test says so): the default thresholds cost a third of the throughput,
and one full collection of a hundred thousand customers stops everything for seconds (measured). So there is none; what
has lived a while is set aside for good instead (`Worker._look_round`)."""

log = structlog.get_logger(__name__)


def run(
    settings: Settings,
    *,
    service: str,
    brain: Brain[Any, Any],
    projector: Projector | None,
    topics: Sequence[str],
    worker: WorkerSettings | None = None,
) -> int:
    """Run the worker of *service* over *topics* until SIGTERM. Returns the exit status.

    *worker* replaces the bounds; its names come from *settings*. Raises Misconfigured.
    """
    told = worker or WorkerSettings(
        service=service, instance=settings.instance, partitions=settings.partitions, zone=settings.zone
    )
    if not settings.postgres:
        raise Misconfigured("GRADELINE_POSTGRES is not set: write postgresql://user@host/name, or use `gradeline up`")
    keys = secret.read(secrets_folder=settings.secrets, data=settings.data, embedded=settings.embedded)

    async def work(stop: asyncio.Event) -> None:
        pool = await _pool(settings, service, stop)
        if pool is None:
            return
        names = [told.topic_prefix + topic for topic in topics]
        source = Source(
            settings.kafka,
            topics=names,
            group=f"gradeline-{settings.instance}-{service}",
            profile=choose(embedded=settings.embedded),
            max_poll_records=told.batch_records,
        )
        sealer = SubjectKeys(pool, keys.wrapping) if told.intake else None
        try:
            await Worker(brain, projector, source, pool, told, box=Box(keys.box), sealer=sealer).run(stop)
        finally:
            with contextlib.suppress(TimeoutError, *LOST):
                await asyncio.wait_for(pool.close(), 1.0)

    gc.set_threshold(*GC_THRESHOLD)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_stopped(work))


async def _pool(settings: Settings, service: str, stop: asyncio.Event) -> asyncpg.Pool | None:
    """The database, as soon as it answers; None where *stop* came first."""
    while not stop.is_set():
        try:
            return await open_pool(
                settings.postgres, schema=service, size=POOL, statement_seconds=settings.statement_seconds
            )
        except LOST as error:
            log.warning("the database does not answer", error=repr(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AGAIN_SECONDS)
    return None
