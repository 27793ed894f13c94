"""What a step of a credit check looks at, and what it may say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from services.exposure.core.figures import Figures
from services.exposure.core.holding import ADVANCE
from services.exposure.core.limits import Effective
from services.exposure.core.records import ORDER
from services.exposure.core.rulebook import StepRule, Terms
from shared.core.ledger.documents import NOWHERE, Place


@dataclass(eq=False)
class Wanted:
    """An order that is judged, in the currency of the account: what several steps ask for is found once."""

    figures: Figures
    orders: frozenset[str]
    """Its id, and that of the order whose place it takes."""
    amount: int
    """Of the order as a whole."""
    control_point: str
    place: Place
    paid: int
    """What was paid for it beforehand."""
    what: str = ""
    """`advance_funding` for an advance; empty: an order."""
    deliver_on: int = 0
    """The day on which it is to be delivered; 0: not told."""
    _exposed: dict[Place, int] = field(default_factory=dict, init=False)

    @cached_property
    def grade(self) -> str | None:
        """The grade that holds."""
        held = self.figures.account.grade_on(self.figures.day)
        return held.grade if held else None

    @cached_property
    def terms(self) -> Terms | None:
        """What the grade allows."""
        return self.figures.moment.rules.limits.of(self.grade)

    def adds(self, place: Place = NOWHERE) -> int:
        """What the order comes to be in exposure, less what was paid for it; what was delivered of it counts elsewhere.

        At delivery and issue an order that is booked or reserved is worth what it is there: goods only move from one
        category to another.
        """
        worth = max(0, self.amount - self.paid)
        if self.control_point == ORDER:
            return max(0, worth - self.delivered())
        held = self.figures.own(self.orders, place)
        return max(held + sum(self.kept(one) for one in self.orders), worth)

    def kept(self, order: str) -> int:
        """What is reserved for *order*."""
        one = self.figures.account.reservations.get(order)
        return self.figures.in_currency(self.figures.counted(one), one.currency) if one is not None else 0

    def delivered(self) -> int:
        """What was delivered or invoiced of the order already: it is in exposure under documents of its own."""
        figures = self.figures
        return sum(figures.delivered(one) for one in self.orders)

    def exposed(self, place: Place = NOWHERE) -> int:
        """Exposure and reservations of *place* once the order is let go, its own earlier ones counted once."""
        found = self._exposed.get(place)
        if found is None:
            found = self._exposed[place] = self._expose(place)
        return found

    def _expose(self, place: Place) -> int:
        figures = self.figures
        rest = figures.exposure(place) - figures.own(self.orders, place)
        adds = self.adds(place)
        if self.what == ADVANCE and place == NOWHERE:  # within its grant it counts against that
            adds -= min(adds, max(0, figures.advance_grant - figures.advanced))
        return max(0, rest) + figures.reserved(place, self.orders) + adds + self.meanwhile(place)

    def meanwhile(self, place: Place) -> int:
        """Open orders of *place* beyond today's credit horizon that are within that of the delivery: they compete with it."""
        figures = self.figures
        if self.deliver_on <= figures.day:
            return 0
        return figures.later(self.deliver_on + figures.moment.counting.horizon_days, place, self.orders)


class Seen(NamedTuple):
    """What a step saw."""

    value: str | None
    threshold: str | None
    reason: str | None = None
    """Why it fails; None: it passes."""
    only_warns: bool = False
    at: str = ""
    """Of steps that look at several places: which."""


Look = Callable[[Wanted, StepRule], list[Seen]]


class Kind(NamedTuple):
    """A step as the rules may name it."""

    look: Look
    numbers: tuple[str, ...] = ()
    """The numbers that it needs."""


PASSED = Seen(None, None)


def beyond(exposed: int, limit: Effective, reason: str) -> str | None:
    """No limit is no credit: nothing is divided by it, and an order of nothing is within it."""
    if exposed <= limit.amount:
        return None
    return reason if limit.exists else "NO_LIMIT"
