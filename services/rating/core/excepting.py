"""Rules that people let not hold for a customer, until a date (AP-16). A record that others read: no grade follows from it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from shared.core.events.approval import ExceptionEnded, ExceptionGranted
from shared.core.events.base import Decision

if TYPE_CHECKING:
    from services.rating.core.state import State


class Waived(msgspec.Struct, array_like=True, gc=False):
    """One exception. Days are ordinals; it holds from *set_on* to *expires_on*."""

    exception_id: str
    set_on: int
    expires_on: int
    excepts: str
    method: str | None
    terms: str | None
    reason: str
    by: str | None
    evidence: str | None
    approval_id: str | None
    told: bool = False
    """Whether it was said that it ended."""
    size: Decimal | None = None

    def holds(self, day: int) -> bool:
        """Whether the rule does not hold on *day*."""
        return self.set_on <= day <= self.expires_on


def fold(state: State, data: Decision) -> None:
    """Keep what was decided about an exception."""
    if isinstance(data, ExceptionGranted):
        state.exceptions[data.exception_id] = Waived(
            data.exception_id,
            data.as_of.toordinal(),
            data.expires_on.toordinal(),
            data.excepts,
            data.method,
            data.terms,
            data.reason,
            data.by,
            data.evidence,
            data.approval_id,
            size=data.size,
        )
    elif isinstance(data, ExceptionEnded) and data.exception_id in state.exceptions:
        state.exceptions[data.exception_id].told = True


def next_end(state: State, day: int, never: int) -> int:
    """The next day after *day* on which an exception has ended; *never* where none does."""
    return min((one.expires_on + 1 for one in state.exceptions.values() if one.expires_on >= day), default=never)


def ended_untold(state: State, day: int) -> list[Waived]:
    """The exceptions that ended before *day* and of which nobody was told."""
    return [one for one in state.exceptions.values() if not one.told and one.expires_on < day]
