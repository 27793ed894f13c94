"""What one transaction writes: a value that is prepared in full before the transaction begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from shared.edge.store.rows import EventRow

Headers = Sequence[tuple[str, str]]


class StreamWrite(NamedTuple):
    """One stream after the transaction. *before* is the version that was read; 0: the stream is new."""

    partition: int
    before: int
    version: int
    wakes_on: date | None
    parked: bool


class Span(NamedTuple):
    """How far one consumed partition moves: from the offset that was read to the next one to read."""

    since: int
    upto: int


class Sent(NamedTuple):
    """One record to publish. *headers* are names and texts, of any characters; None: none."""

    partition: int
    topic: str
    key: str | None
    event_id: str
    value: bytes
    headers: Headers | None = None


class DayWrite(NamedTuple):
    """Where a partition stands: its day, the last day published as rated, and the cursor of a running sweep.

    *was_rated* is what was read: a sweep moves no offset, so this tells that nobody else has ended it meanwhile.
    """

    day: date | None
    rated: date | None
    sweep_after: str | None
    sweep_all: bool
    was_rated: date | None


class Dead(NamedTuple):
    """One record that is not an event. *raw* is sealed. Texts may hold any characters: they come from outside."""

    topic: str
    partition: int
    position: int
    reason: str
    rule: str
    pointer: str
    raw: bytes
    key: bytes | None
    headers: Headers | None
    recorded_at: datetime


class Quarantined(NamedTuple):
    """A fact with the identity of another one and other content."""

    stream: str
    identity: bytes
    content: bytes
    type: str
    source: str
    id: str
    data: bytes
    recorded_at: datetime


@dataclass(slots=True)
class Write:
    """Everything of one batch. Nothing of it is kept, or all of it."""

    generation: str = ""
    events: list[EventRow] = field(default_factory=list)
    streams: dict[str, StreamWrite] = field(default_factory=dict)
    positions: dict[tuple[str, int], Span] = field(default_factory=dict)
    days: dict[int, DayWrite] = field(default_factory=dict)
    outbox: list[Sent] = field(default_factory=list)
    rows: list[tuple[str, int, Any]] = field(default_factory=list)
    snapshots: list[tuple[str, int, str, bytes]] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    quarantine: list[Quarantined] = field(default_factory=list)
    parked: list[tuple[str, int, str]] = field(default_factory=list)
    unparked: list[str] = field(default_factory=list)
    raised: list[tuple[str, bytes]] = field(default_factory=list)
    """(stream, identity) of shared identities that this batch says."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.positions or self.streams or self.days or self.outbox or self.snapshots or self.dead)

    def add(self, other: Write) -> None:
        """Take what *other* appends to streams of its own. It consumes nothing, and moves no day."""
        self.events += other.events
        self.streams |= other.streams
        self.outbox += other.outbox
        self.rows += other.rows
        self.snapshots += other.snapshots
