"""Writing a prepared batch."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import asyncpg

from shared.edge import clock, metrics
from shared.edge.store.append import Projector, append
from shared.edge.worker.failpoints import failpoint
from shared.edge.worker.memory import Memory
from shared.edge.worker.prepared import Prepared
from shared.edge.worker.settings import WorkerSettings


@dataclass(slots=True)
class Committer:
    """Writes batches, one after the other."""

    pool: asyncpg.Pool
    projector: Projector | None
    settings: WorkerSettings
    memory: Memory

    async def commit(self, prepared: Prepared) -> None:
        """Write *prepared* in one transaction. Raises Moved, Fenced, asyncpg errors, TimeoutError.

        Then nothing is kept, or, where the connection was lost at the very end, everything: the positions tell.
        """
        async with asyncio.timeout(self.settings.commit_seconds):
            if not prepared.write.empty:
                async with self.pool.acquire() as connection:
                    async with connection.transaction():
                        await append(connection, prepared.write, now=prepared.now, projector=self.projector)
                        failpoint("before_db_commit")
                    failpoint("after_db_commit")
        self.memory.committed = prepared.number
        self._count(prepared)

    def _count(self, prepared: Prepared) -> None:
        service, write = self.settings.service, prepared.write
        metrics.EVENTS_APPLIED.labels(service).inc(prepared.facts)
        metrics.EVENTS_DUPLICATE.labels(service).inc(prepared.duplicates)
        for dead in write.dead:
            metrics.DEAD_LETTERS.labels(service, dead.rule).inc()
        if write.quarantine:
            metrics.EVENTS_QUARANTINED.labels(service, "identity").inc(len(write.quarantine))
        if write.raised:
            metrics.EVENTS_QUARANTINED.labels(service, "customer").inc(len(write.raised))
        if write.parked or write.unparked:
            metrics.STREAMS_PARKED.labels(service).inc(len(write.parked) - len(write.unparked))
        if prepared.oldest is not None:
            metrics.END_TO_END.labels(service).observe((clock.now() - prepared.oldest).total_seconds())
        metrics.LAST_EVENT.labels(service).set(prepared.now.timestamp())
        if write.days and self.memory.parts:
            earliest = min(part.day for part in self.memory.parts.values())
            everyone = sum(part.sweeping and part.sweep_all for part in self.memory.parts.values())
            metrics.RERATING.labels(service).set(everyone)
            metrics.BUSINESS_DAY.labels(service).set((earliest.toordinal() - 719_163) * 86_400)
