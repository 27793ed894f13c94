"""What holds of a customer under one purpose from one day on, and how it follows from the day before."""

from __future__ import annotations

from datetime import date

import msgspec

from services.rating.core.engine import Sheet
from services.rating.core.moving import asks_for, fallen, placed, reviewed_by, risen
from services.rating.core.rising import NEEDS, UNCONFIRMED, first
from services.rating.core.state import State
from shared.core.ledger.days import FAR, months_before
from shared.core.policy.policy import Policy
from shared.core.policy.warning import Watch, watch
from shared.core.refusal import Refusal

LAPSED = str(Refusal.GRADE_LAPSED)


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
    valid_from: int = 0
    """Where a grade may lapse: the day from which its validity counts."""
    due: str | None = None
    """The grade that waits for a place under a quota."""
    override: str = ""
    """The override that holds."""
    rules: Standing | None = None
    """What would hold had nobody ever overridden, where that is another standing: the movement rules go on from it."""
    asks: str | None = None
    """The grade that waits for a request to be granted, and for nothing else."""


def step(state: State, before: Standing | None, sheet: Sheet, day: int) -> Standing:
    """The standing on *day*, given the one before and what is seen on *day*. Between the two nothing changed."""
    was = before or Standing()
    watches: tuple[Watch, ...] = ()
    if sheet.rules or was.watches:
        watches, _ = watch(sheet.rules, sheet.signs, was.watches, date.fromordinal(day))
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
    elif (begins := assessment.grade if was.grade or was.kept else first(state, policy, assessment.grade, day)) is None:
        waits = _ungraded(was, UNCONFIRMED, day, watches)
        now = msgspec.structs.replace(waits, underlying=assessment.grade, asks=assessment.grade)
    else:
        now = _graded(state, was, policy, assessment.grade, day, begins=begins, ruled=bool(assessment.caps))
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
        due=None,
        asks=None,
    )


def _graded(
    state: State, was: Standing, policy: Policy, underlying: str, day: int, *, begins: str, ruled: bool
) -> Standing:
    grades = policy.grades
    worst = underlying == grades[-1]
    fell_on = was.fell_on
    held: tuple[str, ...] = ()
    asks: str | None = None
    grade, stood = begins, was.grade or was.kept
    worst_on = day - 1 if was.worst and not worst else was.worst_on
    if stood not in grades or was.method not in {"", policy.method}:
        stood = None
    if stood is not None:
        place, target = grades.index(stood), grades.index(underlying)
        if target > place:
            grade, held = (underlying, ()) if ruled else fallen(policy, place, target, state, day)
            fell_on = was.fell_on if held else day
        elif target < place:
            grade, held = risen(state, msgspec.structs.replace(was, worst_on=worst_on), policy, place, target, day)
            asks = asks_for(policy, place, target) if held == (NEEDS,) else None
    due = None
    if policy.capped:
        deserved, (grade, without) = grade, placed(policy, grade, stood, state, day)
        held, due = (*held, *without), deserved if without else None
    now = Standing(
        grade=grade,
        underlying=underlying,
        since=was.since if grade == was.grade and was.method == policy.method else day,
        fell_on=fell_on,
        worst_on=worst_on,
        worst=worst,
        held=held,
        due=due,
        asks=asks,
    )
    return now if policy.movement.lapse is None else _valid(state, was, now, stood, policy, day)


def _valid(state: State, was: Standing, now: Standing, stood: str | None, policy: Policy, day: int) -> Standing:
    """*now*, or what is left of it where its validity ended without a review."""
    lapse = policy.movement.lapse
    assert lapse is not None
    lapsed = was.refusal == LAPSED or LAPSED in was.held
    began = was.valid_from if lapsed or (stood is not None and now.grade == stood) else day
    valid_from = max(began, reviewed_by(state, day))
    now = msgspec.structs.replace(now, valid_from=valid_from)
    if lapses_on(policy, now.grade, valid_from) > day:
        return now
    if lapse.then == "no_grade":
        since = was.since if was.refusal == LAPSED else day
        return msgspec.structs.replace(now, grade=None, refusal=LAPSED, kept=now.grade, since=since)
    grades = policy.grades
    assert now.grade is not None
    if grades.index(now.grade) >= grades.index(lapse.cap):
        return msgspec.structs.replace(now, held=(*now.held, LAPSED))
    since = was.since if was.grade == lapse.cap and was.method == policy.method else day
    return msgspec.structs.replace(now, grade=lapse.cap, since=since, held=(*now.held, LAPSED))


def lapses_on(policy: Policy, grade: str | None, valid_from: int) -> int:
    """The first day on which *grade*, valid from *valid_from*, has lapsed; FAR where it never does."""
    lapse = policy.movement.lapse
    months = policy.movement.valid_months.get(grade or "") if lapse else None
    if lapse is None or not months:
        return FAR
    return months_before(valid_from, -months) + lapse.after_days + 1
