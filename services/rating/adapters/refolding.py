"""Customers computed again from their first event, as the worker decides them: what a proof and a rebuild stand on.

Nothing is read from memory, snapshots or projections, and nothing is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from services.rating.adapters.context import context_of
from services.rating.core.brain import RatingBrain
from services.rating.core.context import Context
from services.rating.core.row import Row
from services.rating.core.state import State
from shared.core.brain import Decided
from shared.core.envelope import Event
from shared.edge.store.pool import Connection
from shared.edge.store.read import load

CUSTOMERS = "select stream, partition from streams where stream = any($1::text[]) and stream !~ '^~'"
DAYS = "select partition, day from partitions where partition = any($1::smallint[])"


class Refolded(NamedTuple):
    """One customer as it comes out of its log on *day*. *failure* is what its fold or decision raised."""

    stream: str
    version: int
    day: date
    events: Sequence[Event]
    row: Row | None
    decisions: Sequence[Decided]
    failure: str | None


class Refolder:
    """Reads and folds within one transaction of *connection*: everything is seen as of one moment."""

    def __init__(self, brain: RatingBrain, connection: Connection) -> None:
        """The reference facts of each partition are read once."""
        self._brain, self._connection = brain, connection
        self._contexts: dict[int, Context] = {}
        self._days: dict[int, date] = {}

    async def each(self, streams: Sequence[str], upto: Mapping[str, tuple[int | None, date]]) -> list[Refolded]:
        """Fold and decide every customer of *streams*.

        *upto*: the version to fold to and the day to decide, of those that are not to be taken as they are now.
        """
        partitions = {row["stream"]: row["partition"] for row in await self._connection.fetch(CUSTOMERS, list(streams))}
        await self._refer(sorted(set(partitions.values()) - self._contexts.keys()))
        loaded = await load(self._connection, sorted(partitions), fold_version="", parked=True)
        return list(self._folded(partitions, {name: one.tail for name, one in loaded.items()}, upto))

    def _folded(
        self,
        partitions: Mapping[str, int],
        events: Mapping[str, list[Event]],
        upto: Mapping[str, tuple[int | None, date]],
    ) -> Iterator[Refolded]:
        for stream, partition in partitions.items():
            version, day = upto.get(stream, (None, self._days[partition]))
            yield self._one(stream, events[stream][:version], day, self._contexts[partition])

    def _one(self, stream: str, events: Sequence[Event], day: date, context: Context) -> Refolded:
        state: State = self._brain.initial(stream)
        try:
            for event in events:
                self._brain.evolve(state, event)
            outcome = self._brain.decide(state, day, context, cause="day")
        except Exception as error:  # whatever a brain raises parks the customer; here it is a finding
            return Refolded(stream, len(events), day, events, None, (), f"{type(error).__name__}: {error}")
        return Refolded(stream, len(events), day, events, outcome.row, outcome.decisions, None)

    async def _refer(self, partitions: Sequence[int]) -> None:
        if not partitions:
            return
        for row in await self._connection.fetch(DAYS, partitions):
            self._days[row["partition"]] = row["day"]
        for partition in partitions:
            self._contexts[partition] = await context_of(self._connection, self._brain, partition)
