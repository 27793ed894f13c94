"""Folding what was read, bringing it to its day, asking the command, and what follows: nothing is read or written here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from shared.core.brain import Brain, Decided
from shared.edge.commanding.command import Asked, C, Found, S
from shared.edge.commanding.reading import Read, Reads
from shared.edge.store.write import Write
from shared.edge.worker.cache import Entry
from shared.edge.worker.deciding import Decider
from shared.edge.worker.partition import Part
from shared.edge.worker.settings import WorkerSettings

T = TypeVar("T")
BYTES_INLINE = 64_000
"""A customer of more bytes than this is folded on a thread: the loop would stand still for some milliseconds."""


class Thought(NamedTuple, Generic[S, C]):
    """What became of a command."""

    entries: list[Entry[S]]
    """Its streams, as they are once it is written; those of which nothing can be said are left out."""
    found: Found[S, C] | None
    """None: nothing is to be appended."""
    write: Write


async def apart(read: Reads, work: Callable[[], T]) -> T:
    """Do *work* with *read*: on a thread where that is long. Who asks for it holds the lock of the brain."""
    if sum(one.loaded.size for one in read) > BYTES_INLINE:
        return await asyncio.to_thread(work)
    return work()


@dataclass(slots=True, frozen=True)
class Thinker(Generic[S, C]):
    """Decides with the brain and the machine of the worker, so that what follows is published once."""

    brain: Brain[S, C]
    settings: WorkerSettings

    def think(self, asked: Asked, read: Sequence[Read[S, C]], now: datetime) -> Thought[S, C]:
        """*read*: the streams of *asked*, in their order. Raises what the command raises."""
        entries, write = [self._entry(one) for one in read], Write()
        *others, (entry, one) = zip(entries, read, strict=True)
        decider = Decider(self.brain, self.settings, write, 1, now)
        if one.is_due or (self.brain.walks and one.loaded.tail):
            _take(decider, entry, one, (), "day")
        assert entry.state is not None
        found = Found(entry.state, one.day, one.context, now, entry.version)
        decisions = asked.command.decide(found)
        if not decisions:
            same = [entry for entry, one in zip(entries, read, strict=True) if entry.version == one.loaded.version]
            return Thought(same, None, write)
        _take(decider, entry, one, decisions, asked.command.cause)
        for other, its in others:
            if told := asked.beside.tells(other.stream, decisions):
                _take(decider, other, its, told, asked.command.cause)
        # of one stream the last says all
        write.rows = list({row[0]: row for row in write.rows}.values())
        write.snapshots = list({row[0]: row for row in write.snapshots}.values())
        return Thought([entry for entry in entries if entry.stream in write.streams], found, write)

    def _entry(self, read: Read[S, C]) -> Entry[S]:
        loaded, entry = read.loaded, read.held
        if entry is None:
            raw = loaded.snapshot
            state = self.brain.load(raw) if raw is not None else self.brain.initial(loaded.stream)
            entry = Entry(loaded.stream, read.partition, state, 0, loaded.snapshot_version)
        assert entry.state is not None
        for event in loaded.tail:
            self.brain.evolve(entry.state, event)
        entry.version, entry.size = loaded.version, entry.size + loaded.size
        return entry


def _take(decider: Decider, entry: Entry[Any], read: Read[Any, Any], own: Sequence[Decided], cause: str) -> None:
    part = Part(entry.partition, read.context, read.day, None, None, False)
    failed = decider.take(entry, part, (), own, cause=cause)
    if failed is not None:
        raise RuntimeError(f"{entry.stream} cannot be decided: {failed.reason}")
