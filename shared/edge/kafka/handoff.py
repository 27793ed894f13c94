"""The bounded hand-off from the polling thread to the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable

from shared.edge.kafka.record import Batch, Place, Record, Truncated

Part = tuple[Place, int, list[Record]]
"""Records of one partition, with the epoch of the position they follow."""
Item = list[Part] | tuple[str, frozenset[Place]] | Truncated


class Handoff:
    """At most *waiting* polls of records wait here. Written by one thread, read on one event loop."""

    def __init__(self, *, waiting: int, loop: asyncio.AbstractEventLoop) -> None:
        """*waiting* polls, at least one."""
        self._limit = waiting
        self._loop = loop
        self._items: deque[Item] = deque()
        self._polls = 0
        self._turn = threading.Condition()
        self._nudged = False
        self._arrived = asyncio.Event()
        self._error: Exception | None = None
        self.started: asyncio.Future[None] = loop.create_future()

    # on the polling thread

    def wait_for_room(self, seconds: float) -> bool:
        """Whether one more poll may be put; waits up to *seconds* for it, less when there is a command."""
        with self._turn:
            if self._polls >= self._limit and not self._nudged:
                self._turn.wait(seconds)
            self._nudged = False
            return self._polls < self._limit

    def put(self, parts: list[Part]) -> None:
        """Hand over one poll."""
        with self._turn:
            self._items.append(parts)
            self._polls += 1
        self._wake()

    def change(self, kind: str, places: frozenset[Place]) -> None:
        """Hand over a change of ownership: `assigned` or `lost`."""
        self._items.append((kind, places))
        self._wake()

    def truncate(self, what: Truncated) -> None:
        """Hand over a position that the log cannot serve."""
        self._items.append(what)
        self._wake()

    def ready(self) -> None:
        """The consumer exists."""
        self._call(lambda: None if self.started.done() else self.started.set_result(None))

    def fail(self, error: Exception) -> None:
        """The thread ends with *error*; the next `take` raises it."""
        self._error = error
        self._call(lambda: None if self.started.done() else self.started.set_exception(error))
        self._wake()

    # on the event loop

    def nudge(self) -> None:
        """Let the polling thread look at its commands now."""
        with self._turn:
            self._nudged = True
            self._turn.notify()

    async def wait(self, seconds: float) -> bool:
        """Whether something is there; waits up to *seconds*."""
        if not self._items and self._error is None:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), seconds)
            except TimeoutError:
                return False
        return True

    def take(self, max_records: int, epochs: dict[Place, int]) -> Batch:
        """Return what waits, at most *max_records* records, none of an older epoch. Raises what ended the thread.

        *epochs*: a number per partition for the position that its owner last asked for; changes of ownership update it.
        """
        if self._error is not None:
            raise self._error
        taking = Taking(epochs)
        while self._items and taking.count < max_records:
            item = self._items.popleft()
            if isinstance(item, list):
                rest = taking.records(item, max_records)
                with self._turn:
                    if rest:
                        self._items.appendleft(rest)
                    else:
                        self._polls -= 1
                        self._turn.notify()
            elif isinstance(item, Truncated):
                taking.truncated(item)
            else:
                taking.change(*item)
        return taking.batch()

    def _wake(self) -> None:
        self._call(self._arrived.set)

    def _call(self, what: Callable[[], object]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what)


class Taking:
    """One batch in the making. A partition's records go when the partition goes."""

    def __init__(self, epochs: dict[Place, int]) -> None:
        """*epochs* as in `Handoff.take`."""
        self._epochs = epochs
        self._records: dict[Place, list[Record]] = {}
        self._assigned: set[Place] = set()
        self._lost: set[Place] = set()
        self._truncated: list[Truncated] = []
        self.count = 0

    def records(self, parts: list[Part], limit: int) -> list[Part]:
        """Take up to *limit* in all; return what is left over."""
        left: list[Part] = []
        for place, epoch, records in parts:
            if self._epochs.get(place) != epoch:
                continue
            room = max(limit - self.count, 0)
            if len(records) > room:
                left.append((place, epoch, records[room:]))
                records = records[:room]  # noqa: PLW2901
            if records:
                self._records.setdefault(place, []).extend(records)
                self.count += len(records)
        return left

    def change(self, kind: str, places: frozenset[Place]) -> None:
        """Ownership changed after the records taken so far."""
        for place in places:
            self._epochs.pop(place, None)
            self.count -= len(self._records.pop(place, ()))
        if kind == "assigned":
            self._assigned |= places
        else:
            self._lost |= places
            self._assigned -= places

    def truncated(self, what: Truncated) -> None:
        """A position cannot be served; records before it stay."""
        self._truncated.append(what)

    def batch(self) -> Batch:
        """What was taken, in offset order within each partition."""
        rows = [record for records in self._records.values() for record in records]
        broken = tuple(what for what in self._truncated if (what.topic, what.partition) not in self._lost)
        return Batch(rows, frozenset(self._assigned), frozenset(self._lost), broken)
