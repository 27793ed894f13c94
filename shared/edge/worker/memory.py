"""What a worker holds between batches; all of it can be thrown away and read again from the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shared.edge.kafka.record import Place
from shared.edge.store.write import Span, Write
from shared.edge.worker.cache import Cache
from shared.edge.worker.dead import DeadWindow
from shared.edge.worker.partition import Part
from shared.edge.worker.settings import WorkerSettings

Key = tuple[str, bytes]
"""Stream and identity."""


@dataclass(slots=True)
class Memory:
    """States, partitions and positions. The database decides whether what was built on them may be written."""

    cache: Cache[Any]
    window: DeadWindow
    generation: str = ""
    parts: dict[int, Part[Any]] = field(default_factory=dict)
    next_offsets: dict[Place, int] = field(default_factory=dict)
    """The next offset to take into a batch, batches under way included."""
    pending: dict[int, dict[Key, bytes]] = field(default_factory=dict)
    """Number of a batch that is not committed yet → what it appends: identity → content."""
    batch: int = 0
    """Number of the last prepared batch."""
    committed: int = 0

    @classmethod
    def bounded(cls, settings: WorkerSettings) -> Memory:
        """An empty memory with the bounds of *settings*."""
        window = DeadWindow(most=settings.dead_letters, of=settings.dead_letters_of)
        return cls(Cache(settings.cache_weight), window)

    @property
    def held(self) -> int:
        """Records held back behind sweeps."""
        return sum(len(part.held) for part in self.parts.values())

    def has_room(self, settings: WorkerSettings) -> bool:
        """Whether more records may be held back."""
        held_bytes = sum(part.held_bytes for part in self.parts.values())
        return self.held < settings.held_records and held_bytes < settings.held_bytes

    def fence(self, write: Write, partition: int) -> None:
        """Let *write* be refused where *partition* is another member's by now. No write may be under way."""
        for place, offset in self.next_offsets.items():
            if place[1] == partition:
                write.positions[place] = Span(offset, offset)

    def forget(self) -> None:
        """Drop everything that came from the database."""
        self.cache.clear()
        self.parts.clear()
        self.next_offsets.clear()
        self.pending.clear()

    def lose(self, places: frozenset[Place] | set[Place]) -> None:
        """Drop the state of *places*, which are somebody else's now."""
        for place in places:
            self.next_offsets.pop(place, None)
        # another topic may still give us the same partition; then its standing is still ours
        gone = {partition for _, partition in places} - {partition for _, partition in self.next_offsets}
        for partition in gone:
            self.parts.pop(partition, None)
        self.cache.drop_partitions(gone)
