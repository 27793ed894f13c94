"""Writing a prepared batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from shared.edge import clock, metrics
from shared.edge.store import turns
from shared.edge.store.append import Projector, append
from shared.edge.store.pool import Connection
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
    held: Connection | None = None
    """Where nobody else writes: the connection whose transaction sees to that."""

    @asynccontextmanager
    async def before_others(self, wanted: bool) -> AsyncIterator[None]:
        """Where *wanted*: what is prepared and committed within cannot lose, for nobody else writes to our partitions.

        For who has lost several times. Others wait meanwhile; what was committed is kept as this ends.
        """
        if not wanted:
            yield
            return
        async with self.pool.acquire() as connection, connection.transaction():
            await turns.alone(connection, self.memory.parts)
            self.held = connection
            try:
                yield
            finally:
                self.held = None

    async def commit(self, prepared: Prepared) -> None:
        """Write *prepared* in one transaction. Raises Moved, Fenced, asyncpg errors, TimeoutError.

        Then nothing is kept, or, where the connection was lost at the very end, everything: the positions tell.
        """
        async with asyncio.timeout(self.settings.commit_seconds):
            if self.held is not None:
                await self._write(self.held, prepared)
            elif not prepared.write.empty:
                async with self.pool.acquire() as connection:
                    await self._write(connection, prepared)
        self.memory.committed = prepared.number
        self._count(prepared)

    async def _write(self, connection: Connection, prepared: Prepared) -> None:
        async with connection.transaction():
            await append(connection, prepared.write, now=prepared.now, projector=self.projector)
            failpoint("before_db_commit")
        failpoint("after_db_commit")

    def _count(self, prepared: Prepared) -> None:
        service, write = self.settings.service, prepared.write
        metrics.EVENTS_APPLIED.labels(service).inc(prepared.facts)
        metrics.EVENTS_DUPLICATE.labels(service).inc(prepared.duplicates)
        for dead in write.dead:
            metrics.DEAD_LETTERS.labels(service, dead.rule).inc()
        for rule in prepared.skipped:
            metrics.DEAD_LETTERS.labels(service, rule).inc()
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
