"""The grade path: the standing of a customer on every day, a pure function of facts, policies and calendar.

One step a day from the first fact on. Days on which nothing can change are skipped; that the result equals the daily
walk is a property test. Movement rules (G-22, G-23) depend on the path, so a late fact walks it again from its date.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date

import msgspec

from services.rating.core.days import months_before
from services.rating.core.engine import Engine, Sheet
from services.rating.core.moving import fallen, risen
from services.rating.core.overriding import next_change as next_change_of_overrides
from services.rating.core.overriding import overlaid
from services.rating.core.position import BOOKED, DUE, Position
from services.rating.core.state import State
from shared.core.policy.policy import Policy
from shared.core.policy.warning import Watch, next_change, watch
from shared.core.refusal import Refusal

_EARLY = 4
"""How many days before its time a sum over months may change: windows of months jump at the end of February."""


class Standing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What holds from one day of the path on."""

    method: str = ""
    version: str = ""
    sha256: str = ""
    grade: str | None = None
    """The effective grade: movement rules and overrides count."""
    underlying: str | None = None
    refusal: str | None = None
    since: int = 0
    """The first day of the unbroken run of this grade."""
    fell_on: int = 0
    kept: str | None = None
    """The last grade before a refusal: the movement rules hold against it when there is a grade again."""
    worst: bool = False
    """Whether the rules alone give the worst grade."""
    worst_on: int = 0
    """The last day on which the rules alone gave the worst grade, once they give another."""
    default_on: int = 0
    """Where a trigger of default holds, the day it began to; afterwards the last day it held."""
    defaulted: bool = False
    """Whether a trigger of default holds."""
    held: tuple[str, ...] = ()
    """Movement rules that keep the grade away from the underlying one."""
    watches: tuple[Watch, ...] = ()
    override: str = ""
    """The override that holds."""
    rules: Standing | None = None
    """What would hold had nobody ever overridden, where that is another standing: the movement rules go on from it."""


Path = list[tuple[int, Standing]]
"""(day, standing) for each day on which anything changed, in order."""


def at(path: Path, day: int) -> Standing | None:
    """The standing on *day*; None before the path begins."""
    index = bisect_left(path, day + 1, key=lambda entry: entry[0])
    return path[index - 1][1] if index else None


def walk(
    state: State, path: Path, start: int, end: int, engine: Engine, *, daily: bool = False
) -> tuple[Sheet | None, int]:
    """Extend *path* (cut at *start*) to *end* and leave the ledger there.

    Returns what was seen on the last day (None: nothing had to be looked at there), and the next day to look at.

    *daily* takes every single day, for the property test.
    """
    del path[bisect_left(path, start, key=lambda entry: entry[0]) :]
    standing = path[-1][1] if path else None
    day, sheet = max(start, state.first), None
    while day <= end:
        state.ledger.move_to(day)
        sheet = engine.sheet(state)
        now = step(state, standing.rules or standing if standing else None, sheet, day, engine)
        if state.overrides:
            now = overlaid(state, standing, now, sheet.policy if isinstance(sheet.policy, Policy) else None, day)
        standing = _extend(path, standing, now, day)
        day = day + 1 if daily else next_day(state, standing, sheet, day, engine)
    if state.ledger.day != end:
        state.ledger.move_to(end)
        sheet = None
    return sheet, day


def _extend(path: Path, before: Standing | None, now: Standing, day: int) -> Standing:
    if before is None or now != before:
        path.append((day, now))
    return now


def step(state: State, before: Standing | None, sheet: Sheet, day: int, engine: Engine) -> Standing:
    """The standing on *day*, given the one before and what is seen on *day*. Between the two nothing changed."""
    was = before or Standing()
    watches, _ = watch(engine.warnings(day), sheet.signs, was.watches, date.fromordinal(day))
    policy = sheet.policy
    if isinstance(policy, Refusal):
        return _ungraded(was, str(policy), day, () if policy is Refusal.MERGED else watches)
    defaulted = bool(sheet.values.get("in_default"))
    default_on = was.default_on
    if defaulted != was.defaulted:
        default_on = day if defaulted else day - 1
    assessment = sheet.assess(sheet.in_default_since(default_on))
    if assessment.grade is None:
        now = _ungraded(was, str(assessment.refusal), day, watches)
    else:
        now = _graded(state, was, policy, assessment.grade, day, ruled=bool(assessment.caps))
    return msgspec.structs.replace(
        now,
        method=policy.method,
        version=policy.version,
        sha256=policy.sha256,
        default_on=default_on,
        defaulted=defaulted,
        watches=watches,
    )


def _ungraded(was: Standing, refusal: str, day: int, watches: tuple[Watch, ...]) -> Standing:
    return msgspec.structs.replace(
        was,
        method="",
        version="",
        sha256="",
        grade=None,
        underlying=None,
        refusal=refusal,
        since=was.since if was.grade is None and was.refusal == refusal else day,
        kept=was.grade or was.kept,
        worst_on=day - 1 if was.worst else was.worst_on,
        worst=False,
        held=(),
        watches=watches,
    )


def _graded(state: State, was: Standing, policy: Policy, underlying: str, day: int, *, ruled: bool) -> Standing:
    grades = policy.grades
    worst = underlying == grades[-1]
    fell_on = was.fell_on
    held: tuple[str, ...] = ()
    grade, stood = underlying, was.grade or was.kept
    worst_on = day - 1 if was.worst and not worst else was.worst_on
    if stood is not None and stood in grades and was.method in {"", policy.method}:
        place, target = grades.index(stood), grades.index(underlying)
        if target > place:
            grade, held = (underlying, ()) if ruled else fallen(policy, place, target, state, day)
            fell_on = was.fell_on if held else day
        elif target < place:
            grade, held = risen(state, msgspec.structs.replace(was, worst_on=worst_on), policy, place, target, day)
    return Standing(
        grade=grade,
        underlying=underlying,
        since=was.since if grade == was.grade and was.method == policy.method else day,
        fell_on=fell_on,
        worst_on=worst_on,
        worst=worst,
        held=held,
    )


def next_day(state: State, standing: Standing, sheet: Sheet, day: int, engine: Engine) -> int:
    """The next day on which anything may change with no fact but the day. Early is allowed, late is not."""
    if sheet.daily:
        return day + 1
    on = date.fromordinal(day)
    if on.day == 1 and (standing.held or standing.grade != standing.underlying):
        return day + 1  # what may only move at a review is held again
    least = months_before(day - on.day + 1, -1)
    least = min(least, state.ledger.next_effect(), engine.context.next_date(day))
    if standing.fell_on and isinstance(sheet.policy, Policy):
        cooled = standing.fell_on + sheet.policy.movement.rise.cooldown_days
        least = min(least, cooled if cooled > day else least)
    if state.overrides:
        least = min(least, next_change_of_overrides(state, day))
    at = bisect_right(state.days, day)
    if at < len(state.days):
        least = min(least, state.days[at])
    for position in state.ledger.positions.values():
        least = min(least, _next_in(position, day, least))
        if least <= day + 1:
            return day + 1
    least = min(least, _next_anniversary(_anniversaries(state, standing), on))
    waits = next_change(engine.warnings(day), sheet.signs, standing.watches, on)
    if waits is not None:
        least = min(least, waits.toordinal())
    return max(day + 1, min(least, engine.next_effective(day)))


def _next_in(position: Position, day: int, least: int) -> int:
    """The next day, *least* at the latest, on which a sum of *position* may change."""
    for opened in position.opens:
        first = opened.first_due()
        if first:
            least = min(least, first + 1 if first > day else day + 1)
    for family, flow in position.flows.items():
        if flow.windows:
            if family >= DUE and day in flow.days:
                return day + 1  # what falls due today counts from tomorrow on
            least = min(least, day + max(1, flow.next_change(day) - _EARLY))
    for late in position.lates:
        least = min(least, day + max(1, late.next_change(day) - _EARLY))
    return least


def _anniversaries(state: State, standing: Standing) -> set[int]:
    """Days of the month on which a measure that counts whole months may change, or on the day after."""
    bases = [day for day in (standing.default_on, standing.worst_on) if day]
    for position in state.ledger.positions.values():
        first = position.flow(BOOKED).first()
        if first:
            bases.append(first)
    bases += [value for _, value in state.profile.get("opened_on", ()) if value]
    for kind, records in state.records.items():
        if kind not in {"dunning", "assessment"}:
            for record in records.values():
                days = [record.day, record.what.get("known", 0), *(order[0] for order, _ in record.ends)]
                bases += [day for day in days if day]
    for reports in state.measures.values():
        for order, end, _ in reports:
            bases += [order[0], end]
    return {date.fromordinal(day).day for day in bases}


def _next_anniversary(days: set[int], on: date) -> int:
    """The ordinal of the next day after *on* that is one of *days* of the month or follows one; at the latest a month start.

    Late in a month every day counts, for a shorter month moves the 29th to the 31st.
    """
    start = months_before(on.toordinal() - on.day + 1, -1)
    last = start - on.toordinal() + on.day
    for day in range(on.day + 1, last + 1):
        if day in days or day - 1 in days or (day >= 28 and max(days, default=0) >= 28):
            return on.toordinal() + day - on.day
    return start
