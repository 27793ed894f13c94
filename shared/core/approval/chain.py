"""Who approves what, in which order and by when, as data (AP-01 to AP-16). Dated: a request keeps the chain it began with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import msgspec

Rests = Callable[[int], bool]
"""Whether the day (ordinal) is no working day."""


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles that must grant one kind of request, one after the other."""

    by: tuple[str, ...]
    reference: str = ""
    assumed: bool = False


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

    def of(self, kind: str, by: tuple[str, ...] = ()) -> Chain:
        """The chain of *kind*, or that of the roles *by* where rules of their own name them."""
        return msgspec.structs.replace(self.chains[kind], by=by) if by else self.chains[kind]

    def deputies_of(self, by: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """The deputies of the roles *by*."""
        return {role: self.deputies[role] for role in by if role in self.deputies}


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
