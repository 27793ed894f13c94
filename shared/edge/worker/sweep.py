"""One piece of a sweep at a time, between the batches of facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from shared.core.events.calendar import BusinessDayRated
from shared.edge import clock
from shared.edge.store.append import Moved
from shared.edge.store.pool import is_hopeless
from shared.edge.store.rows import stream_of
from shared.edge.worker.batch import Preparer
from shared.edge.worker.committing import Committer
from shared.edge.worker.culprit import Finder
from shared.edge.worker.days import DAY_SUBJECT, to_sweep
from shared.edge.worker.jitter import LOSSES, part_of
from shared.edge.worker.partition import NO_DAY, Part
from shared.edge.worker.prepared import Prepared

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Sweeper:
    """Brings the customers that wait to the day of their partition, in transactions of a bounded size."""

    preparer: Preparer
    committer: Committer
    finder: Finder
    turn: int = -1
    """The partition whose put-off walks were taken last."""
    failures: dict[int, int] = field(default_factory=dict)
    """Partition → how often in a row its piece was not written."""
    paused: dict[int, float] = field(default_factory=dict)
    """Partition → until when, in monotonic seconds, its pieces wait after that. Facts flow on meanwhile."""

    def waiting(self) -> Part[Any] | None:
        """A partition that has work of this kind, the earliest day first."""
        parts = [part for part in self._ready() if part.sweeping or part.retry]
        return min(parts, key=lambda part: (part.day, part.number), default=None)

    def behind(self) -> Part[Any] | None:
        """A partition in which decisions may have been put off, each in its turn."""
        parts = [part for part in self._ready() if part.behind and not part.sweeping]
        return min(parts, key=lambda part: (part.number <= self.turn, part.number), default=None)

    async def catch_up(self, part: Part[Any]) -> None:
        """Take some of the long walks that were put off in *part*. No write may be under way. Raises as a commit does."""
        self.turn = part.number
        streams, more = await self._next(part, self.preparer.settings.behind_streams)
        part.behind = more
        if not streams:
            return
        prepared = await self.preparer.streams(streams, cause="fact", snapshots=True)
        error = await self._refusal(part, prepared)
        if error is not None:
            part.behind = True
            await self._put_off(part, streams, error, "fact")

    async def piece(self, part: Part[Any]) -> None:
        """Decide the next streams of *part* and write them. No write may be under way. Raises as a commit does."""
        if part.retry:
            await self._retry(part)
            return
        async with self.committer.before_others(self.failures.get(part.number, 0) >= LOSSES):
            put_off = await self._piece(part)
        if put_off is not None:
            await self._put_off(part, *put_off)

    async def _piece(self, part: Part[Any]) -> tuple[list[str], Exception, str] | None:
        """Returns the streams of the piece, why it was not written, and the cause to decide them for; None: it was."""
        streams, more = await self._next(part, self.preparer.settings.sweep_streams)
        stood = part.as_write()
        cause = "policy" if part.sweep_all else "day"
        prepared = await self.preparer.streams(streams, cause=cause)
        if not more:
            await self._finish(part, prepared)
        elif part.sweep_all:
            part.sweep_after = streams[-1]
        prepared.write.days[part.number] = part.as_write()._replace(was_rated=stood.rated)
        error = await self._refusal(part, prepared)
        if error is not None:
            day, part.rated, part.sweep_after, part.sweep_all, _ = stood
            part.day = day or NO_DAY
            return streams, error, cause
        return None

    def _ready(self) -> list[Part[Any]]:
        parts = [part for part in self.preparer.memory.parts.values() if not part.undecided]
        if not self.paused:
            return parts
        now = clock.monotonic()
        return [part for part in parts if self.paused.get(part.number, now) <= now]

    async def _next(self, part: Part[Any], limit: int) -> tuple[list[str], bool]:
        """At most *limit* streams that wait, and whether there may be more of them."""
        async with self.preparer.pool.acquire() as connection:
            streams = await to_sweep(connection, part, limit)
        return streams, len(streams) == limit

    async def _retry(self, part: Part[Any]) -> None:
        """Give parked customers another attempt; those that still cannot be decided stay parked."""
        limit = self.preparer.settings.sweep_streams
        wanted = sorted(set(part.retry))
        streams, part.retry = wanted[:limit], wanted[limit:]
        prepared = await self.preparer.streams(streams, cause="correction", retry=True)
        if await self._refusal(part, prepared) is not None:
            await self.finder.streams(streams, cause="correction", retry=True)

    async def _refusal(self, part: Part[Any], prepared: Prepared) -> Exception | None:
        """Write *prepared*, unless the partition is another member's by now.

        Returns what kept it from being written: a stream moved, or something cannot be written at all.
        """
        memory = self.preparer.memory
        memory.fence(prepared.write, part.number)
        try:
            await self.committer.commit(prepared)
        except Exception as error:
            if not (isinstance(error, Moved) or is_hopeless(error)):
                raise
            memory.cache.drop(list(prepared.write.streams))
            return error
        self.failures.pop(part.number, None)
        self.paused.pop(part.number, None)
        return None

    async def _put_off(self, part: Part[Any], streams: Sequence[str], error: Exception, cause: str) -> None:
        """Let the pieces of *part* wait a moment; after several attempts, decide each of *streams* alone."""
        told = self.preparer.settings
        failures = self.failures[part.number] = self.failures.get(part.number, 0) + 1
        pause = part_of(min(told.backoff_least_seconds * 2**failures, told.backoff_most_seconds))
        log.warning("a piece of a sweep was not written", partition=part.number, error=repr(error), failures=failures)
        if failures < told.moved_attempts and isinstance(error, Moved):
            self.paused[part.number] = clock.monotonic() + pause
            return
        self.failures.pop(part.number)
        self.paused[part.number] = clock.monotonic() + pause
        await self.finder.streams(streams, cause=cause)

    async def _finish(self, part: Part[Any], prepared: Prepared) -> None:
        """End the sweep; where it was the first of its day, say that the day is rated, into this very partition."""
        if not part.swept() or not self.preparer.settings.intake:
            return
        data = BusinessDayRated(as_of=part.day, cause="day", date=part.day)
        await self.preparer.announce(prepared, stream_of(DAY_SUBJECT, part.number), data)
