"""Reading streams that something is to be decided about, and where their partitions stand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, NamedTuple

from asyncpg import Record

from shared.core.brain import Brain
from shared.core.errors import GradelineError, NotFound, Unavailable
from shared.edge.commanding.command import C, S
from shared.edge.store.pool import Connection
from shared.edge.store.read import Head, Loaded, heads, read_stream
from shared.edge.store.rows import stream_of
from shared.edge.worker.cache import Cache, Entry
from shared.edge.worker.days import REFERENCE_SUBJECT
from shared.edge.worker.incoming import partition_for
from shared.edge.worker.ports import Changes

STATES = 64_000
"""kB that states in memory take together, about."""


class Read(NamedTuple, Generic[S, C]):
    """One stream as it was read. *held*: its state up to where it was known before; None: it is folded from what was read."""

    loaded: Loaded
    partition: int
    day: date
    context: C
    held: Entry[S] | None
    is_due: bool
    """Whether something may follow from its day alone."""
    row: Record
    """What the look found."""


@dataclass(slots=True)
class Reader(Generic[S, C]):
    """Reads streams; what was decided lately is in memory, and only what came since is read."""

    brain: Brain[S, C]
    partitions: int
    """How many there are."""
    changes: Changes | None
    strangers: bool
    """Whether something may be decided about a customer of whom nothing is known."""
    statement: str
    """What reads them: that of `sql.heads`."""
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    """The brain and the contexts are of one thread at a time."""
    _contexts: dict[int, tuple[int, C]] = field(default_factory=dict)
    """Partition → the reference facts that were read so far: their version, and what they come to."""
    _states: Cache[S] = field(default_factory=lambda: Cache(STATES))
    """Who was decided lately, as last committed."""

    def keep(self, entries: Sequence[Entry[S]]) -> None:
        """Remember *entries*, which are what is committed."""
        for entry in entries:
            if entry.state is not None:
                self._states.put(entry, self.brain.weight(entry.state))
        self._states.evict(1)

    async def read(
        self, connection: Connection, streams: Sequence[str]
    ) -> dict[str, Read[S, C] | GradelineError | None]:
        """Stream → what was read; why nothing is decided about it; None where somebody else has its turn.

        The errors are NotFound for who is not known, Unavailable for who is set aside or while no day is open.
        """
        held = {stream: entry for stream in streams if (entry := self._states.get(stream)) is not None}
        self._states.drop(streams)  # what is done with them may not be kept
        found = await self._heads(connection, streams, held)
        if any(found[stream].loaded.version < entry.version for stream, entry in held.items()):
            # the database was brought back to what it was before
            held, found = {}, await self._heads(connection, streams, {})
        return {
            stream: await self._looked(connection, head, held.get(stream)) if head.has_turn else None
            for stream, head in found.items()
        }

    async def _heads(
        self, connection: Connection, streams: Sequence[str], held: Mapping[str, Entry[S]]
    ) -> dict[str, Head]:
        wanted = [(stream, partition_for(stream, self.partitions)) for stream in streams]
        referring = [stream_of(REFERENCE_SUBJECT, partition) for _, partition in wanted]
        after = {stream: entry.version for stream, entry in held.items()}
        return await heads(
            connection,
            self.statement,
            wanted,
            fold_version=self.brain.fold_version,
            after=after,
            referring=referring,
        )

    async def _looked(self, connection: Connection, head: Head, held: Entry[S] | None) -> Read[S, C] | GradelineError:
        loaded = head.loaded
        if head.is_loading:
            return Unavailable("the history of this customer is still being loaded; try again later")
        if not loaded.version and not self.strangers:
            return NotFound("there is no such customer, or nothing was known of it then")
        if loaded.parked:
            return Unavailable("the customer is set aside and nothing is decided about it; see /v1/parked")
        if head.day is None:
            return Unavailable("no business day is open here yet; try again later")
        context = await self._context(connection, head.partition, head.day, head.referred)
        return Read(loaded, head.partition, head.day, context, held, head.is_due, head.row)

    async def _context(self, connection: Connection, partition: int, day: date, referred: int) -> C:
        async with self.alone:
            reached, context = self._contexts.get(partition) or (0, self.brain.context())
            if reached < referred:
                for one in await read_stream(connection, stream_of(REFERENCE_SUBJECT, partition), after=reached):
                    self.brain.refer(context, one.event)
                    reached = one.version
            self._contexts[partition] = (reached, context)
            if self.changes is not None:
                await self.changes.bring(connection, context, None, day)
            return context


Reads = Sequence[Read[Any, Any]]
