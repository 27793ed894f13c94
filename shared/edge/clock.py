"""The only clock and the only source of ids. Everything else takes them as arguments."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def today(zone: str) -> date:
    """The present calendar date in *zone* (an IANA name)."""
    return datetime.now(ZoneInfo(zone)).date()


def monotonic() -> float:
    """Seconds on a clock that never goes back; for timeouts and rates only."""
    return time.monotonic()


def new_id() -> str:
    """A fresh 128-bit id in 32 hexadecimal digits."""
    return secrets.token_hex(16)
