"""A new or lagging service first loads the history of a partition from the service that has it, page by page.

Its topics stay paused until that is done. What is loaded is kept and folded like what comes from the broker, with the same
check of identities, so a page that comes again, or that the topics hold too, changes nothing; how far it is stands in
`positions` and is compared and set with each page. Nothing is decided of half a history: everybody waits for the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from shared.core.errors import GradelineError, Undecodable
from shared.edge import clock, codec
from shared.edge.kafka.record import Record
from shared.edge.store import positions
from shared.edge.store.rows import stream_of
from shared.edge.store.write import Span
from shared.edge.worker.batch import Preparer
from shared.edge.worker.culprit import Finder
from shared.edge.worker.incoming import Incoming
from shared.edge.worker.partition import Part
from shared.edge.worker.ports import Exports
from shared.edge.worker.prepared import Prepared

AGAIN_SECONDS = 2.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Loader:
    """Loads what the partitions of this worker lack, one page at a time, between the batches of others."""

    preparer: Preparer
    finder: Finder
    exports: Exports
    paused_until: float = 0.0
    """While nobody answers, in monotonic seconds. Other partitions flow on."""

    def waiting(self) -> Part[Any] | None:
        """A partition whose history is to be loaded now."""
        if clock.monotonic() < self.paused_until:
            return None
        return next((part for part in self.preparer.memory.parts.values() if part.loading is not None), None)

    async def piece(self, part: Part[Any]) -> bool:
        """Load the next page. No write may be under way. Returns whether *part* has all. Raises as a commit does."""
        since = part.loading
        assert since is not None
        try:
            page = await self.exports.page(part.number, since)
        except GradelineError as error:
            log.warning("the history cannot be loaded yet", partition=part.number, after=since, error=error.message)
            self.paused_until = clock.monotonic() + AGAIN_SECONDS
            return False
        incoming = self._decoded(part.number, page.events)
        size = self.preparer.settings.batch_records
        pieces = [incoming[at : at + size] for at in range(0, len(incoming), size)] or [[]]
        for number, one in enumerate(pieces, 1):
            await self._write(part, one, Span(since, page.reached if number == len(pieces) else since))
        part.loading = page.reached
        if page.more:
            return False
        await self._end(part)
        return True

    def _decoded(self, partition: int, events: Sequence[bytes]) -> list[Incoming]:
        """What of *events* this service has a use for. One that cannot be read is logged: its service has kept it."""
        settings, now, found = self.preparer.settings, clock.now(), []
        for raw in events:
            try:
                event = codec.decode(raw, headers=())
            except codec.Foreign:
                continue
            except Undecodable as error:
                log.error("an event of the history cannot be read", partition=partition, error=error.message)
                continue
            if event.type not in settings.unheard:
                topic = settings.topic_prefix + event.data.topic
                record = Record(topic, partition, 0, event.subject.encode(), raw, (), int(now.timestamp() * 1000))
                found.append(Incoming(record, event, stream_of(event.subject, partition), now))
        return found

    async def _write(self, part: Part[Any], incoming: Sequence[Incoming], span: Span) -> None:
        """Keep *incoming*; what cannot be written is looked for in ever smaller pieces, and its customer parked."""
        error = await self.finder.tried(partial(self._prepared, part, incoming, span))
        if error is None:
            return
        if len(incoming) > 1:
            half = len(incoming) // 2
            await self._write(part, incoming[:half], Span(span.since, span.since))
            await self._write(part, incoming[half:], span)
            return
        park = f"{type(error).__name__}: {error}"
        left = await self.finder.tried(partial(self._prepared, part, incoming, span, park=park))
        if left is not None:
            raise left

    async def _prepared(self, part: Part[Any], incoming: Sequence[Incoming], span: Span, park: str = "") -> Prepared:
        prepared = self.preparer.begin()
        prepared.write.positions[positions.EXPORT, part.number] = span
        prepared.partitions.add(part.number)
        await self.preparer.take_in(prepared, incoming, [], park=park)
        return prepared

    async def _end(self, part: Part[Any]) -> None:
        """Follow the topics from now on; everybody who waited is decided, on the day that the partition has come to."""
        part.loading = None
        part.sweep_waiting()
        async with self.preparer.pool.acquire() as connection, connection.transaction():
            await positions.loaded(connection, part.number)
            await connection.execute(
                "update partitions set sweep_after = '' where partition = $1 and day is not null and sweep_after is null",
                part.number,
            )
        log.info("the history is loaded", partition=part.number)
