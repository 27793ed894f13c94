"""Instants as microseconds since 1970, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from services.exposure.core.records import HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNIX = date(1970, 1, 1).toordinal()
_ZONES = 14
"""Hours by which the zone of an installation may be ahead of UTC."""


def instant(at: datetime | None) -> int:
    """*at* in microseconds since 1970; 0: none."""
    return (at - _EPOCH) // _MICROSECOND if at is not None else 0


def time_of(at: int) -> datetime:
    """The time, in UTC, of so many microseconds since 1970."""
    return _EPOCH + at * _MICROSECOND


def start_of(day: int) -> int:
    """Midnight UTC of *day*."""
    return (day - _UNIX) * 24 * HOUR


def first_of(day: int) -> int:
    """The instant at which *day* begins in the zone that is furthest ahead: a day that is open began then at the earliest."""
    return start_of(day) - _ZONES * HOUR
