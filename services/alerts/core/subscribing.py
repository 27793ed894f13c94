"""What systems subscribe to: which decisions, and what is posted of each. Pure.

A decision of compliance is posted to nobody: who may read it reads the topic that few may read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.core.envelope import Event, canonical
from shared.core.events.base import Decision

TOPICS = ("credit.ratings", "credit.limits", "credit.alerts")
DAY = "~day"
PING = "credit.subscription.ping.v1"
BODY_BYTES = 20_000


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which decisions are wanted; empty: whatever it is."""

    topics: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    """Whole, or the beginning of it up to a `.*`: `credit.alert.*`."""
    subjects: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = {}
    """Each of these labels has one of these values."""

    def wants(self, event: Event) -> bool:
        """Whether *event* is to be posted."""
        data = event.data
        if not isinstance(data, Decision) or data.topic not in (self.topics or TOPICS):
            return False
        if not self.types and event.subject == DAY:
            return False  # every partition of every day: who wants that names the type
        if self.types and not any(_is_of(event.type, one) for one in self.types):
            return False
        if self.subjects and event.subject not in self.subjects:
            return False
        return all(data.labels.get(name) in values for name, values in self.labels.items())


def _is_of(type_: str, wanted: str) -> bool:
    return type_.startswith(wanted[:-1]) if wanted.endswith(".*") else type_ == wanted


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One, as it is shown: without address and secret."""

    subscription_id: str
    title: str
    wanted: Filter
    full_content: bool
    created_at: datetime
    by: str
    state: str
    """active, paused, disabled: switched off after 410, or after the last attempt of the schedule; `why` says which."""
    why: str
    waiting: int


def posted(event: Event, *, full: bool, link: str) -> bytes:
    """What is posted of *event*: its type, time, identity and where to look; with *full* what it says, too, where it fits.

    A receiver drops doubles by `webhook-id`, or by source and id.
    """
    at = event.time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    data: dict[str, Any] = {
        "source": event.source,
        "id": event.id,
        "subject": event.subject,
        "topic": event.data.topic,
        "sequence": event.sequence,
    }
    if link:
        data["link"] = link
    thin = msgspec.json.encode({"type": event.type, "timestamp": at, "data": data})
    if not full:
        return thin
    content = msgspec.Raw(canonical(event.data))
    whole = msgspec.json.encode({"type": event.type, "timestamp": at, "data": data | {"content": content}})
    return whole if len(whole) <= BODY_BYTES else thin
