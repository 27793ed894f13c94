"""Days as ordinals, windows of days, and the work calendar."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from functools import lru_cache

import msgspec

FAR = 4_000_000
"""Later than any day: the year 10951."""


class WorkCalendar(msgspec.Struct, frozen=True):
    """Statutory rest days of the years *first* to *last*; outside them Saturday and Sunday rest.

    `rest` holds ordinals. `version` enters every snapshot's fold version, for a changed calendar changes lateness.
    """

    version: str
    first: int
    last: int
    rest: frozenset[int]

    def rests(self, day: int) -> bool:
        """Whether *day* (ordinal) is a rest day."""
        if self.first <= day <= self.last:
            return day in self.rest
        return day % 7 in {6, 0}

    def roll(self, day: int) -> int:
        """*day* itself, or the next working day where it is a rest day (G-08, Civil Code 203)."""
        while self.rests(day):
            day += 1
        return day


WEEKENDS = WorkCalendar(version="weekends", first=1, last=0, rest=frozenset())
"""Saturday and Sunday rest, every other day works."""


@lru_cache(maxsize=65536)
def months_before(day: int, months: int) -> int:
    """The ordinal *months* calendar months before *day*; the 31st becomes the last day of a shorter month."""
    on = date.fromordinal(day)
    index = on.year * 12 + on.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1])).toordinal()


@lru_cache(maxsize=65536)
def window_start(day: int, window: str) -> int:
    """The last ordinal that is *outside* *window* ending on *day*: a window is (start, day].

    *window* is `90d`, `12m` or `` (all history, which starts at 0).
    """
    if not window:
        return 0
    count = int(window[:-1])
    return day - count if window[-1] == "d" else months_before(day, count)


def window_days(day: int, window: str) -> int:
    """How many days *window* ending on *day* has."""
    return day - window_start(day, window)


@lru_cache(maxsize=65536)
def month_index(day: int) -> int:
    """Months since year 0 of the month that holds *day*."""
    on = date.fromordinal(day)
    return on.year * 12 + on.month - 1


def first_of_month(index: int) -> int:
    """The first day of the month so many months since year 0."""
    year, month = divmod(index, 12)
    return date(year, month + 1, 1).toordinal()


def year_apart(earlier: int, later: int) -> bool:
    """Whether *earlier* is a year before *later*, give or take half a month: a year of books may have 52 weeks."""
    return abs(earlier - months_before(later, 12)) <= 15


@lru_cache(maxsize=65536)
def months_between(first: int, last: int) -> int:
    """Completed calendar months from *first* to *last*; 0 where *last* is earlier."""
    if last < first:
        return 0
    start, end = date.fromordinal(first), date.fromordinal(last)
    return (end.year - start.year) * 12 + end.month - start.month - (1 if end.day < start.day else 0)
