"""China's statutory rest days with adjusted work days (调休), as a value for the core."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from importlib.metadata import version

import chinese_calendar

from shared.core.ledger.days import WorkCalendar

FIRST, LAST = date(2004, 1, 1), date(2026, 12, 31)
"""What the library knows; outside it Saturday and Sunday rest."""


@cache
def china() -> WorkCalendar:
    """The calendar of the installed release; its version enters the fold version."""
    days = ((FIRST + timedelta(days=i)) for i in range((LAST - FIRST).days + 1))
    rest = frozenset(day.toordinal() for day in days if not chinese_calendar.is_workday(day))
    return WorkCalendar(f"chinese-calendar-{version('chinese-calendar')}", FIRST.toordinal(), LAST.toordinal(), rest)
