"""What time does to an open approval: reminder, deputies, lapse (AP-04.03). It moves only when a day opens."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.core.approval.request import Approval
from shared.core.approval.sittings import every_seat
from shared.core.approval.steps import at, committee_of
from shared.core.events.approval import ApprovalDecision, ApprovalEscalated, ApprovalExpired

NEVER = 4_000_000
"""Later than any day."""
_LEVELS = ("", "reminder", "deputy")


def due(approval: Approval, day: int, common: dict[str, Any]) -> ApprovalDecision | None:
    """What has to be said of *approval* once *day* is open; None where nothing has. Said once, it is due no more."""
    if not approval.open:
        return None
    step = at(approval, {})
    said: dict[str, Any] = {
        **common,
        "as_of": date.fromordinal(day),
        "approval_id": approval.approval_id,
        "kind": approval.kind,
        "payload_sha256": approval.sha256,
        "step": step,
        "role": approval.roles[step - 1],
    }
    if approval.lapses_on and day > approval.lapses_on:
        return ApprovalExpired(**said)
    level = _level(approval, day)
    if _LEVELS.index(level) <= _LEVELS.index(approval.escalated):
        return None
    deputies = _deputies(approval, step) if level == "deputy" else ()
    return ApprovalEscalated(**said, to=level, deputies=deputies)  # type: ignore[arg-type]


def _deputies(approval: Approval, step: int) -> tuple[str, ...]:
    committee = committee_of(approval, step)
    named = (approval.roles[step - 1],) if committee is None else every_seat(committee)
    return tuple(dict.fromkeys(one for role in named for one in approval.deputies.get(role, ())))


def next_due(approval: Approval, day: int) -> int:
    """The next day after *day* on which something may be due; NEVER where none is."""
    if not approval.open:
        return NEVER
    days = (approval.remind_on, approval.deputy_on, approval.lapses_on + 1 if approval.lapses_on else 0)
    return min((on for on in days if on > day), default=NEVER)


def _level(approval: Approval, day: int) -> str:
    if approval.deputy_on and day >= approval.deputy_on:
        return "deputy"
    return "reminder" if approval.remind_on and day >= approval.remind_on else ""
