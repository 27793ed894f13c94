"""Working time: from when to when a day works, on which days, and what an instant plus so much of it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from shared.core.ledger.days import WorkCalendar

DAY_MINUTES = 24 * 60


class Span(msgspec.Struct, frozen=True):
    """A length of time: of the clock, or of working time only. A working day is one from its begin to its end."""

    minutes: int = 0
    is_working: bool = False
    days: int = 0
    """Working days, besides the minutes."""


class Hours(msgspec.Struct, frozen=True):
    """When people work: *begins* and *ends* in minutes of the day in *zone*, on the days on which *calendar* does not rest."""

    calendar: WorkCalendar
    zone: tzinfo
    begins: int = 8 * 60 + 30
    ends: int = 17 * 60 + 30

    def after(self, start: datetime, span: Span) -> datetime:
        """The instant *span* after *start*, in UTC."""
        if not span.is_working:
            return start.astimezone(UTC) + timedelta(minutes=span.minutes)
        left = span.minutes + span.days * (self.ends - self.begins)
        local = start.astimezone(self.zone)
        day, minute = local.toordinal(), local.hour * 60 + local.minute + (local.second > 0)
        while True:
            if not self.calendar.rests(day):
                minute = max(minute, self.begins)
                if minute + left <= self.ends:
                    return self.at(day, minute + left)
                left -= max(0, self.ends - minute)
            day, minute = day + 1, 0

    def works(self, instant: datetime) -> bool:
        """Whether *instant* is in working time."""
        local = instant.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return self.begins <= minute < self.ends and not self.calendar.rests(local.toordinal())

    def at(self, day: int, minute: int = 0) -> datetime:
        """The instant of *minute* on the ordinal *day*, in UTC."""
        on = datetime.combine(date.fromordinal(day), time(), tzinfo=self.zone)
        wall = on + timedelta(minutes=minute)
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def shift(self, day: int, count: int) -> int:
        """The ordinal *count* working days after *day*, before it where *count* is negative; 0: *day* itself."""
        step = 1 if count > 0 else -1
        while count:
            day += step
            count -= 0 if self.calendar.rests(day) else step
        return day
