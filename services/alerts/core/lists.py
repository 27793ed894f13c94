"""Lists that a period's run gives to people: which there are, when each is made, of which days. Pure.

A list is data (`policies/lists.yaml`): what is on it, to whom it goes, and on which working day of the day, week or month.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from services.alerts.core.rules import Tests
from services.alerts.core.worktime import Hours

Of = Literal["alerts", "approvals"]
Every = Literal["day", "week", "month"]
KINDS: dict[Of, str] = {"alerts": "worklist", "approvals": "ledger"}
"""The words of a list's message, and what a person may mute, by what the list is of."""
LIST = "~list."
"""What the ids of people's lists begin with."""
_WEEK, _LONGEST_REST = 7, 31


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """By which alerts that stand a customer is on a list of alerts."""

    why: str
    """The code of its words."""
    when: Tests
    share: Decimal = Decimal(0)
    """At least so much of what is overdue is expected to be lost."""
    grades: bool = False
    """It says something of the grade: it counts on the lists of those alone who may know (AL-14)."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One list."""

    list: str
    of: Of
    en: str
    zh: str
    to: tuple[str, ...]
    """Receivers as routes name them; of approvals also `person:{requested_by}`."""
    every: Every
    on: int = 1
    """Of a week the day, 1 is Monday, else the next that works; of a month its first, second … working day."""
    at: int
    """The minute of the day."""
    shown: int
    """So many rows stand in the message; all of them in the list."""
    entries: tuple[Entry, ...] = ()

    @property
    def kind(self) -> str:
        """Of its notices."""
        return KINDS[self.of]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of alerts that its entries ask for."""
        tests = (test for entry in self.entries for test in entry.when)
        return frozenset(text for test in tests if test.field == "kind" for text in test.values)


class Listings(msgspec.Struct, frozen=True, kw_only=True):
    """All lists, and how much of what is overdue is expected to be lost."""

    lists: tuple[Listing, ...]
    loss: tuple[tuple[int, Decimal], ...]
    """(Days past due from which it holds, share), in rising order."""

    def of(self, name: str) -> Listing | None:
        """The list of that name."""
        return next((one for one in self.lists if one.list == name), None)


class ListMade(msgspec.Struct, frozen=True, kw_only=True):
    """A list that one person got."""

    worklist_id: str
    list: str
    of: Of
    en: str
    zh: str
    person: str
    first: date
    last: date
    made_at: datetime
    count: int
    state: str
    """Of its notice: waiting, planned, told, quiet or undelivered."""


class Covered(msgspec.Struct, frozen=True):
    """The days that one list is about, both included."""

    first: date
    last: date


def due_at(listing: Listing, now: datetime, hours: Hours) -> datetime:
    """The last instant up to *now* at which *listing* was to be made."""
    today = now.astimezone(hours.zone).date()
    instants = (hours.at(day.toordinal(), listing.at) for day in _days(listing, today, hours))
    return max(one for one in instants if one <= now)


def _days(listing: Listing, today: date, hours: Hours) -> list[date]:
    """Days on which *listing* is made, at least one of them before *today*."""
    if listing.every == "day":
        back = (today - timedelta(days=count) for count in range(_LONGEST_REST))
        return [one for one in back if not hours.calendar.rests(one.toordinal())]
    if listing.every == "week":
        monday = today - timedelta(days=today.weekday())
        begins = (monday + timedelta(days=listing.on - 1 - _WEEK * count) for count in range(3))
        return [date.fromordinal(hours.shift(one.toordinal() - 1, 1)) for one in begins]
    month = today.replace(day=1)
    firsts = (month, (month - timedelta(days=1)).replace(day=1))
    return [date.fromordinal(hours.shift(one.toordinal() - 1, listing.on)) for one in firsts]


def covered(listing: Listing, due: datetime, before: date | None, hours: Hours) -> Covered:
    """What a list that is made at *due* is about; *before*: the last day of the one before.

    A list of alerts is of what stands that day. One of approvals is of what happened: every day that no list told of, the
    seven days before, the month before.
    """
    day = due.astimezone(hours.zone).date()
    if listing.of == "alerts":
        return Covered(day, day)
    yesterday = day - timedelta(days=1)
    if listing.every == "day":
        return Covered(min(before + timedelta(days=1), yesterday) if before else yesterday, yesterday)
    if listing.every == "week":
        return Covered(day - timedelta(days=_WEEK), yesterday)
    last = day.replace(day=1) - timedelta(days=1)
    return Covered(last.replace(day=1), last)
