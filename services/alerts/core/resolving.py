"""From receivers to people: who hears of a notice at an instant, and why each of them. Never nobody."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo

import msgspec

from services.alerts.core.absence import StandIn, standing_in
from services.alerts.core.notice import Notice
from services.alerts.core.organisation import Organisation
from services.alerts.core.people import Policy, Post
from shared.core.ledger.days import WorkCalendar

ROLE, PERSON, LINE, UNIT = "role:", "person:", "line:", "unit:"
OF_GROUP = {"lead:": ("lead_unit", "gathering_unit"), "assisting:": ("assisting_unit",)}
"""Whose unit leads a group, or assists (RO-15): the owner of that member, and who holds one of these posts for the unit."""


class Reason(msgspec.Struct, frozen=True):
    """Why: a code with its words in `adapters/reasons.yaml`, and what they are filled with."""

    code: str
    about: tuple[tuple[str, str], ...] = ()


def because(code: str, /, **about: str) -> Reason:
    """The reason *code*, filled with *about*."""
    return Reason(code, tuple(about.items()))


class Hearer(msgspec.Struct, frozen=True):
    """A person who is to hear, why, and whether they may see grades (AL-14)."""

    person: str
    reasons: tuple[Reason, ...]
    sees_grades: bool


class Setting(msgspec.Struct, frozen=True):
    """What resolving and planning stand on besides the notices."""

    organisation: Organisation
    policy: Policy
    zone: tzinfo
    """That of the installation."""
    zones: Mapping[str, tzinfo]
    """By name, those of people."""
    calendars: Mapping[str, WorkCalendar]

    def local(self, at: datetime, person: str) -> datetime:
        """*at* as the clock on the wall of *person* shows it."""
        known = self.organisation.people.get(person)
        return at.astimezone(self.zone if known is None else self.zones[known.zone])

    def may_hear(self, person: str, only: tuple[str, ...]) -> bool:
        """Whether *person* holds one of the roles *only*; none: anybody may."""
        return not only or not self.organisation.roles_of(person).isdisjoint(only)

    def day(self, at: datetime, person: str) -> date:
        """The day that it is for *person*."""
        return self.local(at, person).date()


def owner_of(labels: Mapping[str, str], subject: str, now: datetime, setting: Setting) -> tuple[str, Reason] | None:
    """Whose the customer is: by assignment, else by the label `manager`; None: nobody that is known."""
    organisation = setting.organisation
    given = organisation.assigned(subject, now.astimezone(setting.zone).date())
    if given is not None and given in organisation.people:
        return given, because("assigned", customer=subject)
    code = labels.get("manager", "") or organisation.code_of(subject)
    called = organisation.called(code) if code else None
    return (called, because("owner", customer=subject, code=code)) if called is not None else None


def resolve(notice: Notice, setting: Setting, *, now: datetime, told: Mapping[str, bool]) -> tuple[Hearer, ...]:
    """Who hears of *notice*, by person; each once, with all their reasons.

    *told*: who has been told of the alert, and whether with grades. Empty only where nobody had been told, and the
    notice is for those; or where nobody at all is known.
    """
    return _Resolving(notice, setting, now, told).people()


class _Resolving:
    """One notice on its way to people."""

    def __init__(self, notice: Notice, setting: Setting, now: datetime, told: Mapping[str, bool]) -> None:
        self.notice, self.setting, self.now, self.told = notice, setting, now, told
        self.only = confined(notice.labels, setting.policy)
        self.owner = owner_of(notice.labels, notice.subject, now, setting)
        owner = self.owner[0] if self.owner else ""
        self.knowing = {owner, *setting.organisation.line(owner)} if owner else set()
        self.found: dict[str, tuple[dict[Reason, None], bool]] = {}

    def people(self) -> tuple[Hearer, ...]:
        for receiver in self.notice.to:
            if receiver == "told":
                self._told()
            elif not self._all(self._meant(receiver)):
                self._fall_back(receiver)
        return tuple(Hearer(person, tuple(why), sees) for person, (why, sees) in sorted(self.found.items()))

    def _meant(self, receiver: str) -> Iterable[tuple[str, Reason]]:
        """Whom *receiver* means, here or not."""
        organisation = self.setting.organisation
        if receiver == "owner":
            return [self.owner] if self.owner else []
        for part, roles in OF_GROUP.items():
            if receiver.startswith(part):
                return self._unit_of(receiver.removeprefix(part), roles)
        if receiver == "line":
            return self._leading(self.owner[0]) if self.owner else []
        if receiver.startswith(LINE):
            return self._leading(receiver.removeprefix(LINE))
        if receiver.startswith(UNIT):
            unit = receiver.removeprefix(UNIT)
            above = (one.leader for one in organisation.above(unit) if organisation.present(one.leader))
            return [(leader, because("leads_unit", of=unit)) for leader in itertools.islice(above, 1)]
        if receiver.startswith(PERSON):
            named = receiver.removeprefix(PERSON)
            return [(named, because("named", route=self.notice.route))] if named in organisation.people else []
        role = receiver.removeprefix(ROLE)
        posts = organisation.holders(role, self.notice.labels)
        return [(post.person, _held(post)) for post in posts]

    def _leading(self, person: str) -> list[tuple[str, Reason]]:
        leader = next(self.setting.organisation.line(person), None)
        return [(leader, because("leads", person=person))] if leader else []

    def _unit_of(self, customer: str, roles: tuple[str, ...]) -> list[tuple[str, Reason]]:
        """Whose *customer* is, a member of a group, with who holds one of *roles* for their unit."""
        organisation = self.setting.organisation
        owner = owner_of({}, customer, self.now, self.setting)
        if owner is None:
            return []
        unit = {"unit": organisation.people[owner[0]].unit}
        posts = (post for role in roles for post in organisation.holders(role, unit))
        return [(owner[0], because(roles[0], customer=customer)), *((post.person, _held(post)) for post in posts)]

    def _all(self, meant: Iterable[tuple[str, Reason]]) -> bool:
        """Note each of *meant*, or who stands in; whether anybody was noted."""
        noted = [self._one(person, reason) for person, reason in meant]
        return any(noted)

    def _one(self, person: str, reason: Reason) -> bool:
        instead = standing_in(person, self.setting.day(self.now, person), self.setting.organisation)
        if instead is not None and not self.setting.may_hear(instead.person, self.only):
            instead = StandIn(person, person, instead.until)
        if not self.setting.may_hear(person, self.only) and (instead is None or instead.person == person):
            return False
        sees = self._sees(person)
        if instead is None:
            self._note(person, sees, reason)
            return True
        if instead.person == person:
            if self.setting.organisation.present(person) is None:
                return False
            self._note(person, sees, reason, because("away_alone", until=str(instead.until)))
            return True
        self._note(instead.person, sees or self._sees(instead.person), in_place_of(instead), reason)
        return True

    def _told(self) -> None:
        for person, sees in self.told.items():
            if self.setting.organisation.present(person) and self.setting.may_hear(person, self.only):
                self._note(person, sees, because("told"))

    def _fall_back(self, receiver: str) -> None:
        """The first who is behind a fallback of the policy."""
        owns = receiver in ("owner", "line")
        person = next(fallbacks(self.notice, self.setting, self.now), None)
        if person is not None:
            self._note(person, owns or self._sees(person), because("fallback", receiver=receiver))

    def _sees(self, person: str) -> bool:
        held = self.setting.organisation.roles_of(person)
        return person in self.knowing or not held.isdisjoint(self.setting.policy.need_to_know)

    def _note(self, person: str, sees: bool, *reasons: Reason) -> None:
        why, saw = self.found.setdefault(person, ({}, False))
        why |= dict.fromkeys(reasons)
        self.found[person] = (why, saw or sees)


def fallbacks(notice: Notice, setting: Setting, now: datetime) -> Iterator[str]:
    """Who hears where nobody else is to be found, in order: of the receivers of the policy, then who leads the house."""
    organisation = setting.organisation
    only = confined(notice.labels, setting.policy)
    receivers = [f"{ROLE}{role}" for role in only] or setting.policy.fallback
    meant = [person for receiver in receivers for person in _behind(receiver, notice, organisation)]
    for person in (*meant, *(unit.leader for unit in organisation.units.values() if not unit.parent)):
        instead = standing_in(person, setting.day(now, person), organisation)
        hears = person if instead is None or not setting.may_hear(instead.person, only) else instead.person
        if organisation.present(hears) and setting.may_hear(hears, only):
            yield hears


def confined(labels: Mapping[str, str], policy: Policy) -> tuple[str, ...]:
    """The roles of which somebody must hold one to hear of what has *labels*; none: anybody may."""
    held = (one for one in policy.confined if one.labels.items() <= labels.items())
    return next((one.roles for one in held), ())


def in_place_of(instead: StandIn) -> Reason:
    """Why somebody hears in place of another."""
    if instead.until is None:
        return because("left", person=instead.of)
    return because("leads_away" if instead.leads else "stands_in", person=instead.of, until=str(instead.until))


def _behind(receiver: str, notice: Notice, organisation: Organisation) -> Iterable[str]:
    if receiver.startswith(PERSON):
        return [receiver.removeprefix(PERSON)]
    return [post.person for post in organisation.holders(receiver.removeprefix(ROLE), notice.labels)]


def _held(post: Post) -> Reason:
    if not post.scope:
        return because("post", role=post.role)
    return because(f"post_{post.scope}", role=post.role, of=post.of)
