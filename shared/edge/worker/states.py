"""Bringing the states of streams into memory: what is missing in full, what is there by what others have appended since."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from shared.core.brain import Brain
from shared.edge.store.pool import Connection
from shared.edge.store.read import Loaded, load
from shared.edge.store.rows import subject_of
from shared.edge.worker.cache import Entry
from shared.edge.worker.incoming import partition_for
from shared.edge.worker.memory import Memory
from shared.edge.worker.settings import WorkerSettings

BREATH = 8
"""Streams that are folded or decided before the loop turns: the write under way, which has rows locked, waits for that."""
BYTES_OF_ONE = 128
"""So many bytes of facts take about 1 kB in memory (measured: eight times as much, up to fifteen in open documents)."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class States:
    """Fills the cache of a worker."""

    brain: Brain[Any, Any]
    settings: WorkerSettings
    memory: Memory

    async def load(
        self, connection: Connection, streams: Iterable[str], *, parked: bool = False, pinned: bool = False
    ) -> None:
        """Bring the states of *streams* into memory. *parked*, *pinned* as in the store's `load`.

        Where streams are shared with commands, what is held is brought up to date as well, unless a batch that is not
        committed yet has changed it: that one finds out by itself.
        """
        wanted, held = set[str](), dict[str, int]()
        for stream in streams:
            entry = self.memory.cache.get(stream)
            if entry is None:
                wanted.add(stream)
            elif self.settings.is_shared and entry.state is not None and entry.touched <= self.memory.committed:
                held[stream] = entry.version
        names = sorted(wanted | held.keys())
        if not names:
            return
        version = self.brain.fold_version
        found = await load(connection, names, fold_version=version, parked=parked, pinned=pinned, after=held)
        for number, one in enumerate(found.values()):
            if number % BREATH == 0:
                await asyncio.sleep(0)
            entry = self.memory.cache.get(one.stream) if one.stream in held else self._entry(one)
            if entry is None or one.version <= held.get(one.stream, -1):
                continue  # nothing new, or the database was brought back, and will refuse what is made of this
            if one.stream in held:
                entry.version, entry.size = one.version, entry.size + one.size
            if one.parked and not parked:
                entry.state, entry.parked = None, True
            else:
                self._fold(entry, one)
            self.memory.cache.put(entry, self.weight(entry))

    def weight(self, entry: Entry[Any]) -> int:
        """What the brain says, or what its bytes say where a few facts hold long lists."""
        return 1 if entry.state is None else max(self.brain.weight(entry.state), entry.size // BYTES_OF_ONE)

    def _entry(self, one: Loaded) -> Entry[Any]:
        """The stream as the database has it, not folded yet."""
        partition = partition_for(one.stream, self.settings.partitions)
        entry: Entry[Any] = Entry(one.stream, partition, None, one.version, one.snapshot_version, one.parked)
        entry.size = one.size
        return entry

    def _fold(self, entry: Entry[Any], one: Loaded) -> None:
        """Fold what *one* brings, after what is held. A stream that cannot be folded is parked, whatever it was before."""
        if entry.stream.startswith("~") and subject_of(entry.stream) not in self.settings.matters:
            return
        state = entry.state
        try:
            if state is None:
                state = self.brain.load(one.snapshot) if one.snapshot is not None else self.brain.initial(one.stream)
            for event in one.tail:
                self.brain.evolve(state, event)
        except Exception as error:  # whatever a brain raises parks this customer and nobody else
            log.warning("stream cannot be folded", stream=one.stream, error=repr(error))
            entry.state, entry.broken = None, f"{type(error).__name__}: {error}"
        else:
            entry.state, entry.parked = state, False
