"""A silence: for a while nobody is told of what matches. The alerts stand all the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Who silenced what, why and until when."""

    silence_id: str
    matchers: dict[str, tuple[str, ...]]
    """Label → the texts of which it must be one: `kind`, `severity`, `subject`, or a label of the alert."""
    author: str
    reason: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None


def matches(silence: Silence, labels: Mapping[str, str]) -> bool:
    """Whether an alert with *labels* is silenced. One without a matcher would silence everything and silences nothing."""
    return bool(silence.matchers) and all(labels.get(name, "") in texts for name, texts in silence.matchers.items())
