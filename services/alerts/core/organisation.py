"""The organisation as it stands: who holds a post for what, who leads whom, whose a customer is, who is reached how."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from services.alerts.core.people import Absence, Assignment, Contact, Person, Post, Record, Unit


class Organisation:
    """A snapshot of all records, indexed. Never changed once made."""

    __slots__ = (
        "_absences", "_assigned", "_by_code", "_codes", "_contacts", "_held", "_regions", "_roles", "people", "units",
    )  # fmt: skip

    def __init__(self, records: Iterable[Record]) -> None:
        """Of *records*, in any order."""
        self.people: dict[str, Person] = {}
        self.units: dict[str, Unit] = {}
        self._by_code: dict[str, str] = {}
        self._roles: dict[str, list[Post]] = defaultdict(list)
        self._held: dict[str, set[str]] = defaultdict(set)
        self._absences: dict[str, list[Absence]] = defaultdict(list)
        self._assigned: dict[str, list[Assignment]] = defaultdict(list)
        self._contacts: dict[str, list[Contact]] = defaultdict(list)
        self._codes: Mapping[str, str] = {}
        for one in records:
            match one:
                case Person():
                    self.people[one.person] = one
                    self._by_code |= dict.fromkeys(one.codes, one.person)
                case Unit():
                    self.units[one.unit] = one
                case Post():
                    self._roles[one.role].append(one)
                    self._held[one.person].add(one.role)
                case Absence():
                    self._absences[one.person].append(one)
                case Assignment():
                    self._assigned[one.customer].append(one)
                case Contact():
                    self._contacts[one.person].append(one)
        self._regions = self._gathered()

    def with_portfolio(self, assignments: Iterable[Assignment], codes: Mapping[str, str] | None = None) -> Organisation:
        """The same with only *assignments* as the customers that are given to people, and *codes* of who manages others."""
        made = object.__new__(Organisation)
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        made._assigned = defaultdict(list)
        for one in assignments:
            made._assigned[one.customer].append(one)
        made._codes = codes or {}
        return made

    def present(self, person: str) -> Person | None:
        """Who is called *person* and has not left."""
        found = self.people.get(person)
        return None if found is None or found.gone else found

    def roles_of(self, person: str) -> frozenset[str]:
        """The roles that *person* holds, for whatever part."""
        return frozenset(self._held.get(person, ()))

    def holders(self, role: str, labels: Mapping[str, str]) -> tuple[Post, ...]:
        """Who holds *role* for what *labels* say; those who hold it everywhere only where nobody holds it for just that."""
        posts = [post for post in self._roles.get(role, ()) if self.present(post.person)]
        nearest = [post for post in posts if post.scope and self._covers(post, labels)]
        return tuple(sorted(nearest or (post for post in posts if not post.scope), key=lambda post: post.person))

    def assigned(self, customer: str, day: date) -> str | None:
        """To whom *customer* is given on *day*; the newest of several."""
        held = [
            one for one in self._assigned.get(customer, ()) if one.first <= day and (not one.last or day <= one.last)
        ]
        return max(held, key=lambda one: (one.first, one.person)).person if held else None

    def code_of(self, customer: str) -> str:
        """What the label `manager` of *customer* says, where a notice about another tells of them; empty: nobody knows."""
        return self._codes.get(customer, "")

    def called(self, code: str) -> str | None:
        """The person whom a label `manager` means: by code, else by name."""
        return self._by_code.get(code) or (code if code in self.people else None)

    def line(self, person: str) -> Iterator[str]:
        """Who leads *person*, who leads that one, and so on; each once, and only who is still here."""
        seen = {person}
        while (leader := self._leader(person, seen)) is not None:
            seen.add(leader)
            yield leader
            person = leader

    def away(self, person: str, day: date) -> Absence | None:
        """The absence of *person* on *day*; of several the one that ends last."""
        held = [one for one in self._absences.get(person, ()) if one.first <= day <= one.last]
        return max(held, key=lambda one: (one.last, one.deputy)) if held else None

    def ways(self, person: str, wanted: tuple[str, ...] = ()) -> tuple[Contact, ...]:
        """How *person* is reached, first by the channels *wanted*, then as they prefer."""
        order = {channel: at for at, channel in enumerate(wanted)}
        known = (one for one in self._contacts.get(person, ()) if one.verified)
        return tuple(
            sorted(known, key=lambda one: (order.get(one.channel, len(order)), one.rank, one.channel, one.address))
        )

    @property
    def channels(self) -> frozenset[str]:
        """Every channel by which anybody is reached."""
        return frozenset(one.channel for held in self._contacts.values() for one in held if one.verified)

    def above(self, unit: str) -> Iterator[Unit]:
        """*unit* and those above it, the nearest first; each once."""
        seen: set[str] = set()
        while unit in self.units and unit not in seen:
            seen.add(unit)
            yield self.units[unit]
            unit = self.units[unit].parent

    def _leader(self, person: str, seen: set[str]) -> str | None:
        known = self.people.get(person)
        if known is None:
            return None
        asked = [known.leader, *(unit.leader for unit in self.above(known.unit))]
        return next((one for one in asked if one and one not in seen and self.present(one)), None)

    def _covers(self, post: Post, labels: Mapping[str, str]) -> bool:
        if post.scope != "unit":
            return bool(post.of) and labels.get(post.scope) == post.of
        if labels.get("region", "") in self._regions.get(post.of, ()):
            return True
        return any(one.unit == post.of for one in self.above(labels.get("unit", "")))

    def _gathered(self) -> dict[str, set[str]]:
        """Unit → the regions of it and of all below it."""
        found: dict[str, set[str]] = defaultdict(set)
        for unit in self.units.values():
            for one in self.above(unit.unit):
                found[one.unit].update(unit.regions)
        return found
