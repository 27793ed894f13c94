"""Reservations whose time is over, written down by a sweep. Nothing waits for it: they count for nothing from that instant."""

from __future__ import annotations

from services.exposure.core.figures import Moment
from services.exposure.core.telling import expired
from shared.core.brain import Decided


def expire(moment: Moment) -> list[Decided]:
    """What is to be appended at the instant of *moment*; nothing where nothing ran out."""
    return expired(moment.account, moment.day, moment.now)


def next_expiry(moment: Moment) -> int | None:
    """The instant at which the next reservation runs out, in microseconds since 1970; None: none is kept."""
    return min((one.expires_at for one in moment.account.reservations.values()), default=None)
