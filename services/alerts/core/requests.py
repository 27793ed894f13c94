"""Requests that others approve: who asked for what, who took which step, how it ended. What the ledger and committees tell."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from shared.core.events.approval import (
    ApprovalDecision,
    ApprovalExpired,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalVoted,
    ApprovalWaits,
    ApprovalWithdrawn,
    Committee,
)

KEPT = 50
"""Requests of one subject that are remembered; those that are decided are forgotten first."""

State = Literal["waiting", "granted", "refused", "withdrawn", "expired"]


Did = Literal["granted", "refused", "withdrawn", "expired", "for", "against"]


class Act(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody did about a request."""

    did: Did
    step: int
    role: str
    by: str
    at: datetime
    reason: str = ""


_ENDS: dict[type[ApprovalDecision], Literal["refused", "withdrawn", "expired"]] = {
    ApprovalRefused: "refused",
    ApprovalWithdrawn: "withdrawn",
    ApprovalExpired: "expired",
}


class Request(msgspec.Struct, kw_only=True):
    """One request, as it stands."""

    approval_id: str
    kind: str
    labels: dict[str, str]
    roles: tuple[str, ...]
    committees: dict[str, Committee] = {}
    """Those of the roles that are committees, or posts that all sign."""
    again_on: date | None = None
    """The next sitting, where what waits was not decided at its own."""
    by: str
    months: int = 0
    """Of an advance."""
    at: datetime
    state: State = "waiting"
    changed_at: datetime
    acts: tuple[Act, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing waits."""
        return self.state != "waiting"

    def role(self, step: int) -> str:
        """Whose *step* it is; empty: there is none such."""
        return self.roles[step - 1] if 0 < step <= len(self.roles) else ""

    def votes(self, step: int) -> tuple[Act, ...]:
        """The votes about *step*, in the order in which they were given."""
        return tuple(one for one in self.acts if one.step == step and one.did in ("for", "against"))


def asked(data: ApprovalRequested, at: datetime, months: int) -> Request:
    """What *data* asks for."""
    return Request(
        approval_id=data.approval_id,
        kind=data.kind,
        labels=dict(data.labels),
        roles=data.roles or (data.role,),
        committees=data.committees,
        again_on=_again_on(data),
        by=data.by or "",
        months=months,
        at=at,
        changed_at=at,
    )


def _again_on(data: ApprovalWaits) -> date | None:
    """The sitting after the one on whose agenda a step is; None: it is on none."""
    return data.deputy_on if data.sits_on else None


def follow(request: Request, data: ApprovalDecision, at: datetime) -> bool:
    """Let *request* be as it is after *data*. Returns whether that says anything of it."""
    did: Did
    state: State
    if isinstance(data, ApprovalVoted):
        did, state = data.vote, request.state
    elif isinstance(data, ApprovalGranted):
        did, state = "granted", "granted" if data.final else "waiting"
        request.again_on = _again_on(data)
    elif type(data) in _ENDS:
        did = state = _ENDS[type(data)]
    else:
        return False
    act = Act(did, data.step, data.role, data.by or "", at, data.reason or "")
    request.acts, request.state, request.changed_at = (*request.acts, act), state, at
    return True


def remember(requests: dict[str, Request], request: Request) -> None:
    """Keep *request* among the last of its subject."""
    requests[request.approval_id] = request
    over = sorted(requests, key=lambda name: not requests[name].is_over)
    for name in over[: max(0, len(requests) - KEPT)]:
        del requests[name]
