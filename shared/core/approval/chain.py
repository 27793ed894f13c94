"""Who approves what, in which order and by when, as data (AP-01 to AP-16). Dated: a request keeps the chain it began with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from shared.core.events.approval import Committee as Sitting

Rests = Callable[[int], bool]
"""Whether the day (ordinal) is no working day."""


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles, or committees, that must grant one kind of request, one after the other."""

    by: tuple[str, ...]
    reference: str = ""
    assumed: bool = False


PERSON = "person:"
"""What begins the seat of a committee that is one person's, not one of whoever holds a role."""


class Committee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """N of M who take a step together: the credit department present, votes given with their reasons (AP-07)."""

    members: tuple[str, ...]
    """The seats: a role, or `person:NAME`. A role that is named twice has two seats."""
    grant: int
    """So many votes for it grant the step."""
    refuse: int
    """So many votes against it refuse the request."""
    veto: tuple[str, ...] = ()
    """The seats that are always present: nothing is granted without them, and one vote of theirs against it refuses."""
    reference: str = ""
    assumed: bool = False

    @property
    def sitting(self) -> Sitting:
        """As a request keeps it."""
        return Sitting(members=self.members, grant=self.grant, refuse=self.refuse, veto=self.veto)


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

    def of(self, kind: str, by: tuple[str, ...] = ()) -> Chain:
        """The chain of *kind*, or that of the roles *by* where rules of their own name them."""
        return msgspec.structs.replace(self.chains[kind], by=by) if by else self.chains[kind]

    def deputies_of(self, by: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """The deputies of the roles *by*, and of the members of the committees among them."""
        members = (one for name in by if name in self.committees for one in self.committees[name].members)
        return {role: self.deputies[role] for role in dict.fromkeys((*by, *members)) if role in self.deputies}

    def sittings(self, by: tuple[str, ...]) -> dict[str, Sitting]:
        """The committees among *by*, as they are now."""
        return {name: self.committees[name].sitting for name in by if name in self.committees}


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
