"""Early-warning rules as data, and the watch that raises, escalates, eases and clears them. The day is an argument.

A level is left only when the value is better than its *hold* mark, so that a value that trembles on an edge does not
ring twice. Upward rules (`at_least`, `above`): the hold mark is `clear_at` (0.9) of the raise mark. Downward rules
(`below`): the shortfall from `best` must be at most `clear_at` of the shortfall at the raise mark: below 0.95 with
best 1 clears at 0.955. Switches clear when they no longer hold. A value that is not known changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import cached_property

import msgspec

from shared.core.policy.condition import Condition, Operator, test_of
from shared.core.policy.measure import Reading, Value
from shared.core.policy.policy import Reference, Title


class Level(IntEnum):
    """How serious; NONE is silence."""

    NONE = 0
    INFO = 1
    WARNING = 2
    CRITICAL = 3


_NONE = Level.NONE  # naming a member of an enumeration costs more than a comparison


class WarningKind(StrEnum):
    """The four kinds of the literature, and one of our own for facts that contradict each other."""

    LEGAL_PERSON = "legal_person"
    BRAND = "brand"
    FINANCIAL = "financial"
    TRANSACTION = "transaction"
    DATA = "data"


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """One level of a rule: when it is raised."""

    level: Level
    condition: Condition


class WarningRule(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, dict=True):
    """One version of one rule. Its marks are in rising order of level; of several of one level any raises it."""

    id: str
    version: str
    kind: WarningKind
    effective: date
    approved: date
    owner: str
    title: Title
    reference: Reference
    measures: dict[str, Reading]
    marks: tuple[Mark, ...]
    clear_at: Decimal
    least_days: int
    """Days a level stands before it may be left."""
    silent_days: int
    """Days after clearing in which only a level above the one reached before is raised."""
    best: Decimal | None = None
    """The best value of a downward measure."""
    again: str = ""
    """A measure of the rule. While the warning stands it is raised again under its id: whenever what is counted has grown, and
    once a day where an amount has changed."""
    assumed: bool = False
    why: str = ""
    sha256: str = ""

    @cached_property
    def tests(self) -> tuple[tuple[Level, str, _Test, _Test], ...]:
        """(level, alias, raised, held) of each mark, the most serious first."""
        return tuple(
            (mark.level, mark.condition.measure, test_of(mark.condition), test_of(hold_of(self, mark)))
            for mark in reversed(self.marks)
        )

    @cached_property
    def weakest(self) -> _Test | None:
        """Where all marks are of one measure, nothing is raised unless the mildest is."""
        return test_of(self.marks[0].condition) if len({one.condition.measure for one in self.marks}) == 1 else None


_Test = Callable[[Mapping[str, Value]], bool]


class Watch(msgspec.Struct, frozen=True, array_like=True):
    """Where one rule stands for one customer. A rule that was never raised has none."""

    rule: str
    level: Level
    """NONE: cleared."""
    since: date
    """The day of the last change of level."""
    raised_on: date
    """The day it was raised; names the warning together with the rule."""
    peak: Level
    """The most serious level since it was raised."""


class Step(StrEnum):
    """What happened to a warning."""

    RAISED = "raised"
    ESCALATED = "escalated"
    EASED = "eased"
    CLEARED = "cleared"


class Change(msgspec.Struct, frozen=True):
    """One step of one warning, with what was seen."""

    rule: str
    kind: WarningKind
    step: Step
    level: Level
    before: Level
    raised_on: date
    figures: dict[str, Value]


class WarningBook(msgspec.Struct, frozen=True):
    """Every version of every warning rule, by id, in the order in which they take effect."""

    rules: dict[str, tuple[WarningRule, ...]]

    def at(self, as_of: date, known_on: date | None = None) -> tuple[WarningRule, ...]:
        """Return the version of each rule in force on *as_of*, by id; a rule without one is left out."""
        return tuple(
            rule for _, versions in sorted(self.rules.items()) if (rule := _in_force(versions, as_of, known_on))
        )


def _in_force(versions: tuple[WarningRule, ...], as_of: date, known_on: date | None) -> WarningRule | None:
    for rule in reversed(versions):
        if rule.effective <= as_of and (known_on is None or rule.approved <= known_on):
            return rule
    return None


def hold_of(rule: WarningRule, mark: Mark) -> Condition:
    """Return the condition under which a level that was raised is kept."""
    condition, against = mark.condition, mark.condition.against
    if isinstance(against, bool) or not isinstance(against, Decimal):
        return condition
    if condition.operator is Operator.BELOW:
        best = against if rule.best is None else rule.best
        against = best - rule.clear_at * (best - against)
    else:
        against = rule.clear_at * against
    return msgspec.structs.replace(condition, against=against)


def watch(
    rules: tuple[WarningRule, ...], values: Mapping[str, Value], states: tuple[Watch, ...], day: date
) -> tuple[tuple[Watch, ...], tuple[Change, ...]]:
    """Bring *states* to *day* under *rules*, given *values* (alias → value; None or absent: not known).

    Returns the new states, sorted by rule (the very same tuple when nothing changed), and what happened. Rules that are
    no longer in force keep their state and are not looked at.
    """
    known = {state.rule: state for state in states} if states else {}
    changes: list[Change] = []
    for rule in rules:
        state = known.get(rule.id)
        if state is None and (weakest := rule.weakest) is not None and not weakest(values):
            continue  # the quick answer of most days
        target = _target(rule, values, state)
        if state is None:
            if not target:
                continue
        elif target == state.level or ((waits_until := _waits_until(rule, state, target)) and day < waits_until):
            continue
        changed, change = _move(rule, values, state, target, day)
        known[rule.id] = changed
        changes.append(change)
    if not changes:
        return states, ()
    return tuple(known[rule] for rule in sorted(known)), tuple(changes)


def next_change(
    rules: tuple[WarningRule, ...], values: Mapping[str, Value], states: tuple[Watch, ...], day: date
) -> date | None:
    """Return the first day after *day* on which a watch changes though *values* do not; None: never."""
    known = {state.rule: state for state in states} if states else {}
    days = []
    for rule in rules:
        state = known.get(rule.id)
        if state is not None and (target := _target(rule, values, state)) != state.level:
            waits_until = _waits_until(rule, state, target)
            days.append(max(waits_until or day, day + timedelta(days=1)))
    return min(days, default=None)


def _target(rule: WarningRule, values: Mapping[str, Value], state: Watch | None) -> Level:
    """The level that the values ask for: raised above the present level, held at and below it."""
    present = state.level if state is not None else _NONE
    for level, alias, raised, held in rule.tests:
        if level > present:
            if raised(values):
                return level
        elif held(values) or (level == present and values.get(alias) is None):
            return level
    return _NONE


def _waits_until(rule: WarningRule, state: Watch, target: Level) -> date | None:
    """The day before which this move is not made; None where it is made at once."""
    if target < state.level:
        return state.since + timedelta(days=rule.least_days)
    if state.level is _NONE and target <= state.peak:
        return state.since + timedelta(days=rule.silent_days)
    return None


def _move(
    rule: WarningRule, values: Mapping[str, Value], state: Watch | None, target: Level, day: date
) -> tuple[Watch, Change]:
    before = state.level if state is not None else Level.NONE
    if state is None or before is Level.NONE:
        step, raised_on, peak = Step.RAISED, day, target
    else:
        raised_on, peak = state.raised_on, max(state.peak, target)
        step = Step.CLEARED if target is Level.NONE else Step.ESCALATED if target > before else Step.EASED
    figures = {alias: values.get(alias) for alias in rule.measures}
    change = Change(rule.id, rule.kind, step, target, before, raised_on, figures)
    return Watch(rule.id, target, day, raised_on, peak), change
