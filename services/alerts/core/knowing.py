"""Whose customers' grades a person may see (AL-14): the same answer for who is told and for who reads."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from services.alerts.core.absence import standing_in
from services.alerts.core.resolving import Setting


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is in this house, for reads."""

    day: date
    """Today, where the installation is."""
    knows: bool
    """Has a post that needs to know grades, or stands in for who has one."""
    whose: frozenset[str]
    """The people whose customers' grades they see: themselves, whom they lead, and whom they stand in for."""
    names: frozenset[str]
    """What the label `manager` calls those."""
    own: frozenset[str]
    """What it calls the person themselves."""
    roles: frozenset[str] = frozenset()
    """The posts that they hold, or stand in for."""


def knowledge_of(person: str, setting: Setting, now: datetime) -> Knowledge:
    """Of *person* at *now*; empty: of an account without one. Who is in no table knows of what carries their own name."""
    organisation = setting.organisation
    own = {person} if person else set[str]()
    acts_for = set(own)
    for other in organisation.people:
        instead = standing_in(other, setting.day(now, other), organisation)
        if instead is not None and instead.person == person:
            acts_for.add(other)
    whose = {one for one in organisation.people if not acts_for.isdisjoint((one, *organisation.line(one)))} | acts_for
    need = setting.policy.need_to_know
    return Knowledge(
        day=now.astimezone(setting.zone).date(),
        knows=any(not organisation.roles_of(one).isdisjoint(need) for one in acts_for),
        whose=frozenset(whose),
        names=frozenset(_names(whose, setting)),
        own=frozenset(_names(own, setting)),
        roles=frozenset().union(*(organisation.roles_of(one) for one in acts_for)),
    )


def _names(people: set[str], setting: Setting) -> set[str]:
    known = setting.organisation.people
    return people.union(*(known[one].codes for one in people if one in known))
