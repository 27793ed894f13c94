"""The state of approvals, folded from what was decided about them. It keeps who did what; it draws no conclusion."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from shared.core.events.approval import (
    ApprovalDecision,
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalVoted,
    ApprovalWithdrawn,
    Committee,
)

Place = Literal["open", "granted", "refused", "withdrawn", "expired"]
_ENDS: dict[type[Any], Place] = {
    ApprovalRefused: "refused",
    ApprovalWithdrawn: "withdrawn",
    ApprovalExpired: "expired",
}


class Grant(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One step that was granted: by whom, and with which role of theirs."""

    by: str
    acting: str
    on: int
    key: str = ""


class Vote(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One vote in a committee: by whom, on which seat, with which role of theirs, and why."""

    step: int
    by: str
    seat: str
    acting: str
    grants: bool
    on: int
    reason: str = ""
    key: str = ""


class Approval(msgspec.Struct, array_like=True):
    """One request and what became of it. Days are ordinals; 0: none."""

    approval_id: str
    kind: str
    payload: str
    sha256: str
    by: str
    """The person who asked, never one who grants."""
    requested_on: int
    roles: tuple[str, ...]
    """Who grants, in order: step 1 is the first."""
    deputies: dict[str, tuple[str, ...]] = {}
    reason: str = ""
    evidence: str = ""
    place: Place = "open"
    grants: dict[int, Grant] = {}
    """Step → its last grant."""
    remind_on: int = 0
    deputy_on: int = 0
    lapses_on: int = 0
    escalated: str = ""
    """How far the waiting step was escalated: `reminder`, `deputy`."""
    ended_by: str = ""
    ended_on: int = 0
    ended_because: str = ""
    committees: dict[str, Committee] = {}
    """Those of `roles` that are committees."""
    votes: tuple[Vote, ...] = ()
    """In the order in which they were given."""
    sits_on: int = 0
    """The sitting on whose agenda the waiting step is, where a committee that sits takes it."""

    @property
    def open(self) -> bool:
        """Whether it can still be decided."""
        return self.place == "open"


Approvals = dict[str, Approval]


def evolve(approvals: Approvals, data: ApprovalDecision) -> None:
    """Fold one decision. One about a request that is not known changes nothing."""
    if isinstance(data, ApprovalRequested):
        if data.approval_id not in approvals:
            approvals[data.approval_id] = _asked(data)
        return
    held = approvals.get(data.approval_id)
    if held is None or not held.open:
        return
    on = data.as_of.toordinal()
    if isinstance(data, ApprovalVoted):
        held.votes = (*held.votes, _vote(data))
    elif isinstance(data, ApprovalGranted):
        held.grants = {**held.grants, data.step: Grant(data.by or "", data.acting or data.role, on, data.key or "")}
        held.escalated = ""
        held.remind_on, held.deputy_on, held.sits_on = _day(data.remind_on), _day(data.deputy_on), _day(data.sits_on)
        if data.final:
            held.place, held.ended_on, held.ended_by = "granted", on, data.by or ""
    elif isinstance(data, ApprovalEscalated):
        held.escalated = data.to
        if held.sits_on:
            held.sits_on = max(held.sits_on, held.deputy_on)  # it was not decided, and is on the agenda of the next
    elif (place := _ENDS.get(type(data))) is not None:
        held.place, held.ended_on = place, on
        held.ended_by, held.ended_because = data.by or "", data.reason or ""


def _asked(data: ApprovalRequested) -> Approval:
    return Approval(
        data.approval_id,
        data.kind,
        data.payload or "",
        data.payload_sha256,
        data.by or "",
        data.as_of.toordinal(),
        data.roles or (data.role,),
        dict(data.deputies),
        data.reason or "",
        data.evidence or "",
        remind_on=_day(data.remind_on),
        deputy_on=_day(data.deputy_on),
        lapses_on=_day(data.lapses_on),
        committees=dict(data.committees),
        sits_on=_day(data.sits_on),
    )


def _vote(data: ApprovalVoted) -> Vote:
    return Vote(
        data.step,
        data.by or "",
        data.seat,
        data.acting or data.seat,
        data.vote == "for",
        data.as_of.toordinal(),
        data.reason or "",
        data.key or "",
    )


def _day(on: Any) -> int:
    return on.toordinal() if on else 0
