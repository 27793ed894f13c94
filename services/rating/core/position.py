"""Where one customer stands on one day, in one currency: sums that facts add to and take from.

Every number here is a plain sum of integers (units, days, counts), so a fact can be added or taken away in any
order, and a position can be moved a day forward or back. That is why arrival order never matters and why a late fact
costs the days it reaches back, not the history.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import Any, NamedTuple

from services.rating.core.days import month_index, window_start


class Lens(NamedTuple):
    """How lateness is read: raw by default, as the shipped policies say for grading (G-06 to G-09)."""

    exclude_disputed: int = 0
    """Items in dispute are left out for at most this many days; 0: they count."""
    due_roll: bool = False
    """A due date on a rest day counts as the next working day."""
    grace_days: int = 0
    """So many days late is still on time."""


RAW = Lens()

# Families of sums. A posting is (effect day, family, key, numbers).
AGE, BOOKED, COLLECTED, CASHED, CLAIMS, SCALAR = 0, 1, 2, 3, 4, 9
DUE, PAID, OPEN, LATE = 100, 200, 300, 400
"""Plus the index of the lens."""

EARLY_DAYS = 5
"""Paid so many days before it is due, without a cash discount, counts as early (RM-22.08)."""

FAR = 4_000_000
"""Later than any day: the year 10951."""

Posting = tuple[int, int, Any, Any]
"""(effect day, family, day or name, sum or sums in lanes); an open item is (units, item), a late portion (days, item
units, ±1)."""


class Window:
    """The running sum of one window: days after `low`, up to `day`."""

    __slots__ = ("day", "low", "total")

    def __init__(self, low: int, day: int, total: int) -> None:
        """Hold *total* for (*low*, *day*]."""
        self.low, self.day, self.total = low, day, total


class Flow:
    """Sums by day, in lanes where there are several, with running sums of the windows that are asked for."""

    __slots__ = ("days", "keys", "months", "windows")

    def __init__(self) -> None:
        """Nothing on any day."""
        self.days: dict[int, int] = {}
        self.keys: list[int] = []
        """The days that hold anything, in order."""
        self.windows: dict[str, Window] = {}
        self.months: dict[int, int] | None = None

    def add(self, day: int, sums: int, sign: int) -> None:
        """Add *sign* × *sums* on *day*."""
        if sign < 0:
            sums = -sums
        days = self.days
        held = days.get(day)
        if held is None:
            days[day] = sums
            insort(self.keys, day)
        elif held + sums:
            days[day] = held + sums
        else:
            del days[day]
            del self.keys[bisect_left(self.keys, day)]
        if self.months is not None:
            month = month_index(day)
            self.months[month] = self.months.get(month, 0) + sums
        for window in self.windows.values():
            if window.low < day <= window.day:
                window.total += sums

    def month(self, index: int) -> int:
        """The sum over calendar month *index*."""
        if self.months is None:
            self.months = {}
            for day, sums in self.days.items():
                month = month_index(day)
                self.months[month] = self.months.get(month, 0) + sums
        return self.months.get(index, 0)

    def window(self, day: int, window: str, slot: str = "") -> int:
        """The sum over *window* ending on *day*. Costs the days it moved since it was last asked.

        *slot* tells apart running sums of the same window that end on different days.
        """
        name = window + slot if slot else window
        running = self.windows.get(name)
        if running is not None and running.day == day:
            return running.total
        low, days = window_start(day, window), self.days
        if running is None or low < running.low or day < running.day or day - running.day > len(days):
            total = sum([sums for on, sums in days.items() if low < on <= day])
            self.windows[name] = Window(low, day, total)
            return total
        for on in range(running.low + 1, min(low, running.day) + 1):
            running.total -= days.get(on, 0)
        for on in range(max(running.day, low) + 1, day + 1):
            running.total += days.get(on, 0)
        running.low, running.day = low, day
        return running.total

    def first(self) -> int:
        """The earliest day that holds anything; 0 where none does."""
        return self.keys[0] if self.keys else 0

    def next_change(self, day: int) -> int:
        """Days from *day* until a sum by day enters or leaves a window that is asked for; FAR where none will.

        A month window can jump three days at the end of February, so the answer is up to four days early, never late.
        """
        keys, least = self.keys, FAR
        for running in self.windows.values():
            for edge in (running.low, running.day):
                at = bisect_right(keys, edge)
                if at < len(keys):
                    least = min(least, keys[at] - edge)
        return least


class OpenItems:
    """What is open, by due date and item. The due date 0 means: none yet, so never overdue."""

    __slots__ = ("dues", "items", "scanned", "total", "totals")

    def __init__(self) -> None:
        """Nothing is open."""
        self.items: dict[int, dict[str, int]] = {}
        self.totals: dict[int, int] = {}
        self.dues: list[int] = []
        self.total = 0
        self.scanned: tuple[tuple[int, int], tuple[int, ...]] | None = None

    def add(self, due: int, part: tuple[int, str], sign: int) -> None:
        """Add *sign* × the units of *part*, which is (units, item), at *due*."""
        amount, item = sign * part[0], part[1]
        self.scanned = None
        self.total += amount
        held = self.items.get(due)
        if held is None:
            self.items[due] = {item: amount}
            self.totals[due] = amount
            insort(self.dues, due)
            return
        left = held.get(item, 0) + amount
        if left:
            held[item] = left
        else:
            held.pop(item, None)
        if held:
            self.totals[due] += amount
        else:
            del self.items[due], self.totals[due]
            del self.dues[bisect_left(self.dues, due)]

    def scan(self, day: int, grace: int) -> tuple[int, ...]:
        """(overdue, 1–30, 31–60, 61–90, over 90, Σ amount × days past due) on *day*; days within *grace* are not late."""
        if self.scanned is not None and self.scanned[0] == (day, grace):
            return self.scanned[1]
        overdue = first = second = third = weighted = 0
        for due in self.dues:
            late = day - due
            if late <= 0:
                break
            if not due:
                continue
            amount = self.totals[due]
            overdue += amount
            if late > grace:
                weighted += amount * late
            if late <= 30:
                first += amount
            elif late <= 60:
                second += amount
            elif late <= 90:
                third += amount
        result = (overdue, first, second, third, overdue - first - second - third, weighted)
        self.scanned = ((day, grace), result)
        return result

    def oldest(self, day: int, least: int, grace: int = 0) -> int:
        """Days past due on *day* of the oldest overdue item of at least *least* units; 0 where there is none."""
        for due in self.dues:
            if due:
                late = day - due
                if late <= grace:
                    return 0
                if not least or max(self.items[due].values()) >= least:
                    return late
        return 0

    def since(self, low: int, day: int) -> int:
        """What is overdue on *day* and fell due after *low*."""
        total = self.scan(day, 0)[0]
        for due in self.dues:
            if due > low:
                break
            if due:
                total -= self.totals[due]
        return total


class LateList:
    """Portions settled late, by month of settlement, each sorted by how late: (days late, day settled, item amount)."""

    __slots__ = ("months",)

    def __init__(self) -> None:
        """Nothing was late."""
        self.months: dict[int, list[tuple[int, int, int]]] = {}

    def add(self, day: int, part: tuple[int, int, int], sign: int) -> None:
        """Add or take away one portion settled on *day*: *part* is (days late, item amount, 1 or −1)."""
        month = month_index(day)
        portion = (part[0], day, part[1])
        if sign * part[2] > 0:
            insort(self.months.setdefault(month, []), portion)
            return
        portions = self.months[month]
        del portions[bisect_left(portions, portion)]
        if not portions:
            del self.months[month]

    def worst(self, low: int, high: int, least: int) -> int:
        """The most days late among portions settled in (*low*, *high*] of items of at least *least*; 0: none."""
        worst = 0
        if not self.months:
            return 0
        first, last = month_index(max(low, 1)), month_index(high)
        for month, portions in self.months.items():
            if first <= month <= last and portions[-1][0] > worst:
                for late, day, amount in reversed(portions):
                    if late <= worst:
                        break
                    if amount >= least and low < day <= high:
                        worst = late
                        break
        return worst


class Scalars:
    """Plain sums by name, such as cash on no document."""

    __slots__ = ("sums",)

    def __init__(self) -> None:
        """All are 0."""
        self.sums: dict[str, int] = {}

    def add(self, name: str, amount: int, sign: int) -> None:
        """Add *sign* × *amount* to *name*."""
        self.sums[name] = self.sums.get(name, 0) + sign * amount


class Position:
    """All sums of one customer in one currency on one day, each made when something is first posted to it or read."""

    __slots__ = ("flows", "lates", "opens", "scalars", "sums")

    def __init__(self, lenses: int) -> None:
        """Nothing known, seen through so many *lenses* (the raw one included)."""
        self.flows: dict[int, Flow] = {}
        self.opens = [OpenItems() for _ in range(lenses)]
        self.lates = [LateList() for _ in range(lenses)]
        self.scalars = Scalars()
        self.sums: dict[int, Any] = {SCALAR: self.scalars}
        """Family → what takes its postings."""
        self.sums |= {OPEN + i: opened for i, opened in enumerate(self.opens)}
        self.sums |= {LATE + i: late for i, late in enumerate(self.lates)}

    @property
    def holds(self) -> bool:
        """Whether anything is, or ever was, in this currency by now."""
        booked, collected = self.flows.get(BOOKED), self.flows.get(COLLECTED)
        return bool(
            (booked is not None and booked.days)
            or (collected is not None and collected.days)
            or any(self.scalars.sums.values())
        )

    def flow(self, family: int) -> Flow:
        """The sums by day of *family*."""
        held = self.flows.get(family)
        if held is None:
            held = self.flows[family] = self.sums[family] = Flow()
        return held

    def post(self, posting: Posting, sign: int) -> None:
        """Add (*sign* 1) or take away (−1) one posting."""
        _, family, key, numbers = posting
        (self.sums.get(family) or self.flow(family)).add(key, numbers, sign)
