"""Who approves what, in which order and by when, as data (AP-01 to AP-16). Dated: a request keeps the chain it began with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from shared.core.events.approval import Committee as Kept
from shared.core.events.approval import Sittings, Weekday

Rests = Callable[[int], bool]
"""Whether the day (ordinal) is no working day."""


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles, or committees, that must grant one kind of request, or what a method names it for, one after the other."""

    by: tuple[str, ...]
    reference: str = ""
    assumed: bool = False


PERSON = "person:"
"""What begins the seat of a committee that is one person's, not one of whoever holds a role."""


class Sits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """When a committee sits, and whose turn it is (AP-07, RO-14)."""

    days: tuple[Weekday, ...]
    """Of these it sits on working days."""
    notice: int
    """A matter is on the agenda of the first sitting that is so many working days off."""
    start: str = ""
    """The hour at which it begins, for who reads it."""
    rota: dict[str, tuple[str, ...]] = {}
    """Name → the seats besides `members`; odd calendar weeks are the first one's, even weeks the second's, and so on."""

    @property
    def kept(self) -> Sittings:
        """As a request keeps it."""
        turns = tuple(self.rota.values())
        return Sittings(days=self.days, notice=self.notice, start=self.start or None, rota=turns)


class Committee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """N of M who take a step together: the credit department present, votes given with their reasons (AP-07).

    With *joint* it is no committee that votes but posts that all sign, in any order, also for customers of their own (AP-01).
    """

    members: tuple[str, ...]
    """The seats: a role, or `person:NAME`. A role that is named twice has two seats."""
    grant: int = 0
    """So many votes for it grant the step."""
    refuse: int = 0
    """So many votes against it refuse the request."""
    veto: tuple[str, ...] = ()
    """The seats that are always present: nothing is granted without them, and one vote of theirs against it refuses."""
    joint: bool = False
    sits: Sits | None = None
    lines: dict[str, dict[str, tuple[str, ...]]] = {}
    """Seat of a front department → label → values: whose label has one of them is of its line, of which it has no vote."""
    reference: str = ""
    assumed: bool = False

    def seated(self) -> list[tuple[str, ...]]:
        """All seats of a sitting, of each turn of the rota."""
        return [(*self.members, *turn) for turn in (self.sits.rota.values() if self.sits else ())] or [self.members]

    def kept(self, labels: Mapping[str, str]) -> Kept:
        """As a request about a customer with *labels* keeps it."""
        avoiding = (seat for seat, line in self.lines.items() if any(labels.get(of) in line[of] for of in line))
        return Kept(
            members=self.members,
            grant=len(self.members) if self.joint else self.grant,
            refuse=1 if self.joint else self.refuse,
            veto=self.veto,
            joint=self.joint,
            avoiding=tuple(avoiding),
            sits=self.sits.kept if self.sits else None,
        )


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Working days that a step may wait until somebody is reminded, until deputies may act, and that a request lives."""

    remind: int
    deputy: int
    lapse: int
    reference: str = ""
    assumed: bool = False


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far an override may go (G-25): steps up (down is free), days, and how often it follows on itself."""

    up_steps: int
    days: int
    renewals: int
    reference: str = ""
    assumed: bool = False
    share: Decimal = Decimal("0.10")
    """The share of the grades in force that are overridden at which a method is to be reviewed (G-26)."""


class Exceptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a rule may be waived for one customer (AP-16)."""

    days: int
    reference: str = ""
    assumed: bool = False


class Graded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who grants an exception of at most such a size (AP-09)."""

    by: tuple[str, ...]
    up_to: Decimal | None = None
    """A share of what the rule says; None: any."""


NO_OVERRIDES = Bounds(up_steps=0, days=0, renewals=0)
"""Of a service that grades nobody."""


class Chains(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about approvals that holds from *effective* on."""

    effective: date
    limits: Limits
    chains: dict[str, Chain]
    """Kind of request → who grants it."""
    overrides: Bounds = NO_OVERRIDES
    deputies: dict[str, tuple[str, ...]] = {}
    """Role → the roles that may act for it once its step has waited too long."""
    committees: dict[str, Committee] = {}
    """Name, as a chain has it, → who sits on it."""
    exceptions: Exceptions = Exceptions(90, assumed=True)
    graded: dict[str, tuple[Graded, ...]] = {}
    """Rule that is excepted by a size → who grants it, from the least authority to the greatest (AP-09)."""

    def of(self, kind: str, by: tuple[str, ...] = ()) -> Chain:
        """The chain of *kind*, or that of the roles *by* where rules of their own name them, chains among them in full."""
        if not by:
            return self.chains[kind]
        steps = (step for name in by for step in (self.chains[name].by if name in self.chains else (name,)))
        return Chain(tuple(dict.fromkeys(steps)))

    def by_size(self, rule: str, size: Decimal | None) -> tuple[str, ...]:
        """Who grants an exception of *size* from *rule*, the greatest authority where it has none; none: it is not graded."""
        steps = self.graded.get(rule, ())
        within = (one.by for one in steps if one.up_to is None or (size is not None and size <= one.up_to))
        return next(within, ())

    def deputies_of(self, by: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """The deputies of the roles *by*, and of the members of the committees among them."""
        seated = [one for name in by if name in self.committees for one in self.committees[name].seated()]
        roles = dict.fromkeys((*by, *(role for one in seated for role in one)))
        return {role: self.deputies[role] for role in roles if role in self.deputies}

    def kept(self, by: tuple[str, ...], labels: Mapping[str, str]) -> dict[str, Kept]:
        """The committees among *by*, as they are now for a customer with *labels*."""
        return {name: self.committees[name].kept(labels) for name in by if name in self.committees}


ASSUMED = Chains(date.min, Limits(1, 2, 10, "AP-04.03", assumed=True), {}, Bounds(1, 90, 2, "G-25", assumed=True))
"""What holds where nobody says otherwise."""


def in_force(versions: tuple[Chains, ...], day: date) -> Chains:
    """The last of *versions*, in order of their dates, that is effective on *day*; the first where none is yet."""
    return next((one for one in reversed(versions) if one.effective <= day), versions[0])


def working_days_after(day: date, count: int, rests: Rests) -> date:
    """The day that is *count* working days after *day*."""
    for _ in range(count):
        day += timedelta(days=1)
        while rests(day.toordinal()):
            day += timedelta(days=1)
    return day
