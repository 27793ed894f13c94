"""Reference facts of a partition: exchange rates, industry list. Dated, so that yesterday is read with yesterday's."""

from __future__ import annotations

from bisect import insort
from decimal import Decimal
from typing import Any

from services.rating.core.days import FAR
from shared.core.envelope import Event
from shared.core.events.calendar import ReferencePublished


class Context:
    """Series by name, each value by its date."""

    def __init__(self) -> None:
        """Nothing published yet."""
        self.dates: list[int] = []
        """The `as_of` of every publication, in the order they came in."""
        self.series: dict[str, list[tuple[int, Any, str, str, dict[str, Any]]]] = {}

    def refer(self, event: Event) -> None:
        """Keep one published series."""
        data = event.data
        if isinstance(data, ReferencePublished):
            self.dates.append(data.as_of.toordinal())
            entry = (data.as_of.toordinal(), event.time, event.source, event.id, dict(data.values))
            insort(self.series.setdefault(data.series, []), entry, key=lambda kept: kept[:4])

    def earliest_since(self, count: int) -> int:
        """The earliest day that publications after the first *count* speak of; FAR where there are none."""
        return min(self.dates[count:], default=FAR)

    def next_date(self, day: int) -> int:
        """The next day after *day* that a publication speaks of; FAR where there is none."""
        return min((on for on in self.dates if on > day), default=FAR)

    def value(self, series: str, name: str, day: int) -> Any:
        """The latest value of *name* in *series* on or before *day*; None where there is none."""
        found = None
        for on, _, _, _, values in self.series.get(series, ()):
            if on > day:
                break
            found = values.get(name, found)
        return found

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

    def from_cny(self, units: int, code: str, day: int) -> int | None:
        """*units* of CNY in units of *code*, cut to whole ones; None where no rate is known."""
        if code == "CNY":
            return units
        rate = self.rate("CNY", code, day)
        return None if rate is None else int(rate * units)
