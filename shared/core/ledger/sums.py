"""The sums that a position is made of: by day, of open items, of late portions, by name. Each adds and takes away.

Everything is a plain sum of integers (units, days, counts), so a fact can be added or taken away in any order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from shared.core.ledger.days import FAR, month_index, window_start

_KEPT_WORSTS = 8
"""As many as rules ask for on one day; those of other days go when there are more."""


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

    def first_due(self) -> int:
        """The earliest due date of an open item; 0 where nothing is open that has one."""
        dues = self.dues
        if not dues:
            return 0
        return dues[0] or (dues[1] if len(dues) > 1 else 0)

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
    """Portions settled late, by month of settlement, each month sorted by how late: (days late, day settled, item amount).

    A portion may be taken away before it is added: a count below 1 is kept until it is made good, and not looked at.
    """

    __slots__ = ("counts", "days", "keys", "months", "windows", "worsts")

    def __init__(self) -> None:
        """Nothing was late."""
        self.worsts: dict[tuple[int, str, int], int] = {}
        """What `worst` found since anything last changed."""
        self.months: dict[int, list[tuple[int, int, int]]] = {}
        self.counts: dict[tuple[int, int, int], int] = {}
        self.days: dict[int, int] = {}
        """Day of settlement → how many different portions it has."""
        self.keys: list[int] = []
        """Those days, in order."""
        self.windows: set[str] = set()
        """The windows that are asked for."""

    def add(self, day: int, part: tuple[int, int, int], sign: int) -> None:
        """Add *sign* × *part* settled on *day*: *part* is (days late, item amount, how many)."""
        portion = (part[0], day, part[1])
        self.worsts.clear()
        was = self.counts.get(portion, 0)
        now = was + sign * part[2]
        if now:
            self.counts[portion] = now
            if not was:
                self._come(portion, day)
        elif was:
            del self.counts[portion]
            self._go(portion, day)

    def _come(self, portion: tuple[int, int, int], day: int) -> None:
        insort(self.months.setdefault(month_index(day), []), portion)
        held = self.days.get(day, 0)
        self.days[day] = held + 1
        if not held:
            insort(self.keys, day)

    def _go(self, portion: tuple[int, int, int], day: int) -> None:
        month = month_index(day)
        portions = self.months[month]
        del portions[bisect_left(portions, portion)]
        if not portions:
            del self.months[month]
        self.days[day] -= 1
        if not self.days[day]:
            del self.days[day]
            del self.keys[bisect_left(self.keys, day)]

    def worst(self, day: int, window: str, least: int) -> int:
        """The most days late among portions settled in *window* ending on *day*, of items of at least *least*; 0: none."""
        self.windows.add(window)
        if not self.months:
            return 0
        asked = (day, window, least)
        worst = self.worsts.get(asked)
        if worst is None:
            if len(self.worsts) > _KEPT_WORSTS:
                self.worsts.clear()
            worst = self.worsts[asked] = self._worst(day, window, least)
        return worst

    def _worst(self, day: int, window: str, least: int) -> int:
        worst, low = 0, window_start(day, window)
        first, last = month_index(max(low, 1)), month_index(day)
        for month, portions in self.months.items():
            if first <= month <= last and portions[-1][0] > worst:
                for portion in reversed(portions):
                    late, on, amount = portion
                    if late <= worst:
                        break
                    if amount >= least and low < on <= day and self.counts[portion] > 0:
                        worst = late
                        break
        return worst

    def next_change(self, day: int) -> int:
        """Days from *day* until a portion leaves a window that is asked for; FAR where none will. Up to four days early."""
        least = FAR
        for window in self.windows if self.keys else ():
            low = window_start(day, window)
            at = bisect_right(self.keys, low)
            if at < len(self.keys):
                least = min(least, self.keys[at] - low)
        return least


class Scalars:
    """Plain sums by name, such as cash on no document."""

    __slots__ = ("sums",)

    def __init__(self) -> None:
        """All are 0."""
        self.sums: dict[str, int] = {}

    def add(self, name: str, amount: int, sign: int) -> None:
        """Add *sign* × *amount* to *name*."""
        self.sums[name] = self.sums.get(name, 0) + sign * amount
