"""A batch that is folded and decided, and waits to be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.edge.kafka.record import Place, Record
from shared.edge.store.write import Write


@dataclass(slots=True)
class Prepared:
    """One transaction to be. *records* made it, so that it can be made again from newer states."""

    number: int
    now: datetime
    write: Write
    records: Sequence[Record] = ()
    facts: int = 0
    duplicates: int = 0
    foreign: int = 0
    skipped: list[str] = field(default_factory=list)
    """Of facts that are none the rules they broke, where another service keeps them as dead letters."""
    parked: int = 0
    oldest: datetime | None = None
    stop: str | None = None
    """Why the worker must stop once this is committed."""
    moves_days: bool = False
    """Whether a day or the reference context moved: such a batch is never made again from memory."""
    partitions: set[int] = field(default_factory=set)

    @property
    def rewind(self) -> dict[Place, int]:
        """Where its records began."""
        return {place: span.since for place, span in self.write.positions.items()}
