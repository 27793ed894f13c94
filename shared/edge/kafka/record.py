"""What goes over the wire, as plain values: no class of the client library leaves this package."""

from __future__ import annotations

import msgspec

Place = tuple[str, int]
"""A topic and a partition."""
Headers = tuple[tuple[str, bytes], ...]


class Record(msgspec.Struct, frozen=True, gc=False):
    """One consumed record, undecoded."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int
    """Milliseconds since 1970 in UTC; the broker's or the producer's, as the topic is configured."""
    unreadable: str = ""
    """Why it is no record of the protocol; key and value are then what could be read of it, without headers."""

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        return len(self.value or b"") + len(self.key or b"") + sum(len(name) + len(text) for name, text in self.headers)


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One record to publish, to an explicit partition."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: Headers = ()
    timestamp_ms: int | None = None
    """None: the client's clock."""

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        return len(self.value) + len(self.key or b"") + sum(len(name) + len(value) for name, value in self.headers)


class Truncated(msgspec.Struct, frozen=True):
    """A position that the log cannot serve. The partition stays paused until its owner says where to resume."""

    topic: str
    partition: int
    position: int
    """The offset that was asked for."""
    edge: int | None
    """`beyond`: the high watermark; `expired`: the first offset there still is. None: not known."""
    reason: str
    """`beyond`: the log ends before the position (the broker lost it); `expired`: retention has passed it."""


class Batch(msgspec.Struct, frozen=True):
    """What one call of `Source.batch` gave. First drop what is lost, then resume what is new."""

    records: list[Record]
    assigned: frozenset[Place] = frozenset()
    """New here and paused: read their positions from the database and call `resume_at`."""
    lost: frozenset[Place] = frozenset()
    """No longer ours: drop their state, write nothing for them."""
    truncated: tuple[Truncated, ...] = ()
