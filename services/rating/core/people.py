"""What people asked for and put in force: what is said of it as a day opens, each once, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from services.rating.core import excepting, overriding
from services.rating.core import view as v
from services.rating.core.engine import Engine
from services.rating.core.state import State
from shared.core.approval.timing import due as due_of
from shared.core.brain import Decided
from shared.core.events.approval import ExceptionEnded, OverrideExpired


def ended(state: State, common: Callable[[], dict[str, Any]]) -> list[Decided]:
    """Overrides and exceptions whose last day is over: said when the day after it opens. *common*: what all decisions carry."""
    overrides = [
        OverrideExpired(
            **common() | {"cause": "override"},
            override_id=one.override_id,
            expires_on=date.fromordinal(one.expires_on),
        )
        for one in overriding.ended_untold(state, state.head)
    ]
    exceptions = [
        ExceptionEnded(
            **common() | {"cause": "day"},
            exception_id=one.exception_id,
            excepts=one.excepts,
            expires_on=date.fromordinal(one.expires_on),
        )
        for one in excepting.ended_untold(state, state.head)
    ]
    return [Decided(data, True) for data in (*overrides, *exceptions)]


def due(state: State, common: Callable[[], dict[str, Any]]) -> list[Decided]:
    """Requests that waited too long: reminders, deputies, lapses (AP-04.03)."""
    found = (due_of(one, state.head, common() | {"cause": "day"}) for one in state.approvals.values())
    return [Decided(one, True) for one in found if one is not None]


def overrides(state: State, day: int, purpose: str, engine: Engine) -> tuple[v.Overriding, ...]:
    """Every override under *purpose* that was set by *day*, as it stands on it."""
    return tuple(
        v.Overriding(
            override_id=one.override_id,
            grade=one.grade,
            cap=one.cap,
            set_on=date.fromordinal(one.set_on),
            expires_on=date.fromordinal(one.expires_on),
            withdrawn_on=date.fromordinal(one.withdrawn_on) if 0 < one.withdrawn_on <= day else None,
            in_force=one.holds(day),
            reason=one.reason,
            by=one.by,
            evidence=one.evidence,
            approval_id=one.approval_id,
        )
        for one in state.overrides.values()
        if one.set_on <= day and engine.purpose_of(one.method) == purpose
    )


def exceptions(state: State, day: int) -> tuple[v.Excepting, ...]:
    """Every exception that was granted by *day*, as it stands on it."""
    return tuple(
        v.Excepting(
            exception_id=one.exception_id,
            excepts=one.excepts,
            terms=one.terms,
            size=None if one.size is None else format(one.size, "f"),
            method=one.method,
            set_on=date.fromordinal(one.set_on),
            expires_on=date.fromordinal(one.expires_on),
            in_force=one.holds(day),
            reason=one.reason,
            by=one.by,
            evidence=one.evidence,
            approval_id=one.approval_id,
        )
        for one in state.exceptions.values()
        if one.set_on <= day
    )
