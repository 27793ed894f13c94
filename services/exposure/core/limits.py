"""Which limits hold on a day, and the effective limit that they make: own + cover + guarantees + temporary, shown as data."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.exposure.core.formulas import converted, shown, times, whole_minor
from services.exposure.core.records import Limit
from services.exposure.core.state import Account
from shared.core.ledger.days import FAR
from shared.core.ledger.documents import NOWHERE, Place
from shared.core.references import References

OWN = ("policy", "management")
SECURED = ("insured", "guaranteed")
_COVERED = {"insured": "cover", "guaranteed": "guarantees", "temporary": "temporary"}


class Part(msgspec.Struct, frozen=True):
    """What one limit adds to the effective limit: amount × share."""

    limit_id: str
    kind: str
    amount: int
    """In the currency of the account."""
    share: str
    counted: int
    valid_to: int


class Effective(msgspec.Struct, frozen=True):
    """The effective limit of one place on one day."""

    amount: int
    """0 where there is no credit."""
    currency: str
    place: Place
    own: Limit | None
    parts: tuple[Part, ...]
    expired_on: int = 0
    """The day after the last day of the own limit, where it ran out and no other holds."""
    missing: str = ""
    """A currency of which no rate is known, so that a limit in it does not count."""
    stop_on: int = 0
    """The earliest insurer's stop date of the covers that count."""

    @property
    def exists(self) -> bool:
        """Whether anything was granted that holds."""
        return bool(self.parts)

    @property
    def valid_to(self) -> int:
        """The last day on which it is what it is; 0: nothing of it ends."""
        return min((part.valid_to for part in self.parts if part.valid_to), default=0)

    @property
    def formula(self) -> tuple[tuple[str, str], ...]:
        """(what, how much) in order, the total last."""
        lines = [(f"{part.kind} {part.limit_id}", f"{shown(part.amount)} × {part.share}") for part in self.parts]
        return (*lines, ("effective", shown(self.amount)))


def currency_of(account: Account, day: int, home: str) -> str:
    """The currency an account is kept in: its own, else that of its newest own limit, else of its documents, else *home*."""
    own = account.attribute("currency", day)
    if own:
        return str(own)
    held = [one for one in account.limits.values() if one.kind in OWN and one.holds(day)]
    if held:
        return max(held, key=lambda one: one.newness).currency
    codes = {code for code, holding in account.ledger.positions.items() if holding.sums}
    return codes.pop() if len(codes) == 1 else home


def effective(account: Account, day: int, references: References, currency: str, place: Place = NOWHERE) -> Effective:
    """The effective limit at *place* on *day*, in *currency*.

    Own: the newest management limit that holds, else the newest policy limit. To it are added insured amounts × the share
    covered, guarantees × their uplift, and temporary limits (features 5.3).
    """
    holding = [one for one in account.limits.values() if one.place == place and one.holds(day)]
    own = _newest(holding, "management") or _newest(holding, "policy")
    counted = [own] if own is not None else []
    counted += [one for one in holding if one.kind in _COVERED]
    parts, missing, stops = list[Part](), "", list[int]()
    for one in counted:
        amount = converted(one.amount, one.currency, currency, references, day)
        if amount is None:
            missing = missing or one.currency
            continue
        parts.append(Part(one.limit_id, one.kind, amount, one.share, times(amount, Decimal(one.share)), one.valid_to))
        if one.stop_on:
            stops.append(one.stop_on)
    total = whole_minor(sum(part.counted for part in parts), currency)
    expired = 0 if own is not None else _expired(account, day, place)
    return Effective(max(0, total), currency, place, own, tuple(parts), expired, missing, min(stops, default=0))


def advance_limit(account: Account, day: int) -> Limit | None:
    """The advance funding that is granted on *day*, the newest; None: none is."""
    holding = [one for one in account.limits.values() if one.kind == "advance" and one.holds(day)]
    return _newest(holding, "advance")


def places(account: Account, day: int) -> tuple[Place, ...]:
    """The places that have a limit of their own on *day*, or had one that ran out, in one order."""
    found = {
        one.place
        for one in account.limits.values()
        if one.place != NOWHERE and one.granted_on <= day and not _over(one, day)
    }
    return tuple(sorted(found))


def next_change(account: Account, day: int) -> int:
    """The next day after *day* on which a limit begins or ceases to hold, or falls due for review; far where none does."""
    days = [
        on
        for one in account.limits.values()
        if not one.ended_on
        for on in (one.valid_from, one.valid_to + 1 if one.valid_to else 0, one.review_on)
    ]
    return min((on for on in days if on > day), default=FAR)


def _newest(limits: list[Limit], kind: str) -> Limit | None:
    return max((one for one in limits if one.kind == kind), key=lambda one: one.newness, default=None)


def _over(one: Limit, day: int) -> bool:
    """Whether people or the rules ended it by *day*."""
    return bool(one.ended_on) and one.ended_on <= day


def _expired(account: Account, day: int, place: Place) -> int:
    """The day after the last day of the own limit that ran out last; 0: none ran out."""
    ran = [
        one.valid_to + 1 for one in account.own(place) if one.valid_to and one.valid_to < day and not _over(one, day)
    ]
    return max(ran, default=0)
