"""What an account keeps of its own decisions: grades as they were told, limits, reservations, holds, answers.

Days are ordinals, 0: none. Amounts are units of 10⁻⁴ of their currency. Instants are microseconds since 1970.
"""

from __future__ import annotations

import msgspec

from shared.core.ledger.documents import NOWHERE, Place

DIMENSIONS = Place._fields
"""What sub-limits may be for, in the order in which they are written."""
ORDER, DELIVERY, ISSUE = CONTROL_POINTS = ("order", "delivery", "issue")
GROUP = "g:"
"""What begins the stream of a group."""
SECOND = 1_000_000
HOUR = 3600 * SECOND


class Grade(msgspec.Struct, array_like=True, gc=False):
    """A grade of purpose `credit` as rating published it. `grade` None: none, and `refusal` says why."""

    day: int
    sequence: str
    """Of the decision in rating's stream: of two of one day the later counts."""
    grade: str | None
    method: str
    event: str
    """Its id, by which a correction names it."""
    refusal: str = ""
    valid_until: int = 0
    restated: str | None = None
    """What it would have been, as a later correction says."""
    is_restated: bool = False


class Limit(msgspec.Struct, array_like=True, gc=False):
    """One limit that was granted."""

    limit_id: str
    kind: str
    amount: int
    currency: str
    granted_on: int
    valid_from: int
    valid_to: int = 0
    share: str = "1"
    place: Place = NOWHERE
    review_on: int = 0
    stop_on: int = 0
    conditions: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""
    approval_id: str = ""
    grade: str | None = None
    ended_on: int = 0
    """The first day on which it held no more."""
    ended_because: str = ""
    seq: int = 0
    """How many were granted before it: of two of one day the later is the newer."""
    formula: tuple[tuple[str, str], ...] = ()

    def holds(self, day: int) -> bool:
        """Whether it counts on *day*."""
        return (
            max(self.valid_from, self.granted_on) <= day
            and (not self.valid_to or day <= self.valid_to)
            and (not self.ended_on or day < self.ended_on)
        )

    @property
    def newness(self) -> tuple[int, int]:
        """The greatest is the newest."""
        return (self.granted_on, self.seq)


class Reservation(msgspec.Struct, array_like=True, gc=False):
    """Headroom kept for one order, until an instant."""

    reservation_id: str
    order_id: str
    amount: int
    currency: str
    made_on: int
    expires_at: int
    base: int = -1
    """What the order was worth in the books when this was made; −1: it was not booked."""
    base_order: str = ""
    """The order whose place it takes, where that is another."""
    place: Place = NOWHERE
    check_id: str = ""
    committed: bool = False
    """Whether the seller confirmed the order."""
    grade: str | None = None
    """The grade when it was given."""
    what: str = ""
    """`advance_funding`, where it is for an advance; empty: for an order."""


class Hold(msgspec.Struct, array_like=True, gc=False):
    """An order that waits: why, and how far it goes beyond the limit."""

    order_id: str
    amount: int
    currency: str
    control_point: str
    reasons: tuple[str, ...]
    held_on: int
    excess: int = 0
    place: Place = NOWHERE
    check_id: str = ""
    replaces: str = ""
    what: str = ""


class Release(msgspec.Struct, array_like=True, gc=False):
    """A held order that people let go, once: it is not checked again while it stays what it was (LT-03.13)."""

    order_id: str
    amount: int
    currency: str
    released_on: int
    valid_until: int
    by: str
    reasons: tuple[str, ...] = ()
    """What was held against it, and so what was let go."""
    note: str = ""
    excess: int = 0
    """How far it went beyond the limit when it was let go."""
    terms: str = ""
    """The terms of payment with which it was held; with others it is another order."""
    place: Place = NOWHERE


class Answer(msgspec.Struct, array_like=True, gc=False):
    """The last answer to the checks of one order, so that the same question is the same act."""

    check_id: str
    order_id: str
    amount: int
    currency: str
    control_point: str
    decision: str
    day: int
    at: int
    steps: tuple[tuple[str, str | None, str | None, str, str, str | None], ...] = ()
    """(step, value, threshold, strength, verdict, reason)"""
    place: Place = NOWHERE
    reservation_id: str = ""
    replaces: str = ""
    terms: str = ""
    """The terms of the order when it was judged; other terms are another question."""
    by: str = ""
    """Who asked."""
    what: str = ""
    deliver_on: int = 0
    """When the order is to be delivered; another day is another question."""


class Published(msgspec.Struct, array_like=True):
    """What others hold to be true of the account."""

    limit: int | None = None
    """The effective limit as last published; None: none was."""
    currency: str = ""
    limit_id: str = ""
    valid_to: int = 0
    is_breached: bool = False
    mark: str = "0"
    """The highest watch mark passed and not cleared, below a breach."""
    suspended_on: int = 0
    """The day since which supply is suspended; 0: it is not."""
    suspended_because: str = ""
    suspended_by: str = ""
    """Who suspended it; empty: the rules did, and they resume it."""
    resumed_on: int = 0
    granted: int = 0
    """How many limits were granted so far: ids count on."""
    checked: int = 0
    """How many checks were answered with something to keep."""
    risen_on: int = 0
    """The day of the last rise of the own limit (LT-06.02)."""
    adjusted_on: int = 0
    """The day of the last fall of the own limit by the rules."""
    proposed: str = ""
    """For which grade, of which day, a rise was proposed last."""
    places: dict[str, tuple[Place, int, str]] = {}
    """Sub-limit, by its place in one word → (place, amount, currency) as last published. Never changed, but replaced."""
    duties: tuple[str, ...] = ()
    """What staff were told to do, by rule and due date; the newest are last."""


class Excepted(msgspec.Struct, array_like=True, gc=False):
    """A rule that people let not hold, by its code, from one day to another. *terms*: what is allowed instead."""

    excepts: str
    since: int
    until: int
    terms: str = ""
    by: str = ""


class Membership(msgspec.Struct, array_like=True, gc=False):
    """From which day to which a customer belongs to a group, and why. *until*: the first day on which it does not; 0: none."""

    since: int
    reason: str
    by: str = ""
    until: int = 0

    def holds(self, day: int) -> bool:
        """Whether it counts on *day*."""
        return self.since <= day and (not self.until or day < self.until)


class Declared(msgspec.Struct, array_like=True):
    """What is declared of a group. Kept by its own account alone."""

    name: str = ""
    currency: str = ""
    lead: str = ""
    since: int = 0
    """The day of the first declaration; 0: there is no such group."""
    ended_on: int = 0
    members: dict[str, Membership] = msgspec.field(default_factory=dict)
    told: tuple[str, ...] = ()
    """The members as last published."""
    told_lead: str = ""

    def on(self, day: int) -> tuple[str, ...]:
        """Who belongs to it on *day*, in one order."""
        return tuple(sorted(name for name, one in self.members.items() if one.holds(day)))


def is_group(stream: str) -> bool:
    """Whether *stream* is that of a group."""
    return stream.startswith(GROUP)


def placed(labels: dict[str, str]) -> Place:
    """*labels* as a place; dimensions that we do not know say nothing."""
    return Place(**{name: labels[name] for name in DIMENSIONS if labels.get(name)}) if labels else NOWHERE


def told(place: Place) -> dict[str, str]:
    """*place* as labels: only what is told."""
    return {name: value for name, value in zip(DIMENSIONS, place, strict=True) if value}


def called(place: Place) -> str:
    """*place* in one word: `segment=dealer`."""
    return ",".join(f"{name}={value}" for name, value in zip(DIMENSIONS, place, strict=True) if value)


def within(place: Place, inside: Place) -> bool:
    """Whether what is at *place* is inside *inside*: it has all of what that asks for."""
    if inside in (place, NOWHERE):
        return True
    return all(not asked or asked == held for held, asked in zip(place, inside, strict=True))
