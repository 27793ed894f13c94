"""What must hold of the organisation as a whole, whoever changes it: else a change is refused, with the first that is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from services.alerts.core.people import Absence, Assignment, Contact, Person, Policy, Post, Record, Unit

CHANNELS = ("email", "webhook", "dingtalk", "wecom", "feishu", "apprise")


class Flaw(NamedTuple):
    """One thing that is wrong with a record."""

    record: Record
    field: str
    rule: str
    """A code with its sentences in `adapters/flaws.yaml`."""
    about: Mapping[str, str]


def flaws(records: Iterable[Record], policy: Policy, zones: frozenset[str]) -> Iterator[Flaw]:
    """Everything that is wrong with *records*, taken together. *zones*: those that are known."""
    every = tuple(records)
    people = {one.person: one for one in every if isinstance(one, Person)}
    units = {one.unit: one for one in every if isinstance(one, Unit)}
    for one in every:
        match one:
            case Person():
                yield from _of_person(one, people, units, zones)
            case Unit():
                yield from _of_unit(one, people, units)
            case Post():
                yield from _of_post(one, people, units, policy)
            case Absence():
                yield from _of_absence(one, people)
            case Assignment():
                if one.person not in people:
                    yield Flaw(one, "person", "unknown-person", {"person": one.person})
                if one.last is not None and one.last < one.first:
                    yield Flaw(one, "last", "ends-before-it-begins", {})
            case Contact():
                if one.person not in people:
                    yield Flaw(one, "person", "unknown-person", {"person": one.person})
                if one.channel not in CHANNELS:
                    yield Flaw(
                        one, "channel", "unknown-channel", {"channel": one.channel, "known": ", ".join(CHANNELS)}
                    )
    yield from _apart(every, policy)
    yield from _codes(people)
    yield from _fallback(every, people, policy)


def _of_person(
    one: Person, people: Mapping[str, Person], units: Mapping[str, Unit], zones: frozenset[str]
) -> Iterator[Flaw]:
    if one.unit and one.unit not in units:
        yield Flaw(one, "unit", "unknown-unit", {"unit": one.unit})
    if one.leader and one.leader not in people:
        yield Flaw(one, "leader", "unknown-person", {"person": one.leader})
    if one.leader == one.person:
        yield Flaw(one, "leader", "leads-themselves", {})
    if one.zone not in zones:
        yield Flaw(one, "zone", "unknown-zone", {"zone": one.zone})
    if (one.quiet_from is None) is not (one.quiet_to is None):
        yield Flaw(one, "quiet_to", "half-quiet", {})


def _of_unit(one: Unit, people: Mapping[str, Person], units: Mapping[str, Unit]) -> Iterator[Flaw]:
    if one.leader and one.leader not in people:
        yield Flaw(one, "leader", "unknown-person", {"person": one.leader})
    if one.parent and one.parent not in units:
        yield Flaw(one, "parent", "unknown-unit", {"unit": one.parent})
    seen, above = {one.unit}, one.parent
    while above in units:
        if above in seen:
            yield Flaw(one, "parent", "units-in-a-circle", {"unit": above})
            return
        seen.add(above)
        above = units[above].parent


def _of_post(
    one: Post, people: Mapping[str, Person], units: Mapping[str, Unit], policy: Policy
) -> Iterator[Flaw]:  # fmt: skip
    if one.person not in people:
        yield Flaw(one, "person", "unknown-person", {"person": one.person})
    elif people[one.person].gone:
        yield Flaw(one, "role", "post-of-who-has-left", {})
    if one.role not in policy.posts:
        yield Flaw(one, "role", "unknown-role", {"role": one.role, "known": ", ".join(policy.posts)})
    if one.scope == "unit" and one.of not in units:
        yield Flaw(one, "of", "unknown-unit", {"unit": one.of})


def _of_absence(one: Absence, people: Mapping[str, Person]) -> Iterator[Flaw]:
    for field, person in (("person", one.person), ("deputy", one.deputy)):
        if person and person not in people:
            yield Flaw(one, field, "unknown-person", {"person": person})
    if one.deputy == one.person:
        yield Flaw(one, "deputy", "stands-in-for-themselves", {})
    if one.last < one.first:
        yield Flaw(one, "last", "ends-before-it-begins", {})


def _apart(every: Iterable[Record], policy: Policy) -> Iterator[Flaw]:
    """Posts that one person may not hold together (AP-08)."""
    held: dict[str, list[Post]] = {}
    for one in every:
        if isinstance(one, Post):
            held.setdefault(one.person, []).append(one)
    for posts in held.values():
        for pair in policy.apart:
            first = next((post for post in posts if post.role in pair.one), None)
            second = next((post for post in posts if post.role in pair.other), None)
            if first is not None and second is not None:
                about = {"person": first.person, "one": first.role, "other": second.role, "source": pair.source}
                yield Flaw(second, "role", "posts-apart", about)


def _codes(people: Mapping[str, Person]) -> Iterator[Flaw]:
    """Whose customers they are must be one person."""
    times = Counter(code for one in people.values() if not one.gone for code in one.codes)
    for one in people.values():
        for code in one.codes:
            if times[code] > 1 and not one.gone:
                yield Flaw(one, "codes", "code-twice", {"code": code})


def _fallback(every: Iterable[Record], people: Mapping[str, Person], policy: Policy) -> Iterator[Flaw]:
    """Where there are people, somebody hears what nobody else does."""
    meant = set(policy.fallback)
    held = {f"role:{one.role}" for one in every if isinstance(one, Post) and not one.scope} | {
        f"person:{one.person}" for one in people.values() if not one.gone
    }
    if people and meant.isdisjoint(held):
        yield Flaw(next(iter(people.values())), "person", "no-fallback", {"receivers": ", ".join(policy.fallback)})
