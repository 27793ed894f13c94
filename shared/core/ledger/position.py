"""Where one customer stands on one day, in one currency: sums that facts add to and take from.

Every number here is a plain sum of integers (units, days, counts), so a fact can be added or taken away in any
order, and a position can be moved a day forward or back. That is why arrival order never matters and why a late fact
costs the days it reaches back, not the history.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.core.ledger.goods import Goods
from shared.core.ledger.sums import Flow, LateList, OpenItems, Scalars


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
AGE, BOOKED, COLLECTED, CASHED, CLAIMS, TRADES, OTHERS, CREDITED, DISPUTED, SCALAR = range(10)
GOODS, BALANCE = 10, 11
DUE, PAID, OPEN, LATE = 100, 200, 300, 400
"""Plus the index of the lens."""

EARLY_DAYS = 5
"""Paid so many days before it is due, without a cash discount, counts as early (RM-22.08)."""

Posting = tuple[int, int, Any, Any]
"""(effect day, family, day or name, sum or sums in lanes); an open item is (units, item), a late portion (days, item
units, how many); of goods the key is (day, which)."""


def apart(gone: list[Posting], come: list[Posting]) -> tuple[list[Posting], list[Posting]]:
    """*gone* and *come* without what is in both, as often as it is there: two reversals of one day post the same."""
    counts: dict[Posting, int] = {}
    for posting in gone:
        counts[posting] = counts.get(posting, 0) + 1
    added: list[Posting] = []
    for posting in come:
        if counts.get(posting):
            counts[posting] -= 1
        else:
            added.append(posting)
    taken: list[Posting] = []
    for posting in gone:
        if counts[posting]:
            counts[posting] -= 1
            taken.append(posting)
    return taken, added


class Position:
    """All sums of one customer in one currency on one day, each made when something is first posted to it or read."""

    __slots__ = ("balance", "flows", "goods", "lates", "opens", "scalars", "sums")

    def __init__(self, lenses: int) -> None:
        """Nothing known, seen through so many *lenses* (the raw one included)."""
        self.flows: dict[int, Flow] = {}
        self.opens = [OpenItems() for _ in range(lenses)]
        self.lates = [LateList() for _ in range(lenses)]
        self.scalars = Scalars()
        self.sums: dict[int, Any] = {SCALAR: self.scalars}
        """Family → what takes its postings."""
        self.balance = self.flow(BALANCE)
        """What became open less what was settled, by the day on which it did: how the balance came to be what it is."""
        self.goods = self.sums[GOODS] = Goods(self.flows)
        self.sums |= {OPEN + i: opened for i, opened in enumerate(self.opens)}
        self.sums |= {LATE + i: late for i, late in enumerate(self.lates)}

    @property
    def holds(self) -> bool:
        """Whether anything is, or ever was, in this currency by now."""
        booked, collected = self.flows.get(BOOKED), self.flows.get(COLLECTED)
        return bool(
            self.balance.days
            or (booked is not None and booked.days)
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
        day, family, key, numbers = posting
        (self.sums.get(family) or self.flow(family)).add(key, numbers, sign)
        if family == AGE:
            self.balance.add(day, numbers, sign)
