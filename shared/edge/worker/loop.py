"""The worker of a service: while the database writes one batch, the next is polled, decoded and folded.

Everything in memory is a guess that the transaction checks: positions, versions. Where the guess was wrong, the states
involved are dropped and read again. What has been committed is never undone, what has not is read again from Kafka.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import structlog

from shared.core.brain import Brain
from shared.core.errors import Fenced, Stopped, Unavailable
from shared.edge import clock
from shared.edge.kafka.record import Batch, Place, Record
from shared.edge.store.append import Moved, Projector
from shared.edge.store.pool import LOST, Busy
from shared.edge.store.sealing import Box
from shared.edge.worker.batch import Preparer
from shared.edge.worker.chores import Chores
from shared.edge.worker.committing import Committer
from shared.edge.worker.culprit import Finder, Unstorable, suspecting
from shared.edge.worker.days import OpenedDays
from shared.edge.worker.doubles import Doubles
from shared.edge.worker.jitter import LOSSES, MOVED_SECONDS, part_of
from shared.edge.worker.loading import Loader
from shared.edge.worker.memory import Memory
from shared.edge.worker.ports import Changes, Exports, Sealer, Source
from shared.edge.worker.prepared import Prepared
from shared.edge.worker.settings import WorkerSettings
from shared.edge.worker.sweep import Sweeper
from shared.edge.worker.takeover import Takeover, declared

PASSING: tuple[type[BaseException], ...] = (Unavailable, asyncpg.PostgresError, *LOST)
"""What may be better at the next attempt: a moved stream, a lost partition, the database, the broker."""
READ_AGAIN: tuple[type[BaseException], ...] = (Unstorable, *PASSING)
"""What may end the last write: nothing of it is lost."""

log = structlog.get_logger(__name__)


class Worker:
    """One process of a service: the partitions that its source is given, folded by *brain*, kept through *pool*."""

    def __init__(
        self,
        brain: Brain[Any, Any],
        projector: Projector | None,
        source: Source,
        pool: asyncpg.Pool,
        settings: WorkerSettings,
        *,
        box: Box,
        sealer: Sealer | None = None,
        changes: Changes | None = None,
        exports: Exports | None = None,
    ) -> None:
        """*box* seals dead letters, *sealer* personal fields; *changes* come as a day opens; *exports* give the history
        that the topics do not hold any more. None: there are none."""
        self.settings = settings
        self.source = source
        self.memory = Memory.bounded(settings)
        self.preparer = Preparer(brain, pool, settings, self.memory, box, sealer, OpenedDays(), changes)
        self.committer = Committer(pool, projector, settings, self.memory)
        self.takeover = Takeover(brain, pool, settings, self.memory, changes, loads=exports is not None)
        self.finder = Finder(self.preparer, self.committer, self.takeover)
        self.sweeper = Sweeper(self.preparer, self.committer, self.finder)
        self.doubles = Doubles(self.preparer, self.finder)
        loader = None if exports is None else Loader(self.preparer, self.finder, exports)
        self.chores = Chores(settings, self.sweeper, self.doubles, loader, self.settle, self._follow)
        self._owned: set[Place] = set()
        self._writing: asyncio.Task[None] | None = None
        self._written: Prepared | None = None
        self._failures = 0
        self._looked = 0.0
        self._paced_until = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set, then finish the write under way and leave.

        A database that is away is waited for. Raises Stopped (too much went wrong at once), Unavailable (the broker),
        and what failed more often than a passing fault would.
        """
        await self.source.start()
        try:
            while not stop.is_set():
                reached = self.memory.committed
                try:
                    try:
                        await self.step()
                    except Unstorable as found:
                        await self._set_aside(found)
                    self._failures = 0 if self.memory.committed > reached else self._failures
                except PASSING as error:
                    await self._recover(error, stop)
        finally:
            await self._leave()

    async def step(self) -> None:
        """Poll once, write what came, and take one piece of a running sweep."""
        await asyncio.sleep(max(0.0, self._paced_until - clock.monotonic()))
        records: list[Record] = self._released()
        batch = None
        if self.memory.has_room(self.settings):
            idle = self._writing is None and not records and not (self._owned and self.chores.due)
            batch = await self.source.batch(self.settings.batch_records, self.settings.poll_seconds if idle else 0.0)
        if batch is not None:
            records += await self._ownership(batch)
        await self.work(records)
        if not records:
            await self.settle()
        await self._look_round()
        await self.chores.one(idle=not records)

    async def _follow(self, partition: int) -> None:
        """Let the topics of *partition* flow from where they were taken over."""
        await self._resume({place: at for place, at in self.memory.next_offsets.items() if place[1] == partition})

    async def _resume(self, offsets: Mapping[Place, int]) -> None:
        """Let the places flow from *offsets*, but for those whose history is loaded first."""
        parts = self.memory.parts
        await self.source.resume_at({place: at for place, at in offsets.items() if parts[place[1]].loading is None})

    async def work(self, records: Sequence[Record]) -> None:
        """Prepare the batch of *records* while the one before it is written, then start to write it."""
        if not records:
            return
        if len(records) < self.settings.batch_records // 4:
            self._paced_until = clock.monotonic() + self.settings.pace_seconds
        with suspecting(records, dict(self.memory.next_offsets)):
            prepared = await self.preparer.records(records)
        if not await self.settle():
            prepared = await self._again(prepared)
        self._written = prepared
        self._writing = asyncio.create_task(self.committer.commit(prepared))

    async def settle(self) -> bool:
        """Wait for the write under way. Returns whether what was folded meanwhile stands.

        Raises what it raised, Unstorable in the place of what would be raised again for ever.
        """
        writing, written = self._writing, self._written
        self._writing = self._written = None
        if writing is None or written is None:
            return True
        try:
            with suspecting(written.records, written.rewind):
                await writing
        except Moved:
            await self._refold(written)
            return False
        finally:
            self.memory.pending.pop(written.number, None)
        if written.stop is not None:
            raise Stopped(written.stop)
        return True

    async def _refold(self, written: Prepared) -> None:
        """Make and write *written* again from what the streams are now.

        Raises Unstorable where they keep moving: what takes one attempt where another writer was first.
        """
        moved: Moved | None = None
        for attempt in range(self.settings.moved_attempts):
            await asyncio.sleep(part_of(MOVED_SECONDS * attempt))
            try:
                async with self.committer.before_others(attempt >= LOSSES):
                    written = await self._again(written)
                    with suspecting(written.records, written.rewind):
                        await self.committer.commit(written)
            except Moved as error:
                moved = error
                continue
            finally:
                self.memory.pending.pop(written.number, None)
            if written.stop is not None:
                raise Stopped(written.stop)
            return
        raise Unstorable(written.records, written.rewind) from moved

    async def _again(self, prepared: Prepared) -> Prepared:
        """The same records, folded from what is stored now.

        Raises Moved where the day moved: that is read again; Unstorable where that did not help either.
        """
        if prepared.moves_days:
            moved = Moved("streams moved under a batch that opens a day")
            if self._failures < self.settings.moved_attempts:
                raise moved
            raise Unstorable(prepared.records, prepared.rewind) from moved
        self.memory.pending.pop(prepared.number, None)
        self.memory.cache.drop(list(prepared.write.streams))
        for place, offset in prepared.rewind.items():
            if place in self.memory.next_offsets:
                self.memory.next_offsets[place] = offset
        with suspecting(prepared.records, prepared.rewind):
            return await self.preparer.records(prepared.records)

    async def _set_aside(self, found: Unstorable) -> None:
        """Write what can be written of the batch, and what keeps it from being written as what staff look at."""
        try:
            await self.settle()
        except Unstorable as earlier:
            found = earlier
        self._writing = self._written = None
        log.error("a batch cannot be written, its records are tried apart", error=repr(found.__cause__))
        await self.finder.records(found, self._owned)
        await self._start_over(renew=False)

    def _released(self) -> list[Record]:
        """Records that waited for a sweep which is over."""
        released: list[Record] = []
        for part in self.memory.parts.values():
            if part.held and not part.sweeping:
                released.extend(part.release())
        return released

    async def _ownership(self, batch: Batch) -> list[Record]:
        """Drop what is lost, take over what is new. Returns the batch's records."""
        if batch.lost:
            self._owned -= batch.lost
            self.memory.lose(batch.lost)
        assigned = declared(batch.assigned, self.settings.partitions)
        if assigned or batch.truncated:
            await self.settle()
            self._owned |= assigned
            await self.takeover.truncated(batch.truncated)
            cut = frozenset((one.topic, one.partition) for one in batch.truncated) & self._owned
            await self._resume(await self.takeover.take(assigned | cut))
        return batch.records

    async def _look_round(self) -> None:
        """Now and then: a broker that lost its log, and parked customers that staff want tried again."""
        if clock.monotonic() - self._looked < self.settings.parked_check_seconds or not self._owned:
            return
        self._looked = clock.monotonic()
        await self.settle()
        gc.freeze()  # the states of now are nothing for the collector to walk over again
        if await self.takeover.renewed():
            raise Fenced("the broker's log is another one now")
        await self.takeover.retries(everyone=False)

    async def _recover(self, error: BaseException, stop: asyncio.Event) -> None:
        """Drop everything in memory and take every partition over again from the database, as soon as it answers."""
        # asyncpg's DataError is an InterfaceError too: values it cannot write, which no waiting mends
        outage = (isinstance(error, LOST) and not isinstance(error, ValueError)) or type(error) in {Unavailable, Busy}
        if not outage:
            self._failures += 1
            if self._failures >= self.settings.failed_attempts:
                raise error
        log.warning("work is read again", error=repr(error), failures=self._failures)
        await self._abandon()
        pause = self.settings.backoff_least_seconds * 2 ** min(self._failures, 5)
        renew = type(error) is Unavailable
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), part_of(pause))
                return
            try:
                await self._start_over(renew=renew)
                return
            except PASSING as again:
                renew = renew or type(again) is Unavailable
                log.warning("still no answer", error=repr(again), pause=pause)
                pause = min(pause * 2, self.settings.backoff_most_seconds)

    async def _start_over(self, *, renew: bool) -> None:
        """Take over again what is ours; *renew*: by a new connection to the broker, which will say what is ours."""
        self.memory.forget()
        if renew:
            self._owned.clear()
            await self.source.stop()
            await self.source.start()
            return
        await self._resume(await self.takeover.take(self._owned))

    async def _abandon(self) -> None:
        """Let a write under way end, whichever way."""
        writing, self._writing, self._written = self._writing, None, None
        if writing is not None:
            await asyncio.wait([writing], timeout=self.settings.commit_seconds)
            if not writing.cancelled() and writing.done():
                writing.exception()

    async def _leave(self) -> None:
        """Finish the write under way, within the time there is, and leave the group."""
        try:
            async with asyncio.timeout(self.settings.drain_seconds):
                await self.settle()
        except READ_AGAIN as error:
            log.warning("the last write did not end well; it is read again", error=repr(error))
        finally:
            await self.source.stop()
