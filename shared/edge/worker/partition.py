"""What a worker knows of one partition it owns: its day, a running sweep, its reference context."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from shared.edge.kafka.record import Record
from shared.edge.store.positions import Standing
from shared.edge.store.write import DayWrite

C = TypeVar("C")

NO_DAY = date.min
"""Of a partition of which nobody has said yet on which day it stands."""


@dataclass(slots=True)
class Part(Generic[C]):
    """One partition. The day moves only by a day record; a sweep then brings the waiting customers to it."""

    number: int
    context: C
    day: date
    rated: date | None
    sweep_after: str | None
    sweep_all: bool
    held: deque[Record] = field(default_factory=deque)
    """Records from a day record on that came while the sweep before it was running."""
    held_bytes: int = 0
    behind: bool = True
    """Whether streams may wait whose decision was put off; after a takeover nobody knows, so it is looked up."""
    retry: list[str] = field(default_factory=list)
    """Parked streams that get another attempt."""
    loading: int | None = None
    """How far the history of the partition is loaded that the topics do not hold any more; None: it need not be."""

    @classmethod
    def standing(cls, number: int, context: C, at: Standing) -> Part[C]:
        """A partition as the database has it."""
        return cls(number, context, at.day or NO_DAY, at.rated, at.sweep_after, at.sweep_all)

    @property
    def undecided(self) -> bool:
        """Whether facts are kept and nothing is concluded: half a history, or a day that nobody named, says nothing."""
        return self.loading is not None or self.day == NO_DAY

    def hold(self, record: Record) -> None:
        """Keep *record* until the sweep is over."""
        self.held.append(record)
        self.held_bytes += record.size

    def release(self) -> list[Record]:
        """What was held, in order; nothing is held afterwards."""
        released = list(self.held)
        self.held.clear()
        self.held_bytes = 0
        return released

    @property
    def sweeping(self) -> bool:
        """Whether customers still wait to be brought to the day."""
        return self.sweep_after is not None

    def open(self, day: date) -> None:
        """Move to *day* and start its sweep."""
        self.day, self.sweep_after, self.sweep_all = day, "", False

    def sweep_waiting(self) -> None:
        """Let those be decided that wait, on the day that it is."""
        if self.sweep_after is None and self.day != NO_DAY:
            self.sweep_after, self.sweep_all = "", False

    def sweep_everyone(self) -> None:
        """Start a sweep of every customer: what they are measured with has changed. Without a day everybody waits anyway."""
        if self.day == NO_DAY:
            return
        self.sweep_after, self.sweep_all = "", True

    def swept(self) -> bool:
        """End the sweep. Returns whether the day is now rated and was not before."""
        self.sweep_after, self.sweep_all = None, False
        first = self.rated is None or self.rated < self.day
        self.rated = self.day
        return first

    def as_write(self) -> DayWrite:
        """What the database keeps of it."""
        day = None if self.day == NO_DAY else self.day
        return DayWrite(day, self.rated, self.sweep_after, self.sweep_all, self.rated)
