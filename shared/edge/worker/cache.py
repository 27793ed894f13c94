"""States in memory: bounded by the sum of their weights, the longest untouched leave first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(slots=True)
class Entry(Generic[S]):
    """One stream in memory. *state* is None for parked streams and for those that are nobody's state (`~…`)."""

    stream: str
    partition: int
    state: S | None
    version: int
    snapshot_version: int
    parked: bool = False
    weight: int = 1
    size: int = 0
    """Bytes of what it was folded from: its snapshot, or its events so far."""
    broken: str | None = None
    """Why its stored events could not be folded."""
    touched: int = 0
    """Number of the last batch that changed it; until that batch is committed the entry must not leave."""


class Cache(Generic[S]):
    """Stream → entry, in the order of last use."""

    def __init__(self, weight_most: int) -> None:
        """Hold states of *weight_most* together, or one batch's where that is more."""
        self._most = weight_most
        self._entries: OrderedDict[str, Entry[S]] = OrderedDict()
        self.weight = 0

    def __len__(self) -> int:
        """Streams in memory."""
        return len(self._entries)

    def __contains__(self, stream: str) -> bool:
        """Whether *stream* is in memory."""
        return stream in self._entries

    def get(self, stream: str) -> Entry[S] | None:
        """The entry of *stream*, which counts as a use."""
        entry = self._entries.get(stream)
        if entry is not None:
            self._entries.move_to_end(stream)
        return entry

    def put(self, entry: Entry[S], weight: int) -> None:
        """Keep *entry*, which weighs *weight* now."""
        if entry.stream in self._entries:
            self.weight -= entry.weight
        entry.weight = max(1, weight)
        self.weight += entry.weight
        self._entries[entry.stream] = entry
        self._entries.move_to_end(entry.stream)

    def evict(self, committed: int) -> list[Entry[S]]:
        """Take out what is over the bound, longest untouched first, sparing batches after *committed*."""
        gone: list[Entry[S]] = []
        left = self.weight
        for entry in self._entries.values():
            if left <= self._most or entry.touched > committed:
                break
            gone.append(entry)
            left -= entry.weight
        self.drop([entry.stream for entry in gone])
        return gone

    def drop(self, streams: Iterable[str]) -> None:
        """Forget *streams*."""
        for stream in streams:
            entry = self._entries.pop(stream, None)
            if entry is not None:
                self.weight -= entry.weight

    def drop_partitions(self, partitions: set[int]) -> None:
        """Forget every stream of *partitions*."""
        self.drop([stream for stream, entry in self._entries.items() if entry.partition in partitions])

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.weight = 0
