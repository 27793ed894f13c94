"""What the worker needs from others, by shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

from shared.core.envelope import Event
from shared.edge.kafka.record import Batch, Place
from shared.edge.store.pool import Connection


class Source(Protocol):
    """Where records come from (shared.edge.kafka.source)."""

    async def start(self) -> None:
        """Join the group."""

    async def batch(self, max_records: int, timeout_s: float) -> Batch | None:
        """The next records and changes of ownership; None where nothing came in time."""

    async def resume_at(self, places: Mapping[Place, int], /) -> None:
        """Read each place from the given offset on, now, whether it was paused or not."""

    async def stop(self) -> None:
        """Leave the group."""


class Changes(Protocol):
    """What takes effect as a day opens, besides facts: new versions of the rules."""

    async def bring(self, connection: Connection, context: Any, since: date | None, day: date, /) -> bool:
        """Bring *context* to what was recorded by now. Returns whether anything took effect after *since*, by *day*."""


class Exported(NamedTuple):
    """A page of the history of a partition, in the order in which it was committed."""

    events: Sequence[bytes]
    """Structured CloudEvents."""
    reached: int
    more: bool


class Exports(Protocol):
    """Where the history of a partition comes from that the topics do not hold any more (shared.edge.exports)."""

    async def page(self, partition: int, after: int, /) -> Exported:
        """What was committed after position *after*. Raises GradelineError where there is no answer."""


class Sealer(Protocol):
    """Seals personal fields before anything is kept (shared.edge.store.keys), or drops them (shared.edge.worker.dropping)."""

    async def seal(self, events: Sequence[Event], /) -> list[Event]:
        """The same events in order, personal fields sealed; those of erased subjects replaced by the marker."""

    def unreadable(self, event: Event, /) -> bool:
        """Whether nobody can say if *event*, seen in the last `seal`, has the content that is kept: its key is destroyed."""
