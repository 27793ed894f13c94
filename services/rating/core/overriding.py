"""What people put in the place of a grade, until a day: an input of the grade path, laid over what the rules give (G-25).

The rules go on underneath as if nobody had spoken: cooldowns, reviews and steps follow their own grade, so that when an
override ends, the grade is the one that would have stood without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shared.core.events.approval import OverrideExpired, OverrideSet, OverrideWithdrawn
from shared.core.events.base import Decision
from shared.core.refusal import Refusal

if TYPE_CHECKING:
    from services.rating.core.engine import Engine, Sheet
    from services.rating.core.standing import Standing
    from services.rating.core.state import State

SET, CAPPED, OFF_SCALE = "OVERRIDE", "OVERRIDE_CAP", "OVERRIDE_OFF_SCALE"
"""Why the grade is not that of the rules; the last: an override stands whose grade this scale has not."""
NEVER = 4_000_000


class Override(msgspec.Struct, array_like=True, gc=False):
    """One override. Days are ordinals; it holds from *set_on* to *expires_on*, and before *withdrawn_on* where that is set."""

    override_id: str
    set_on: int
    expires_on: int
    grade: str | None
    cap: str | None
    method: str | None
    reason: str
    by: str | None
    evidence: str | None
    approval_id: str | None
    withdrawn_on: int = 0
    told: bool = False
    """Whether it was said that it expired."""

    def holds(self, day: int) -> bool:
        """Whether it is in force on *day*."""
        return self.set_on <= day <= self.expires_on and not (self.withdrawn_on and day >= self.withdrawn_on)

    @property
    def last(self) -> int:
        """The last day on which it holds."""
        return min(self.expires_on, self.withdrawn_on - 1) if self.withdrawn_on else self.expires_on


def fold(state: State, data: Decision) -> None:
    """Keep what was decided about an override; the path from its day on may be another."""
    if isinstance(data, OverrideSet):
        on = data.as_of.toordinal()
        state.overrides[data.override_id] = Override(
            data.override_id,
            on,
            data.expires_on.toordinal(),
            data.grade,
            data.cap,
            data.method,
            data.reason,
            data.by,
            data.evidence,
            data.approval_id,
        )
        state.ledger.touched = min(state.ledger.touched, on)
    elif isinstance(data, OverrideWithdrawn) and data.override_id in state.overrides:
        on = state.overrides[data.override_id].withdrawn_on = data.as_of.toordinal()
        state.ledger.touched = min(state.ledger.touched, on)
    elif isinstance(data, OverrideExpired) and data.override_id in state.overrides:
        state.overrides[data.override_id].told = True


def in_force(state: State, day: int, purpose: str, engine: Engine) -> Override | None:
    """The override that holds on *day* under *purpose*, that of its method: of several the one that was set last."""
    holding = (one for one in reversed(state.overrides.values()) if one.holds(day))
    return next((one for one in holding if engine.purpose_of(one.method) == purpose), None)


def overlaid(state: State, before: Standing | None, now: Standing, sheet: Sheet, day: int, engine: Engine) -> Standing:
    """The standing on *day* with the override that holds laid over *now*, what the rules give; *before*: yesterday's.

    What has no grade has no scale to override it on: a refusal stands.
    """
    grade, held, name, policy = now.grade, now.held, "", sheet.policy
    one = in_force(state, day, sheet.purpose, engine)
    if one is not None and not isinstance(policy, Refusal) and grade is not None:
        wanted = one.grade or one.cap or ""
        if wanted not in policy.grades or one.method not in {None, policy.method}:
            held = (OFF_SCALE, *held)
        elif one.grade is not None:
            grade, held, name = wanted, (SET, *held), one.override_id
        else:
            name = one.override_id
            if policy.grades.index(grade) < policy.grades.index(wanted):
                grade, held = wanted, (CAPPED, *held)
    goes_on = before is not None and (before.grade, before.refusal, before.method) == (grade, now.refusal, now.method)
    since = before.since if goes_on and before is not None else day
    if not name and since == now.since and held is now.held:
        return now
    return msgspec.structs.replace(now, grade=grade, since=since, held=held, override=name, rules=now)


def next_change(state: State, day: int) -> int:
    """The next day after *day* on which an override begins or ceases to hold; NEVER where none does."""
    days = (on for one in state.overrides.values() for on in (one.set_on, one.last + 1))
    return min((on for on in days if on > day), default=NEVER)


def ended_untold(state: State, day: int) -> list[Override]:
    """The overrides that expired before *day* and of which nobody was told."""
    return [o for o in state.overrides.values() if not o.told and not o.withdrawn_on and o.expires_on < day]


def renewals(state: State, day: int, method: str) -> int:
    """How many overrides under *method* stand one after the other, without a day between them, up to *day*."""
    count, first = 0, day
    mine = (one for one in state.overrides.values() if one.method in {None, method})
    for one in sorted(mine, key=lambda one: one.last, reverse=True):
        if one.set_on <= one.last >= first - 1:
            count, first = count + 1, min(first, one.set_on)
    return count
