"""What every customer of a partition is measured with: exchange rates, lists, budgets. Dated, so that yesterday is read with
yesterday's."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from decimal import Decimal
from typing import Any

from shared.core.envelope import Event
from shared.core.events.calendar import ReferencePublished
from shared.core.ledger.days import FAR


class References:
    """Series by name, each value by its date."""

    def __init__(self) -> None:
        """Nothing published yet."""
        self.dates: list[int] = []
        """The `as_of` of every publication, in the order they came in."""
        self.days: list[int] = []
        """Those dates in order, each once."""
        self.series: dict[str, dict[str, list[tuple[tuple[int, Any, str, str], Any]]]] = {}
        """Series → name → its values, by (day, time, source, id) of the publication."""
        self.published: dict[str, list[int]] = {}
        """Series → the days of its publications, in order."""

    def refer(self, event: Event) -> None:
        """Keep one published series."""
        data = event.data
        if isinstance(data, ReferencePublished):
            day = data.as_of.toordinal()
            self.dates.append(day)
            at = bisect_left(self.days, day)
            if at == len(self.days) or self.days[at] != day:
                self.days.insert(at, day)
            insort(self.published.setdefault(data.series, []), day)
            order, names = (day, event.time, event.source, event.id), self.series.setdefault(data.series, {})
            for name, value in data.values.items():
                insort(names.setdefault(name, []), (order, value), key=lambda kept: kept[0])

    def earliest_since(self, count: int) -> int:
        """The earliest day that publications after the first *count* speak of; FAR where there are none."""
        return min(self.dates[count:], default=FAR)

    def next_date(self, day: int) -> int:
        """The next day after *day* that a publication speaks of; FAR where there is none."""
        at = bisect_right(self.days, day)
        return self.days[at] if at < len(self.days) else FAR

    def value(self, series: str, name: str, day: int) -> Any:
        """The latest value of *name* in *series* on or before *day*; None where there is none."""
        values = self.series.get(series, {}).get(name)
        at = bisect_right(values, day, key=lambda kept: kept[0][0]) if values else 0
        return values[at - 1][1] if values and at else None

    def told_on(self, series: str, name: str, day: int) -> int:
        """The day of the publication that `value` reads; 0 where there is none."""
        values = self.series.get(series, {}).get(name)
        at = bisect_right(values, day, key=lambda kept: kept[0][0]) if values else 0
        return values[at - 1][0][0] if values and at else 0

    def newest(self, day: int) -> dict[str, int]:
        """Series → the day of its newest publication on or before *day*."""
        found = {series: bisect_right(days, day) for series, days in self.published.items()}
        return {series: self.published[series][at - 1] for series, at in sorted(found.items()) if at}

    def rate(self, code: str, into: str, day: int) -> Decimal | None:
        """What one *code* is worth in *into*; None where a rate is missing, never 1.

        Series `exchange_rate`: the worth of one unit of each currency in one common currency, which is itself 1.
        """
        if code == into:
            return Decimal(1)
        ours, theirs = self.value("exchange_rate", code, day), self.value("exchange_rate", into, day)
        if ours is None or theirs is None or Decimal(theirs) <= 0 or Decimal(ours) <= 0:
            return None
        return Decimal(ours) / Decimal(theirs)

    def rate_age(self, code: str, into: str, day: int) -> int:
        """How many days before *day* the older of the two figures was published that `rate` reads; 0 where there is no rate.

        The common currency is 1 for ever, whenever that was said.
        """
        ages = [0]
        for one in {code, into} if code != into else ():
            on = self.told_on("exchange_rate", one, day)
            if on and Decimal(self.value("exchange_rate", one, day)) != 1:
                ages.append(day - on)
        return max(ages)

    def from_cny(self, units: int, code: str, day: int) -> int | None:
        """*units* of CNY in units of *code*, cut to whole ones; None where no rate is known."""
        if code == "CNY":
            return units
        rate = self.rate("CNY", code, day)
        return None if rate is None else int(rate * units)
