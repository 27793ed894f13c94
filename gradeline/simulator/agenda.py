"""What is going to happen to one customer: facts ordered by the moment they happen, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from heapq import heappop, heappush
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

Event = dict[str, Any]
"""A CloudEvents JSON object, structured mode."""
Moment = int
"""Seconds since day 0 of the proleptic Gregorian calendar, in local time."""

DAY_S = 86_400
OPENS_S, OPEN_S = 8 * 3_600, 12 * 3_600


class _Dates(dict[int, str]):
    """Ordinal → date, each formatted once."""

    def __missing__(self, day: int) -> str:
        self[day] = date.fromordinal(day).isoformat()
        return self[day]


class _Offsets(dict[int, str]):
    """Ordinal → offset of the zone at noon of that day; office hours, so no clock is changed at the time of a fact."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def __missing__(self, day: int) -> str:
        self[day] = datetime.combine(date.fromordinal(day), time(12), tzinfo=self._zone).isoformat()[19:]
        return self[day]


class Calendar:
    """Writes ordinals as dates and moments as RFC 3339 in one zone."""

    def __init__(self, zone: str) -> None:
        """*zone* is an IANA name."""
        dates, self._offsets = _Dates(), _Offsets(zone)
        self.iso: Callable[[int], str] = dates.__getitem__
        """Ordinal → `2026-01-05`."""

    def time(self, at: Moment) -> str:
        """`2026-01-05T09:30:00+08:00`."""
        day, second = divmod(at, DAY_S)
        minute, second = divmod(second, 60)
        return f"{self.iso(day)}T{minute // 60:02d}:{minute % 60:02d}:{second:02d}{self._offsets[day]}"


Late = Callable[[int], Event]
"""The data of a fact that is known only when its day has come; given the day, it answers them."""


class Agenda:
    """The facts of one customer that are still to come."""

    __slots__ = ("_heap", "_rng", "_seq", "_source", "_subject", "calendar")

    def __init__(self, *, subject: str, source: str, calendar: Calendar, rng: Random) -> None:
        """*source* is the prefix of the CloudEvents source; each fact says which system under it speaks."""
        self._subject, self._source, self.calendar, self._rng = subject, source, calendar, rng
        self._heap: list[tuple[Moment, int, str, str, str, Event | Late]] = []
        self._seq = 0

    def put(self, day: int, kind: str, id_: str, data: Event | Late, system: str = "erp") -> None:
        """Fact `credit.<kind>.v1` happens on *day* at some time of the office hours. *data* may be a Late."""
        self._seq += 1
        at = day * DAY_S + OPENS_S + int(self._rng.random() * OPEN_S)
        heappush(self._heap, (at, self._seq, kind, id_, system, data))

    def before(self, day: int) -> Iterator[tuple[Moment, Event]]:
        """Take out what happens before *day*, in order."""
        heap, end = self._heap, day * DAY_S
        while heap and heap[0][0] < end:
            at, _, kind, id_, system, data = heappop(heap)
            yield (
                at,
                {
                    "specversion": "1.0",
                    "id": f"{self._subject}:{id_}",  # unique for its source, as CloudEvents asks
                    "source": f"{self._source}/{system}",
                    "type": f"credit.{kind}.v1",
                    "subject": self._subject,
                    "time": self.calendar.time(at),
                    "datacontenttype": "application/json",
                    "data": data(at // DAY_S) if callable(data) else data,
                },
            )


def money(minor: int) -> str:
    """Minor units of a currency with two decimals, as the wire wants them."""
    return f"{minor // 100}.{minor % 100:02d}"
