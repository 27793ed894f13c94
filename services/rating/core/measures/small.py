"""Items too small to matter in grading (G-06), told apart where sums by day do not tell them: among what is late."""

from __future__ import annotations

from collections.abc import Iterator

from services.rating.core.days import month_index, window_start
from services.rating.core.sums import LateList, OpenItems

MATERIAL = 1000 * 10**4
"""1,000 CNY in units (G-06, assumed)."""

Exempt = tuple[tuple[int, int, int], ...]
"""(due day, units, items)."""


def not_late(opened: OpenItems, day: int, grace: int, least: int) -> Iterator[tuple[int, int, int]]:
    """(due day, units, items) of what is past due on *day*, but by no more than *grace* days or in items below *least*."""
    for due in opened.dues:
        late = day - due
        if late <= 0:
            break
        if not due:
            continue
        items = opened.items[due].values()
        if late <= grace:
            yield due, opened.totals[due], len(items)
        elif least and min(items) < least:
            small = [units for units in items if units < least]
            yield due, sum(small), len(small)


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
