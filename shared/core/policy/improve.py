"""What would make a grade better: the most useful single changes, and the smallest sets of changes that reach a grade.

A change sets one measure, or one derived value, to another value: an edge of the rules, or the nearest value beyond one.
What a customer is, and not what it does, is left alone: whatever chooses its template or its sector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations
from typing import Any

import msgspec

from shared.core.policy.assessment import Assessment
from shared.core.policy.edges import edges
from shared.core.policy.evaluate import evaluate
from shared.core.policy.measure import Kind, Value, is_whole, kind_of
from shared.core.policy.policy import Policy
from shared.core.policy.shape import Shape
from shared.core.policy.shaped import ShapedPlan

_MOST_CHANGES = 3
_STEPS = {Kind.RATIO: Decimal("0.0001"), Kind.MONEY: Decimal(1)}
_STEP = Decimal("0.01")

Merit = tuple[int, Decimal, int]
"""Smaller is better: the place on the scale, the score, the letters below the best. A refusal is worth no more than a veto."""


class Change(msgspec.Struct, frozen=True):
    """One measure, or derived value, and what it would have to be."""

    measure: str
    now: Value
    needed: Value


class Way(msgspec.Struct, frozen=True):
    """Changes that together have an effect, and that effect."""

    changes: tuple[Change, ...]
    grade: str | None
    score: Decimal | None


def improvements(policy: Policy, values: dict[str, Value], most: int = 3) -> tuple[Way, ...]:
    """Return the *most* useful single changes, the best first: none that leaves grade and score as they are."""
    search = _Search(policy, values)
    found = [way for knob in search.knobs if (way := search.best(knob)) is not None]
    return tuple(way for _, way in sorted(found, key=lambda pair: pair[0])[:most])


def ways(policy: Policy, values: dict[str, Value], grade: str, most: int = 3) -> tuple[Way, ...]:
    """Return the smallest sets of changes, at most three changes each, that give *grade* or a better one.

    Empty: the grade stands already, or no three changes reach it. Each change is needed, and goes no further than it must.
    """
    search = _Search(policy, values)
    target = policy.grades.index(grade)
    if search.now[0] <= target:
        return ()
    single = {knob: list(search.better(knob)) for knob in search.knobs}
    useful = [knob for knob, found in single.items() if found]
    found: dict[tuple[Change, ...], Way] = {}
    for size in range(1, _MOST_CHANGES + 1):
        for chosen in combinations(useful, size):
            fixed = {knob: single[knob][0] for knob in chosen}
            if search.merit(fixed)[0] <= target and search.is_needed(fixed, target):
                way = search.way(search.shrunk(fixed, single, target))
                found[way.changes] = way
        if found:
            break
    effort = {way: sum(search.distance(change) for change in way.changes) for way in found.values()}
    return tuple(sorted(found.values(), key=lambda way: (effort[way], way.changes[0].measure))[:most])


class _Search:
    """One customer under one policy."""

    def __init__(self, policy: Policy, values: dict[str, Value]) -> None:
        self.policy, self.values = policy, values
        plan = policy.plan
        self._plan = plan if isinstance(plan, ShapedPlan) else None
        self._seen = self._plan.seen(values) if self._plan else values
        self._letters = sorted({str(item.letter) for card in policy.cards for item in card.outcomes})
        self._marks: dict[str, list[Any]] = {}
        for edge in edges(policy):
            if (edge.measure in policy.measures or edge.measure in policy.derived) and edge.value is not None:
                self._marks.setdefault(edge.measure, []).append(edge.value)
        self.knobs = tuple(knob for knob in self._marks if knob not in _given(policy))
        self.now = self.merit({})

    def assess(self, fixed: dict[str, Value]) -> Assessment:
        """Assess the customer with *fixed* changed."""
        if self._plan is None:
            return evaluate(self.policy, self.values | fixed)
        derived = {knob: value for knob, value in fixed.items() if knob in self.policy.derived}
        given = {knob: value for knob, value in fixed.items() if knob not in derived}
        return self._plan.run_with(self.values | given, derived)

    def merit(self, fixed: dict[str, Value]) -> Merit:
        """How good the outcome is; smaller is better."""
        found = self.assess(fixed)
        last = len(self.policy.scale) - 1
        place = last if found.grade is None else self.policy.grades.index(found.grade)
        ruled_out = found.grade is None or (place == last and bool(found.caps))
        score = Decimal(1) if ruled_out else -(found.score or Decimal(0))
        letters = sum(self._letters.index(hit.letter) for hit in found.hits if hit.letter in self._letters)
        return place, score, letters

    def better(self, knob: str) -> Iterator[Value]:
        """The values of *knob* that make the outcome better, or no worse but other, best first, nearest first."""
        marks, values = self._marks[knob], list(self._values(knob))
        ranked = sorted(
            (self.merit({knob: value}), self._distance(knob, value), value not in marks, str(value), place)
            for place, value in enumerate(values)
        )
        return (values[place] for merit, *_, place in ranked if merit <= self.now)

    def best(self, knob: str) -> tuple[Merit, Way] | None:
        """The nearest of the best values of *knob*; None where none is better than what is."""
        for value in self.better(knob):
            merit = self.merit({knob: value})
            if merit >= self.now:
                return None
            near = value if merit[1] != self.now[1] else self._nearest(knob, {}, value, merit[0])
            return merit, self.way({knob: near})
        return None

    def is_needed(self, fixed: dict[str, Value], target: int) -> bool:
        """Whether every single change of *fixed* is needed for *target*."""
        return all(
            self.merit({other: value for other, value in fixed.items() if other != knob})[0] > target for knob in fixed
        )

    def shrunk(self, fixed: dict[str, Value], single: dict[str, list[Value]], target: int) -> dict[str, Value]:
        """*fixed* with every change no greater than it must be."""
        for knob, furthest in tuple(fixed.items()):
            near = sorted((self._distance(knob, value), place, value) for place, value in enumerate(single[knob]))
            reach = [value for _, _, value in near if self.merit(fixed | {knob: value})[0] <= target]
            fixed = fixed | {knob: self._nearest(knob, fixed, reach[0] if reach else furthest, target)}
        return fixed

    def _nearest(self, knob: str, fixed: dict[str, Value], value: Any, target: int) -> Value:
        """Between what is and *value*: where a straight line lies in between, the first step that is enough."""
        now = self._seen.get(knob)
        if isinstance(value, bool | str) or now is None or isinstance(now, bool | str):
            return value  # type: ignore[no-any-return]
        step = self._step(knob)
        sign = step if value > now else -step
        start = (Decimal(now) / step).to_integral_value(ROUND_CEILING if value > now else ROUND_FLOOR) * step
        low, high = 0, int(abs(Decimal(value) - start) / step)
        while low < high:
            middle = (low + high) // 2
            if self.merit(fixed | {knob: _plain(start + sign * middle)})[0] <= target:
                high = middle
            else:
                low = middle + 1
        near = _plain(start + sign * high)
        return near if self.merit(fixed | {knob: near})[0] <= target else value

    def way(self, fixed: dict[str, Value]) -> Way:
        """The changes of *fixed* and what they come to."""
        found = self.assess(fixed)
        changes = tuple(Change(knob, self._seen.get(knob), value) for knob, value in sorted(fixed.items()))
        return Way(changes, found.grade, found.score)

    def distance(self, change: Change) -> int:
        """How many edges lie between what is and what is needed."""
        return self._distance(change.measure, change.needed)

    def _distance(self, knob: str, value: Any) -> int:
        now: Any = self._seen.get(knob)
        if now is None or isinstance(value, bool | str) or isinstance(now, bool | str):
            return 1
        low, high = min(now, value), max(now, value)
        return 1 + len([mark for mark in self._marks[knob] if low < mark <= high])

    def _values(self, knob: str) -> Iterable[Value]:
        marks = self._marks[knob]
        now = self._seen.get(knob)
        if any(isinstance(mark, bool) for mark in marks):
            return [value for value in (True, False) if value is not now]
        if any(isinstance(mark, str) for mark in marks):
            return [mark for mark in marks if mark != now]
        step = self._step(knob)
        beside = {_plain(mark + by) for mark in marks for by in (-step, Decimal(0), step)}
        counts = knob in self.policy.measures and kind_of(self.policy.measures[knob]).counts
        return sorted(value for value in beside if value != now and (value >= 0 or not counts))

    def _step(self, knob: str) -> Decimal:
        if knob not in self.policy.measures:
            return _STEP
        reading = self.policy.measures[knob]
        return Decimal(1) if is_whole(reading) else _STEPS.get(kind_of(reading), _STEP)


def _given(policy: Policy) -> frozenset[str]:
    """What chooses templates and sectors, and what these codes follow from."""
    shape = policy.shape or Shape()
    chosen = {shape.templates.by} if shape.templates else set()
    chosen |= {card.sector for card in policy.cards if card.sector}
    return frozenset(chosen | {alias for name in chosen if name in shape.labels for alias in shape.labels[name].reads})


def _plain(number: Decimal) -> Decimal:
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
