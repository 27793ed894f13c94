"""What makes a grade fall at once, and its end a while later: so that grades move every few seconds, and move back.

A fall counts at once, a rise only at a monthly review. But a day's grade follows from all that is known of that day: what
is over on the day on which it came leaves no trace. Every scene ends on its own day, so a long demonstration ruins nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from random import Random
from typing import NamedTuple

from gradeline.simulator.agenda import Event

EVERY_S = 5.0
SHORTEST_S, LONGEST_S = 12.0, 45.0
WORST = "D"
LOOKS = 30
"""So many customers are looked at for one who can still fall."""

Pair = tuple[tuple[str, Event], tuple[str, Event]]
"""Short type and data of the fact that begins a scene, and of the one that ends it."""


def listed(name: str, on: str) -> Pair:
    """Listed as a dishonest judgment debtor, then taken off the list."""
    return _signal("dishonest_debtor", name, on)


def petition(name: str, on: str) -> Pair:
    """An insolvency petition is accepted, then withdrawn."""
    return _signal("insolvency", name, on)


def irregular(name: str, on: str) -> Pair:
    """Put on the list of abnormal operations, then taken off."""
    return _signal("abnormal_operation", name, on)


def revoked(name: str, on: str) -> Pair:
    """The licence is revoked, then restored."""
    return _signal("licence_revoked", name, on)


def _signal(kind: str, name: str, on: str) -> Pair:
    begins = {"signal_id": name, "kind": kind, "on": on, "severity": "critical"}
    return ("signal.reported", begins), ("signal.lifted", {"signal_id": name, "lifted_on": on})


KINDS: dict[Callable[[str, str], Pair], int] = {listed: 5, petition: 3, revoked: 3, irregular: 1}
"""Scene → how often."""


class Open(NamedTuple):
    """A scene that has begun."""

    subject: str
    ends_at: float
    fact: Event
    """Ends it."""


class Scenes:
    """Begins a scene every few seconds and ends each in time. The clock is the caller's."""

    def __init__(
        self, subjects: Sequence[str], rng: Random, *, day: date, tag: str, source: str, at: Callable[[float], str]
    ) -> None:
        """*tag* keeps ids apart from those of other runs; *at* writes a second of the clock as the time of a fact."""
        self._subjects, self._rng, self._on, self._tag = list(subjects), rng, day.isoformat(), tag
        self._source, self._at = source, at
        self._number = 0
        self._next = 0.0
        self.open: list[Open] = []

    def due(self, now: float, grade: Callable[[str], str | None]) -> list[Event]:
        """The facts that happen by second *now*. *grade* says how a customer stands: none is chosen that cannot fall."""
        over = [scene for scene in self.open if scene.ends_at <= now]
        self.open = [scene for scene in self.open if scene.ends_at > now]
        facts = [scene.fact for scene in over]
        if now >= self._next:
            self._next = now + EVERY_S
            subject = self._someone(grade)
            if subject is not None:
                facts.append(self._begin(subject, now))
        return facts

    @property
    def endings(self) -> list[Event]:
        """The facts that end what is going on; each is the same whenever it is posted."""
        return [scene.fact for scene in self.open]

    def _someone(self, grade: Callable[[str], str | None]) -> str | None:
        busy = {scene.subject for scene in self.open}
        for _ in range(LOOKS):
            subject = self._rng.choice(self._subjects)
            if subject not in busy and grade(subject) not in (None, WORST):
                return subject
        return None

    def _begin(self, subject: str, now: float) -> Event:
        self._number += 1
        pair = self._rng.choices(tuple(KINDS), weights=tuple(KINDS.values()))[0]
        begins, ends = pair(f"SCENE-{self._tag}-{self._number}", self._on)
        last = now + self._rng.uniform(SHORTEST_S, LONGEST_S)
        self.open.append(Open(subject, last, self._fact(subject, "end", *ends, last)))
        return self._fact(subject, "begin", *begins, now)

    def _fact(self, subject: str, what: str, kind: str, data: Event, second: float) -> Event:
        return {
            "specversion": "1.0",
            "id": f"{self._tag}:scene-{self._number}-{what}",
            "source": self._source,
            "type": f"credit.{kind}.v1",
            "subject": subject,
            "time": self._at(second),
            "datacontenttype": "application/json",
            "data": data,
        }
