"""The CloudEvents envelope, what identifies an event, and the order that holds where facts compete."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from hashlib import blake2b

import msgspec

from shared.core.events.base import Data
from shared.core.events.values import write_value

canonical = msgspec.json.Encoder(enc_hook=write_value, order="sorted").encode
"""The one form of some data as bytes: keys in order, nothing that is a default, no spaces. Stored, hashed and published."""

_OURS = re.compile(r"[./]*gradeline(/|$)", re.IGNORECASE).match


def is_ours(source: str) -> bool:
    """Whether *source* is one of our own, or may be taken for one by a reader that resolves it. Upstreams have others."""
    return _OURS(source) is not None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One CloudEvents 1.0 event, decoded. `time` keeps its own offset."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: Data
    recordedtime: datetime | None = None
    sequence: str | None = None
    traceparent: str | None = None

    @property
    def identity(self) -> bytes:
        """128 bits that identify the event within its subject's stream (architecture, fact 2)."""
        return identity_of(self.source, self.id)

    @property
    def business_date(self) -> date:
        """The date the event counts from: its own `…_on` field, else the calendar date of `time` in its own offset."""
        return self.data.business_date or self.time.date()

    @property
    def order(self) -> tuple[date, datetime, str, str]:
        """Where facts about one thing compete, the greatest order holds (architecture, fact 3)."""
        return (self.business_date, self.time, self.source, self.id)

    @property
    def content(self) -> bytes:
        """128 bits of what the event says: type, subject, instant and canonical data. Extensions do not count."""
        digest = blake2b(digest_size=16)
        instant = self.time.astimezone(UTC).isoformat()
        digest.update(f"{self.type}\0{self.subject}\0{instant}\0".encode())
        digest.update(canonical(self.data))
        return digest.digest()


def identity_of(source: str, id: str) -> bytes:
    """Return the 16-byte BLAKE2b of *source* NUL *id*."""
    return blake2b(f"{source}\0{id}".encode(), digest_size=16).digest()
