"""Records that are not events: kept with their bytes, published to `<topic>.dead`, and counted against a bound."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from shared.core.errors import Undecodable
from shared.edge.kafka.record import Record
from shared.edge.store.sealing import Box
from shared.edge.store.write import Dead, Headers, Sent, Write

TEXT_CHARACTERS = 500


class DeadWindow:
    """How many of the last records were dead letters."""

    def __init__(self, *, most: int, of: int) -> None:
        """*most* within *of* records are too many."""
        self._most = most
        self._recent: deque[bool] = deque(maxlen=of)
        self._dead = 0

    def passed(self, good: int) -> None:
        """Take *good* records that were events into account."""
        if self._dead:  # where the window holds no dead letter, it makes no difference
            for _ in range(min(good, self._recent.maxlen or 0)):
                self._count(dead=False)

    def died(self) -> None:
        """Take one dead letter into account."""
        self._count(dead=True)

    def _count(self, *, dead: bool) -> None:
        if len(self._recent) == self._recent.maxlen and self._recent[0]:
            self._dead -= 1
        self._recent.append(dead)
        self._dead += dead

    @property
    def full(self) -> bool:
        """Whether there are too many."""
        return self._dead >= self._most


def bury(write: Write, record: Record, why: Undecodable, *, box: Box, now: datetime) -> None:
    """Add *record* to the dead letters of *write* and to the topic `<topic>.dead`, sealed in both."""
    raw = box.seal(record.value or b"")
    message, pointer = why.message[:TEXT_CHARACTERS], why.pointer[:TEXT_CHARACTERS]
    write.dead.append(
        Dead(
            record.topic,
            record.partition,
            record.offset,
            message,
            why.rule,
            pointer,
            raw,
            record.key,
            _envelope(record),
            now,
        )
    )
    headers = [
        ("reason", message),
        ("rule", why.rule),
        ("pointer", pointer),
        ("topic", record.topic),
        ("partition", str(record.partition)),
        ("position", str(record.offset)),
    ]
    write.outbox.append(
        Sent(
            record.partition,
            f"{record.topic}.dead",
            None if record.key is None else record.key.decode(errors="replace"),
            f"{record.topic}/{record.partition}/{record.offset}",
            raw,
            headers,
        )
    )


def _envelope(record: Record) -> Headers | None:
    """The headers that hold the envelope of a binary event; None where there are none."""
    kept = [
        (name, value.decode(errors="replace"))
        for name, value in record.headers
        if name.lower() == "content-type" or name.lower().startswith("ce_")
    ]
    return kept or None
