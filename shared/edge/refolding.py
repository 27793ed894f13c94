"""Customers computed again from their first event, as the worker decides them: what a proof and a rebuild stand on.

Nothing is read from memory, snapshots or projections, and nothing is published.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar

from shared.core.brain import Brain, Decided
from shared.core.envelope import Event
from shared.edge.store.pool import Connection
from shared.edge.store.read import load

S = TypeVar("S")
C = TypeVar("C")
CUSTOMERS = "select stream, partition from streams where stream = any($1::text[]) and stream !~ '^~'"
DAYS = "select partition, day from partitions where partition = any($1::smallint[])"


class Refolded(NamedTuple):
    """One customer as it comes out of its log on *day*. *failure* is what its fold or decision raised."""

    stream: str
    version: int
    day: date
    events: Sequence[Event]
    row: Any
    """What the projector would write; None: nothing."""
    decisions: Sequence[Decided]
    failure: str | None


class Refolder(Generic[S, C]):
    """Reads and folds within one transaction of *connection*: everything is seen as of one moment."""

    def __init__(self, brain: Brain[S, C], connection: Connection, context: Callable[[int], Awaitable[C]]) -> None:
        """*context*: the reference facts of a partition, which are read once."""
        self._brain, self._connection, self._context = brain, connection, context
        self._contexts: dict[int, C] = {}
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

    def _one(self, stream: str, events: Sequence[Event], day: date, context: C) -> Refolded:
        state = self._brain.initial(stream)
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
            self._contexts[partition] = await self._context(partition)
