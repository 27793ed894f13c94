"""Where to turn when a message is not delivered: the next channel of the person, then who leads them, then the fallback."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from services.alerts.core.absence import standing_in
from services.alerts.core.notice import Notice
from services.alerts.core.people import Contact
from services.alerts.core.planning import Hearing
from services.alerts.core.resolving import Hearer, Reason, Setting, because, confined, fallbacks

Tried: TypeAlias = Collection[tuple[str, str]]
"""(Channel, address) that were tried for a person in vain."""


class Ended(NamedTuple):
    """Nobody else is to be tried, and why."""

    why: Reason


class Heard(NamedTuple):
    """What is known of a notice."""

    notice: Notice
    alive: frozenset[str]
    """Who hears of it already, or will."""
    tried: frozenset[str]
    """Who was tried in vain."""


class Onward(NamedTuple):
    """Where a message goes that one person does not get."""

    passed: tuple[tuple[Hearing, Hearing], ...]
    """The hearing of who is not reached, and that of who hears instead."""
    ended: tuple[tuple[Hearing, Reason], ...]
    """Hearings after which nobody else is tried."""


def onward(hearings: Sequence[Hearing], heard: Mapping[str, Heard], setting: Setting, *, now: datetime) -> Onward:
    """To whom *hearings* of a person go whom nothing reaches. *heard*: by notice."""
    passed: list[tuple[Hearing, Hearing]] = []
    ended: list[tuple[Hearing, Reason]] = []
    for one in hearings:
        known = heard[one.notice_id]
        others, tried = known.alive - {one.person}, known.tried | {one.person}
        found = next_hearer(known.notice, one.person, others, tried, setting, now=now)
        if isinstance(found, Ended):
            ended.append((one, found.why))
        else:
            passed.append((one, _instead(one, found, now)))
    return Onward(tuple(passed), tuple(ended))


def _instead(one: Hearing, hearer: Hearer, now: datetime) -> Hearing:
    """The hearing of *hearer* in place of *one*: at once, in the same group."""
    return msgspec.structs.replace(
        one, person=hearer.person, reasons=hearer.reasons, sees_grades=hearer.sees_grades, due_at=now, waits=""
    )


def next_way(person: str, channels: tuple[str, ...], tried: Tried, setting: Setting) -> Contact | None:
    """The next way to reach *person* that was not tried yet."""
    ways = setting.organisation.ways(person, channels)
    return next((one for one in ways if (one.channel, one.address) not in tried), None)


def next_hearer(
    notice: Notice, person: str, alive: Collection[str], tried: Collection[str], setting: Setting, *, now: datetime
) -> Hearer | Ended:
    """Who is to hear of *notice* where *person* cannot be reached: who leads them, and so on up, then the fallback.

    *alive*: who hears of it already, or will; where one of these leads *person*, that is enough. *tried*: who was tried in
    vain.
    """
    organisation = setting.organisation
    why, only = because("unreachable", person=person), confined(notice.labels, setting.policy)
    for leader in organisation.line(person):
        instead = standing_in(leader, setting.day(now, leader), organisation)
        hears = leader if instead is None else instead.person
        if not setting.may_hear(hears, only):
            continue
        if hears in alive:
            return Ended(because("another_hears", person=hears))
        if hears not in tried:
            return Hearer(hears, (why,), True)
    for fallen in fallbacks(notice, setting, now):
        if fallen in alive:
            return Ended(because("another_hears", person=fallen))
        if fallen not in tried:
            knows = not organisation.roles_of(fallen).isdisjoint(setting.policy.need_to_know)
            return Hearer(fallen, (why,), knows)
    return Ended(because("exhausted"))
