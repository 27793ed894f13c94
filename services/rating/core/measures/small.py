"""Items too small to matter in grading (G-06), told apart where sums by day do not tell them: among what is late."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from shared.core.ledger.days import month_index, window_start
from shared.core.ledger.sums import LateList, OpenItems

MATERIAL = 1000 * 10**4
"""1,000 CNY in units (G-06, assumed)."""


class Exempt:
    """What is past due on a day, but by no more than *grace* days, or in items below *least*: it does not count as late."""

    __slots__ = ("_after", "_low", "least", "parts", "scanned", "units", "weighted")

    def __init__(self, opened: OpenItems, day: int, grace: int, least: int) -> None:
        """Look through *opened* as it was last scanned."""
        self.scanned, self.least = opened.scanned, least
        dues, items = opened.dues, opened.items
        first, last = bisect_right(dues, 0), bisect_left(dues, day)  # 0: without a due date
        late = bisect_left(dues, day - grace, first, last) if grace else last
        self.parts = [(due, units, 1) for due in dues[first:late] for units in items[due].values() if units < least]
        self.units = sum([units for _, units, _ in self.parts])
        self.weighted = sum([units * (day - due) for due, units, _ in self.parts])
        """Σ units × days past due, of those that are more than *grace* days past due."""
        within = [(due, opened.totals[due], len(items[due])) for due in dues[late:last]]
        self.units += sum([units for _, units, _ in within])
        self.parts += within
        self._low, self._after = -1, (0, 0)

    def after(self, low: int) -> tuple[int, int]:
        """(units, items) of what fell due after *low*."""
        if self._low != low:
            found = [(units, items) for due, units, items in self.parts if due > low]
            self._low, self._after = low, (sum([units for units, _ in found]), sum([items for _, items in found]))
        return self._after


def late_in(lates: LateList, day: int, window: str, least: int) -> bool:
    """Whether anything of at least *least* was settled late in *window* ending on *day*.

    Costs less than the worst of it: what came in last is looked at first, and the first that is found is enough.
    """
    lates.windows.add(window)
    low = window_start(day, window)
    first = month_index(low) if low > 0 else 0
    for month in reversed(lates.months):
        if month >= first:
            for portion in lates.months[month]:
                if portion[2] >= least and low < portion[1] <= day and lates.counts[portion] > 0:
                    return True
    return False
