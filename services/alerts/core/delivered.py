"""What the delivery log lists and shows."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Queue = Literal["people", "systems"]


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; None: whatever it is."""

    queue: Queue = "people"
    state: str | None = None
    channel: str | None = None
    person: str | None = None
    address: str | None = None
    alert_id: str | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, with the provider's answer."""

    attempt: int
    at: datetime
    seconds: float
    outcome: str
    status: str
    detail: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message, and where it stands."""

    message_id: str
    queue: Queue
    channel: str
    address: str
    """A mail address, the name of an endpoint, a subscription."""
    person: str | None
    about: tuple[str, ...]
    """The alerts, or the subject that it tells of."""
    form: str
    severity: str
    created_at: datetime
    state: str
    why: str
    attempts: int
    next_at: datetime | None
    """None: it is settled."""
    settled_at: datetime | None
    last: Tried | None
    """The last attempt."""
