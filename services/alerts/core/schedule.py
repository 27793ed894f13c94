"""When a message is tried again, and when it is given up. Pure: the instant, the attempt and the chance are arguments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from services.alerts.core.message import Receipt
from shared.core.events.values import Severity

LONGEST_WAIT_SECONDS = 24 * 3600
"""A provider that says to come back later than this is asked again after this."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Waits between attempts, and the end of trying."""

    waits: tuple[int, ...]
    """Seconds before attempt 1, 2, 3 …; the first is usually 0."""
    repeat: bool = False
    """The last wait is repeated until `gives_up`; else the end of the list is the end of trying."""
    jitter: int = 20
    """Percent of a wait by which it may be longer or shorter."""
    gives_up: Mapping[Severity, int] = {}
    """Seconds after the message was made when another way is taken, by severity; none: not by time."""


class Next(msgspec.Struct, frozen=True):
    """What becomes of a message after an attempt that brought nothing."""

    at: datetime | None
    """None: given up."""
    why: str = ""


def after(
    schedule: Schedule,
    receipt: Receipt,
    *,
    attempts: int,
    made_at: datetime,
    severity: Severity,
    now: datetime,
    chance: int = 0,
) -> Next:
    """When the attempt after number *attempts* is due. *chance* lies between -1,000 and 1,000: 0 is the wait as written."""
    said = receipt.status or receipt.outcome
    if attempts < len(schedule.waits):
        wait = schedule.waits[attempts]
    elif schedule.repeat:
        wait = schedule.waits[-1]
    else:
        return Next(None, f"given up after {attempts} attempts: {said}")
    pause = timedelta(milliseconds=wait * (100_000 + schedule.jitter * chance) // 100)
    asked = receipt.retry_after_seconds
    if asked is not None:
        pause = max(pause, timedelta(seconds=min(asked, LONGEST_WAIT_SECONDS)))
    at = now + pause
    patience = schedule.gives_up.get(severity)
    if patience is None:
        return Next(at)
    end = made_at + timedelta(seconds=patience)
    if now >= end:
        return Next(None, f"given up after {patience // 60} minutes: {said}")
    # the last attempt is made when patience ends, not left out because the next step lies beyond it
    return Next(at if asked is not None else min(at, end))
