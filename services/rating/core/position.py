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
"""(effect day, family, day or name, numbers); an open item is (units, item), a late portion (days, item units, ±1)."""


class Flow:
    """Numbers by day, with running sums of the windows that are asked for."""

    __slots__ = ("days", "keys", "months", "revision", "windows")

    def __init__(self) -> None:
        """Nothing on any day."""
        self.days: dict[int, list[int]] = {}
        self.keys: list[int] = []
        """The days that hold anything, in order."""
        self.windows: dict[str, list[int]] = {}
        self.months: dict[int, int] | None = None
        self.revision = 0
        """Grows with every change."""

    def add(self, day: int, numbers: tuple[int, ...], sign: int) -> None:
        """Add *sign* × *numbers* on *day*."""
        self.revision += 1
        bucket = self.days.get(day)
        if bucket is None:
            self.days[day] = [sign * n for n in numbers]
            insort(self.keys, day)
        else:
            left = 0
            for i, n in enumerate(numbers):
                bucket[i] += sign * n
                left |= bucket[i]
            if not left:
                del self.days[day]
                del self.keys[bisect_left(self.keys, day)]
        if self.months is not None:
            month = month_index(day)
            self.months[month] = self.months.get(month, 0) + sign * numbers[0]
        for running in self.windows.values():
            if running[0] < day <= running[1]:
                for i, n in enumerate(numbers, 2):
                    running[i] += sign * n

    def month(self, index: int) -> int:
        """The first number summed over calendar month *index*."""
        if self.months is None:
            self.months = {}
            for day, numbers in self.days.items():
                month = month_index(day)
                self.months[month] = self.months.get(month, 0) + numbers[0]
        return self.months.get(index, 0)

    def window(self, day: int, window: str, width: int, slot: str = "") -> list[int]:
        """`[start, day, sums…]` of *window* ending on *day*. Costs the days it moved since it was last asked.

        *slot* tells apart running sums of the same window that end on different days.
        """
        name = window + slot if slot else window
        running = self.windows.get(name)
        if running is not None and running[1] == day:
            return running
        low = window_start(day, window)
        days = self.days
        if running is None or low < running[0] or day < running[1] or day - running[1] > len(days):
            running = [low, day] + [0] * width
            for on, numbers in days.items():
                if low < on <= day:
                    for i, n in enumerate(numbers, 2):
                        running[i] += n
            self.windows[name] = running
            return running
        for start, stop, sign in ((running[0], min(low, running[1]), -1), (max(running[1], low), day, 1)):
            for on in range(start + 1, stop + 1):
                if on in days:
                    for i, n in enumerate(days[on], 2):
                        running[i] += sign * n
        running[0], running[1] = low, day
        return running

    def first(self) -> int | None:
        """The earliest day that holds anything."""
        return self.keys[0] if self.keys else None

    def next_change(self, day: int) -> int:
        """Days from *day* until a sum by day enters or leaves a window that is asked for; FAR where none will.

        A month window can jump three days at the end of February, so the answer is up to four days early, never late.
        """
        keys, least = self.keys, FAR
        for running in self.windows.values():
            for edge in (running[0], running[1]):
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

    def add(self, due: int, item: str, amount: int) -> None:
        """Add *amount* to *item* at *due*."""
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

    def add(self, day: int, numbers: tuple[int, ...], sign: int) -> None:
        """Add or take away one portion settled on *day*: *numbers* is (days late, item amount, 1 or −1)."""
        month = month_index(day)
        portion = (numbers[0], day, numbers[1])
        if sign * numbers[2] > 0:
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


class Position:
    """All sums of one customer in one currency on one day."""

    __slots__ = ("flows", "lates", "opens", "scalars")

    def __init__(self, lenses: int) -> None:
        """Nothing known, seen through so many *lenses* (the raw one included)."""
        self.flows: dict[int, Flow] = {family: Flow() for family in (AGE, BOOKED, COLLECTED, CASHED, CLAIMS)}
        for i in range(lenses):
            self.flows[DUE + i] = Flow()
            self.flows[PAID + i] = Flow()
        self.opens = [OpenItems() for _ in range(lenses)]
        self.lates = [LateList() for _ in range(lenses)]
        self.scalars: dict[str, int] = {}

    @property
    def holds(self) -> bool:
        """Whether anything is, or ever was, in this currency by now."""
        flows = self.flows
        return bool(flows[BOOKED].days or flows[COLLECTED].days or any(self.scalars.values()))

    def post(self, posting: Posting, sign: int) -> None:
        """Add (*sign* 1) or take away (−1) one posting."""
        _, family, key, numbers = posting
        if family >= LATE:
            self.lates[family - LATE].add(key, numbers, sign)
        elif family >= OPEN:
            self.opens[family - OPEN].add(key, numbers[1], sign * numbers[0])
        elif family == SCALAR:
            self.scalars[key] = self.scalars.get(key, 0) + sign * numbers[0]
        else:
            self.flows[family].add(key, numbers, sign)
