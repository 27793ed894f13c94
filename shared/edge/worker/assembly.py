"""A worker put together from the settings: database, broker, keys. What differs between services is given."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Sequence
from typing import Any

import uvloop

from shared.core.brain import Brain
from shared.edge import metrics, waiting
from shared.edge.kafka.profile import choose
from shared.edge.kafka.source import Source
from shared.edge.settings import Settings
from shared.edge.store import secret
from shared.edge.store.append import Projector
from shared.edge.store.keys import SubjectKeys
from shared.edge.store.pool import LOST
from shared.edge.store.sealing import Box
from shared.edge.worker.dropping import Dropper
from shared.edge.worker.loop import Worker
from shared.edge.worker.ports import Changes, Exports
from shared.edge.worker.priority import give_way
from shared.edge.worker.process import until_stopped
from shared.edge.worker.settings import WorkerSettings

POOL = 6
GC_THRESHOLD = (100_000, 50, 1_000_000)
"""States are many, live long and hold no cycles (a test says so): the default thresholds cost a third of the throughput,
and one full collection of a hundred thousand customers stops everything for seconds (measured). So there is none; what
has lived a while is set aside for good instead (`Worker._look_round`)."""


def told_by(settings: Settings, *, service: str, **bounds: Any) -> WorkerSettings:
    """What *settings* say to the worker of *service*, and to what decides commands as it would; *bounds* as in `run`."""
    return WorkerSettings(
        **{
            "service": service,
            "instance": settings.instance,
            "partitions": settings.partitions,
            "zone": settings.zone,
            "cache_weight": settings.cache_mb * 1_000,
            **bounds,
        }
    )


def run(
    settings: Settings,
    *,
    service: str,
    brain: Brain[Any, Any],
    projector: Projector | None,
    topics: Sequence[str],
    changes: Changes | None = None,
    exports: Exports | None = None,
    **bounds: Any,
) -> int:
    """Run the worker of *service* over *topics* until SIGTERM. Returns the exit status.

    *exports*: where history comes from that the topics do not hold. *bounds* are WorkerSettings that differ from the usual
    ones. Raises Misconfigured.
    """
    told = told_by(settings, service=service, **bounds)
    waiting.named(settings)
    keys = secret.read(secrets_folder=settings.secrets, data=settings.data, embedded=settings.embedded)

    async def work(stop: asyncio.Event) -> None:
        pool = await waiting.pool_as_soon_as_it_answers(settings, stop, schema=service, size=POOL)
        if pool is None:
            return
        names = [told.topic_prefix + topic for topic in topics]
        group = f"gradeline-{settings.instance}-{service}"
        source = Source(
            settings.kafka,
            topics=names,
            group=group,
            profile=choose(embedded=settings.embedded),
            max_poll_records=told.batch_records,
            assignor="range" if len(topics) > 1 else "cooperative-sticky",
        )
        metrics.CONSUMER_LAG.watch(group, source.lag)
        sealer = SubjectKeys(pool, keys.wrapping) if told.intake else Dropper()
        work = Worker(
            brain, projector, source, pool, told, box=Box(keys.box), sealer=sealer, changes=changes, exports=exports
        )
        try:
            await work.run(stop)
        finally:
            with contextlib.suppress(TimeoutError, *LOST):
                await asyncio.wait_for(pool.close(), 1.0)

    gc.set_threshold(*GC_THRESHOLD)
    give_way(told.nice)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_stopped(work))
