"""What the check of identities across customers found, raised on both of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import structlog

from shared.core.events.rating import FactQuarantined, FactRef
from shared.edge import clock
from shared.edge.store import identities
from shared.edge.store.identities import Double
from shared.edge.worker.batch import Preparer
from shared.edge.worker.culprit import Finder
from shared.edge.worker.prepared import Prepared

SAME_IDENTITY_ELSEWHERE = "SAME_IDENTITY_OTHER_CUSTOMER"
RAISED_AT_ONCE = 20

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Doubles:
    """Looks through what was appended, when there is time, and says what it finds in the streams of our partitions."""

    preparer: Preparer
    finder: Finder
    again_at: float = 0.0
    """When there may be something new, in monotonic seconds."""

    @property
    def due(self) -> bool:
        """Whether it is time for a round."""
        return self.preparer.settings.intake and clock.monotonic() >= self.again_at

    async def look(self) -> None:
        """One round. No write may be under way. Raises asyncpg errors, what a commit raises."""
        told, numbers = self.preparer.settings, sorted(self.preparer.memory.parts)
        async with self.preparer.pool.acquire() as connection:
            async with connection.transaction():
                more = await identities.check(connection, numbers, limit=told.identity_events, now=clock.now())
            found = await identities.waiting(connection, numbers, RAISED_AT_ONCE)
        for double in found:
            await self._say(double)
        self.again_at = 0.0 if more else clock.monotonic() + told.identity_seconds

    async def _say(self, double: Double) -> None:
        """Append the decision; where its customer cannot be decided, append it and park the customer."""
        error = await self.finder.tried(partial(self._prepared, double))
        if error is not None:
            error = await self.finder.tried(partial(self._prepared, double, park=f"{type(error).__name__}: {error}"))
        if error is not None:
            log.error("a shared identity cannot be said", stream=double.stream, error=repr(error))

    async def _prepared(self, double: Double, *, park: str = "") -> Prepared:
        preparer = self.preparer
        decision = FactQuarantined(
            as_of=preparer.memory.parts[double.partition].day,
            cause="fact",
            fact=FactRef(source=double.source, id=double.id, type=double.type),
            reason=SAME_IDENTITY_ELSEWHERE,
            detail=double.other,
        )
        prepared = preparer.begin()
        await preparer.announce(prepared, double.stream, decision, cause="fact", park=park)
        prepared.write.raised.append((double.stream, double.identity))
        preparer.memory.fence(prepared.write, double.partition)
        return prepared
