"""When a grade is to be reviewed, and how long it is valid."""

from __future__ import annotations

from datetime import date

from services.rating.core.engine import Sheet
from services.rating.core.moving import reviewed_by
from services.rating.core.standing import Standing
from services.rating.core.state import State
from shared.core.ledger.days import FAR, months_before
from shared.core.policy.policy import Policy


def valid_until(policy: Policy, standing: Standing, state: State, day: int) -> date | None:
    """The last day of the grade that stands on *day*: that of the override that put it there, or the day by which it must be
    reviewed, whichever comes first."""
    reviewed, held = _reviewed_by(policy, standing, day), state.overrides.get(standing.override)
    if held is None or (held.grade is None and standing.grade == (standing.rules or standing).grade):
        return reviewed  # nobody has put it there; a cap under which it lies holds nothing
    last = date.fromordinal(held.last)
    return last if reviewed is None else min(last, reviewed)


def _reviewed_by(policy: Policy, standing: Standing, day: int) -> date | None:
    """The day by which the grade must be reviewed: its cadence counted on from when it began."""
    months = policy.movement.valid_months.get(standing.grade or "")
    if not months or not standing.since:
        return None
    if policy.movement.lapse is not None:
        return date.fromordinal(months_before(standing.valid_from, -months))
    until = months_before(standing.since, -months)
    rounds = 1
    while until < day:
        rounds += 1
        until = months_before(standing.since, -months * rounds)
    return date.fromordinal(until)


def review_due(state: State, standing: Standing, sheet: Sheet) -> int:
    """The day on which *standing* is to be reviewed by people, counted from its beginning or its last review; FAR: never."""
    policy = sheet.policy
    months = policy.movement.review_months.get(standing.grade or "") if isinstance(policy, Policy) else None
    if not months:
        return FAR
    return months_before(max(standing.since, reviewed_by(state, sheet.reader.day)), -months)


def next_review(state: State, standing: Standing, sheet: Sheet) -> int:
    """The first day after the one seen on which a review falls due under any purpose; FAR: none does."""
    due = review_due(state, standing, sheet)
    due = due if due > state.head else FAR
    for one in sheet.besides:
        other = review_due(state, state.besides[one.purpose][-1][1], one)
        due = min(due, other if other > state.head else FAR)
    return due
