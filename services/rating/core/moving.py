"""How far a grade moves on a day: what the rules of movement and the quotas let pass, and what holds it (G-22, G-23)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from services.rating.core import rising
from services.rating.core.state import State
from shared.core.customer.state import PLACES
from shared.core.ledger.days import months_before
from shared.core.policy.movement import is_review
from shared.core.policy.policy import Policy

if TYPE_CHECKING:
    from services.rating.core.standing import Standing

_APPROVING = frozenset({"approved", "rise", "release"})
"""Outcomes of a completed review that let a grade rise where that needs an approval."""

_TIMING = frozenset({"RISE_AT_REVIEW_ONLY", "RISE_NOT_AT_THIS_REVIEW"})
"""What does not hold a rise that is granted this very day: it was asked for on a day on which it could rise."""

Moved = tuple[str, tuple[str, ...]]
"""The grade, and the rules that keep it where it was."""


def fallen(policy: Policy, place: int, target: int, state: State, day: int) -> Moved:
    """The grade on *day* of who stands at *place* of the scale and is at *target* by points, lists or letters."""
    falls, grades = policy.movement.falls, policy.grades
    if falls is None or any(_happened(state, kind, day) for kind in falls.at_once_on):
        return grades[target], ()
    on = date.fromordinal(day)
    if not is_review(on.month, on.day, falls.only_at):
        return grades[place], ("FALL_AT_REVIEW_ONLY",)
    return grades[min(target, place + falls.max_steps)], ()


def _happened(state: State, kind: str, day: int) -> bool:
    return any(record.day == day for record in state.records.get(kind, {}).values())


def risen(state: State, was: Standing, policy: Policy, place: int, target: int, day: int) -> Moved:
    """The grade on *day* of who stands at *place* of the scale and deserves the better *target*."""
    stood = policy.grades[place]
    granted = rising.granted(state, policy, stood, was.since, day) if state.rises else {}
    today = {grade for grade, on_the_day in granted.items() if on_the_day}
    held = _held(state, stood, was, policy, day, granted)
    if held and not (today and set(held) <= _TIMING):
        return stood, held
    open_to = reachable(policy, place, target)
    if not open_to:
        return stood, ("RISE_NOT_FROM_HERE",)
    for grade in open_to:
        if held and grade not in today:
            continue  # between two reviews it rises to what was granted today and to nothing else
        if _may_enter(state, was, policy, grade, day, granted):
            return grade, ()
    return stood, held or ("RISE_NEEDS_APPROVAL",)


def reachable(policy: Policy, place: int, target: int) -> list[str]:
    """The grades to which who stands at *place* of the scale may rise towards *target*, best first."""
    rise, grades = policy.movement.rise, policy.grades
    stood = grades[place]
    reach = range(max(target, place - rise.max_steps), place)
    return [grades[to] for to in reach if stood in rise.only_from.get(grades[to], (stood,))]


def asks_for(policy: Policy, place: int, target: int) -> str | None:
    """The best grade that who waits for an approval alone could rise to by a request; None: none needs one."""
    if policy.purpose == "compliance":
        return None  # what people are asked is read by many; there a completed review approves
    return next((to for to in reachable(policy, place, target) if policy.movement.approvers("rise", to)), None)


def _may_enter(state: State, was: Standing, policy: Policy, grade: str, day: int, granted: Mapping[str, bool]) -> bool:
    """Whether everybody who must approve a rise to *grade* has."""
    movement = policy.movement
    review = movement.through_review(grade)
    if movement.approvers("rise", grade):
        if policy.purpose != "compliance" and grade not in granted:
            return False
        review = review or policy.purpose == "compliance"
    return not review or _approved(state, was, 0, day)


def _held(
    state: State, stood: str, was: Standing, policy: Policy, day: int, granted: Mapping[str, bool]
) -> tuple[str, ...]:
    """Why the grade may not rise on *day*: every rule that forbids it (G-23); empty where it may."""
    rise, on = policy.movement.rise, date.fromordinal(day)
    held = []
    if rise.only_at != "any_day" and not is_review(on.month, on.day, rise.only_at):
        held.append("RISE_AT_REVIEW_ONLY")
    if rise.never_at and is_review(on.month, on.day, rise.never_at):
        held.append("RISE_NOT_AT_THIS_REVIEW")
    if was.fell_on and day - was.fell_on < rise.cooldown_days:
        held.append("RISE_COOLDOWN")
    if stood == policy.grades[-1]:
        if was.worst_on and months_before(day, rise.from_worst.clean_months) < was.worst_on:
            held.append("RISE_NOT_CLEAN")
        if rise.from_worst.approval and not granted and not _approved(state, was, rise.from_worst.clean_months, day):
            held.append("RISE_NEEDS_APPROVAL")
    return tuple(held)


def _approved(state: State, was: Standing, clean_months: int, day: int) -> bool:
    """Whether a completed review let the customer leave the worst grade, after the clean months (G-23)."""
    return any(
        review.order
        and was.since < review.day <= day
        and review.what.get("outcome") in _APPROVING
        and (not was.worst_on or months_before(review.day, clean_months) >= was.worst_on)
        for review in state.records.get("review", {}).values()
    )


def placed(policy: Policy, grade: str, stood: str | None, state: State, day: int) -> Moved:
    """What is left on *day* of *grade*, which the rules of movement give to who stood at *stood* (None: nowhere).

    A grade under a quota is entered only with a place that a population review of this very day gave, and is held until
    the grade is lost by the rules or a review takes the place away.
    """
    grades = policy.grades
    for quota in policy.capped:
        if grade != quota.holds:
            continue
        said = place_of(state, policy.method, quota.holds, day)
        lower = grades[min(grades.index(grade) + 1, len(grades) - 1)]
        if stood == grade:
            return (lower, ("QUOTA_PUSHED_OUT",)) if said == "pushed_out" else (grade, ())
        if said != "place":
            below = stood is not None and grades.index(stood) > grades.index(grade)
            return (stood if stood is not None and below and quota.above == "stay" else lower), ("QUOTA_NO_PLACE",)
    return grade, ()


def place_of(state: State, method: str, holds: str, day: int) -> str:
    """What the population review of *day* said: place, pushed_out; empty where there was none or it said nothing."""
    record = state.records.get(PLACES, {}).get(review_id(method, holds, date.fromordinal(day)))
    return record.what.get("outcome") or "" if record is not None and record.order else ""


def review_id(method: str, holds: str, on: date) -> str:
    """What the population review of *on* under the quota of the grade *holds* is called."""
    return f"{method}/{holds}/{on}"


def reviewed_by(state: State, day: int) -> int:
    """The day of the last review of this customer that was completed by *day*; 0: none."""
    reviews = state.records.get("review")
    if not reviews:
        return 0
    return max((one.day for one in reviews.values() if one.order and one.day <= day), default=0)
