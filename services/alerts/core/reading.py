"""What alerts see of a decision: its fields as text, with what they know of the subject besides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from services.alerts.core.case import Case, Heard
from services.alerts.core.requests import asked, follow, remember
from shared.core.approval.sittings import seats
from shared.core.envelope import Event
from shared.core.events.approval import (
    ApprovalDecision,
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalWaits,
)
from shared.core.events.base import Decision
from shared.core.events.limit import (
    GroupChanged,
    LimitBreached,
    LimitRestored,
    SupplyResumed,
    SupplySuspended,
)
from shared.core.events.rating import DecisionCorrected, GradeChanged
from shared.core.ledger.days import months_before

_OUTCOMES = {ApprovalGranted: "granted", ApprovalRefused: "refused", ApprovalExpired: "expired"}


def learn(case: Case, event: Event) -> None:
    """What a decision of others says of the subject is kept as far as an alert may ask for it."""
    data = event.data
    case.known.is_known = True
    if isinstance(data, Decision) and data.labels:
        case.known.labels = dict(data.labels)
    if isinstance(data, SupplySuspended | SupplyResumed):
        case.known.is_suspended = isinstance(data, SupplySuspended)
    elif isinstance(data, LimitBreached | LimitRestored):
        case.known.is_breached = isinstance(data, LimitBreached)
    elif isinstance(data, GradeChanged) and data.purpose == "credit":
        case.known.has_grade = data.to is not None
    elif isinstance(data, GroupChanged):
        case.known.members, case.known.lead = data.members, data.lead or ""
    elif isinstance(data, ApprovalDecision):
        _request(case, data, event.recordedtime or event.time)


def _request(case: Case, data: ApprovalDecision, at: datetime) -> None:
    if isinstance(data, ApprovalRequested):
        case.moved[data.approval_id] = request = asked(data, at, _months(data))
        remember(case.requests, request)
        return
    held = case.requests.get(data.approval_id)
    if held is not None and follow(held, data, at):
        case.moved[data.approval_id] = held
    if isinstance(data, ApprovalGranted) and data.final and data.kind == "advance":
        until = months_before(data.as_of.toordinal(), -(held.months if held else 0))
        case.known.advance_until = max(case.known.advance_until, until)


def _months(data: ApprovalRequested) -> int:
    """How long an advance is asked for."""
    if data.kind != "advance" or data.payload is None:
        return 0
    try:
        return msgspec.json.decode(data.payload.encode(), type=_Advance).months
    except msgspec.DecodeError:
        return 0


class _Advance(msgspec.Struct):
    months: int = 0


def heard(case: Case, event: Event, data: Decision) -> Heard:
    """*event* as the rules read it."""
    named = data.decisions if isinstance(data, DecisionCorrected) else ()
    return Heard(
        id=event.id,
        type=event.type,
        at=event.recordedtime or event.time,
        as_of=data.as_of,
        cause=data.cause,
        labels=dict(data.labels),
        fields=fields_of(case, data),
        corrected=tuple((one.id, one.would_be or "") for one in named),
    )


def fields_of(case: Case, data: Decision) -> dict[str, str]:
    """Every field of *data* that is one value, as text; a list of texts joined by commas; figures under their own names."""
    said: dict[str, str] = {}
    for name in data.__struct_fields__:
        if name in {"labels", "payload", "measures", "parts"}:
            continue
        value = getattr(data, name)
        if isinstance(value, dict):
            said |= {key: str(one) for key, one in value.items() if isinstance(one, str)}
        elif (text := _text(value)) is not None:
            said[name.rstrip("_")] = text
    for kind, more in _MORE.items():
        if isinstance(data, kind):
            said |= more(case, data)
    said["advance"] = "yes" if case.known.advance_until >= data.as_of.toordinal() else "no"
    return {name: text for name, text in said.items() if text}


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    if isinstance(value, msgspec.Struct):
        return str(getattr(value, "id", "")) or None
    return None


def _graded(_: Case, data: GradeChanged) -> dict[str, str]:
    """`worse`: by how many steps. Of a fall whose steps nobody counted it is 1, for it fell."""
    steps = -data.notches if data.notches is not None else (1 if data.direction == "down" else 0)
    return {"worse": str(steps), "better": str(-steps)}


def _approval(case: Case, data: ApprovalDecision) -> dict[str, str]:
    """`next_role`: whose step waits now, or waits too long; `next_seats`: who sits, where it is a committee's; `requested_by`: who
    asked; of the step of a committee `committee`, `outcome`, and how many voted for it and against it."""
    held = case.requests.get(data.approval_id)
    taken = 0 if isinstance(data, ApprovalRequested) else data.step
    following = (held.role(taken if isinstance(data, ApprovalEscalated) else taken + 1) if held else "") or data.role
    said = {"next_role": following, "next_seats": following, "requested_by": held.by if held else ""}
    if held is None:
        return said
    voting = held.committees.get(held.role(taken))
    if voting is not None and not voting.joint:
        given = [one.did for one in held.votes(taken)]
        said |= {"committee": "yes", "votes_for": str(given.count("for")), "votes_against": str(given.count("against"))}
        said["outcome"] = _OUTCOMES.get(type(data), "")
    if (committee := held.committees.get(following)) is not None:
        sits_on = data.sits_on if isinstance(data, ApprovalWaits) else held.again_on
        said["next_seats"] = ",".join(dict.fromkeys(seats(committee, sits_on or data.as_of)))
        if sits_on is not None and committee.sits is not None:
            said |= {"sits_on": sits_on.isoformat(), "sits_from": committee.sits.start or ""}
    return said


_MORE: dict[type, Callable[[Case, Any], dict[str, str]]] = {GradeChanged: _graded, ApprovalDecision: _approval}
