"""One piece of a sweep at a time, between the batches of facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.core.events.calendar import BusinessDayRated
from shared.edge.store.append import Moved
from shared.edge.store.rows import stream_of
from shared.edge.store.write import Span
from shared.edge.worker.batch import Preparer
from shared.edge.worker.committing import Committer
from shared.edge.worker.days import DAY_SUBJECT, to_sweep
from shared.edge.worker.partition import Part
from shared.edge.worker.prepared import Prepared


@dataclass(slots=True)
class Sweeper:
    """Brings the customers that wait to the day of their partition, in transactions of a bounded size."""

    preparer: Preparer
    committer: Committer

    def waiting(self) -> Part[Any] | None:
        """A partition that has work of this kind, the earliest day first."""
        parts = [part for part in self.preparer.memory.parts.values() if part.sweeping or part.retry]
        return min(parts, key=lambda part: (part.day, part.number), default=None)

    def behind(self) -> Part[Any] | None:
        """A partition in which decisions may have been put off."""
        return next((part for part in self.preparer.memory.parts.values() if part.behind and not part.sweeping), None)

    async def catch_up(self, part: Part[Any]) -> None:
        """Take some of the long walks that were put off in *part*. No write may be under way. Raises as a commit does."""
        limit = self.preparer.settings.behind_streams
        async with self.preparer.pool.acquire() as connection:
            streams = await to_sweep(connection, part, limit)
        part.behind = len(streams) == limit
        if streams and not await self._committed(
            part, await self.preparer.streams(streams, cause="fact", snapshots=True)
        ):
            part.behind = True

    async def piece(self, part: Part[Any]) -> None:
        """Decide the next streams of *part* and write them. No write may be under way. Raises as a commit does."""
        if part.retry:
            await self._retry(part)
            return
        limit = self.preparer.settings.sweep_streams
        async with self.preparer.pool.acquire() as connection:
            streams = await to_sweep(connection, part, limit)
        stood = part.as_write()
        prepared = await self.preparer.streams(streams, cause="policy" if part.sweep_all else "day")
        if len(streams) < limit:
            await self._finish(part, prepared)
        elif part.sweep_all:
            part.sweep_after = streams[-1]
        prepared.write.days[part.number] = part.as_write()
        if not await self._committed(part, prepared):
            part.day, part.rated, part.sweep_after, part.sweep_all = stood

    async def _retry(self, part: Part[Any]) -> None:
        """Give parked customers another attempt; what moved meanwhile is tried when staff or a restart ask again."""
        limit = self.preparer.settings.sweep_streams
        wanted = sorted(set(part.retry))
        streams, part.retry = wanted[:limit], wanted[limit:]
        prepared = await self.preparer.streams(streams, cause="correction", retry=True)
        await self._committed(part, prepared)

    async def _committed(self, part: Part[Any], prepared: Prepared) -> bool:
        """Write *prepared*, unless the partition is another member's by now. Returns False where a stream moved."""
        memory = self.preparer.memory
        for place, offset in memory.next_offsets.items():
            if place[1] == part.number:
                prepared.write.positions[place] = Span(offset, offset)
        try:
            await self.committer.commit(prepared)
        except Moved:
            memory.cache.drop(list(prepared.write.streams))
            return False
        return True

    async def _finish(self, part: Part[Any], prepared: Prepared) -> None:
        """End the sweep; where it was the first of its day, say that the day is rated, into this very partition."""
        if not part.swept():
            return
        data = BusinessDayRated(as_of=part.day, cause="day", date=part.day)
        await self.preparer.announce(prepared, stream_of(DAY_SUBJECT, part.number), data)
