"""The state machine of an approval: request → steps in order → granted, refused, withdrawn or expired.

`decide(command, state) → events, or No`. Maker is never checker, one person takes one step, and both are persons, not
accounts. A step that was granted counts as long as who granted it holds the role, as far as that is known: where it was
lost meanwhile, the step is open again. Deciding the same command twice gives nothing the second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from shared.core.approval.chain import Chain, Chains, Rests, working_days_after
from shared.core.approval.payload import sha256_of
from shared.core.approval.request import Approval, Grant
from shared.core.approval.saying_no import No
from shared.core.events.approval import (
    ApprovalDecision,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalWithdrawn,
)

Register = Mapping[str, frozenset[str]]
"""Person → the roles that the staff register gives; who is not in it has the roles that the token gives."""


class Actor(msgspec.Struct, frozen=True):
    """Who acts: a person, through an account; or a system for that person, which needs evidence."""

    person: str
    account: str
    roles: frozenset[str]
    through: str | None = None
    """The system that acts for the person; None: the person acts."""
    key: str = ""
    """What the caller calls this one act: under the same key it is the same act."""


class Request(msgspec.Struct, frozen=True):
    """Somebody asks. *payload* is the text whose hash is approved."""

    approval_id: str
    kind: str
    payload: str
    by: Actor
    reason: str
    evidence: str
    chain: Chain


class Approve(msgspec.Struct, frozen=True):
    """Somebody grants the step that waits, for exactly the content *sha256*."""

    approval_id: str
    sha256: str
    by: Actor
    reason: str = ""
    evidence: str = ""


class Refuse(msgspec.Struct, frozen=True):
    """Somebody who could grant the step refuses the whole request."""

    approval_id: str
    by: Actor
    reason: str
    evidence: str = ""


class Withdraw(msgspec.Struct, frozen=True):
    """Who asked takes it back."""

    approval_id: str
    by: Actor
    reason: str
    evidence: str = ""


Command = Request | Approve | Refuse | Withdraw


class Desk(msgspec.Struct, frozen=True):
    """What is decided with: the day, the rules of approvals in force, the work calendar, the staff register."""

    day: date
    chains: Chains
    rests: Rests
    register: Register
    common: dict[str, Any]
    """`cause` and `labels` of every decision."""


Decided = tuple[ApprovalDecision, ...] | No


def decide(command: Command, approval: Approval | None, desk: Desk) -> Decided:
    """What *command* does to *approval*: its decisions, none where it was carried out before, or why not."""
    match command:
        case Request():
            return _request(command, approval, desk)
        case _ if approval is None:
            return No.UNKNOWN
        case Approve():
            return _approve(command, approval, desk)
        case Refuse():
            return _refuse(command, approval, desk)
        case Withdraw():
            return _withdraw(command, approval, desk)


def waiting(approval: Approval, register: Register) -> tuple[int, ...]:
    """The steps without a grant that holds, in order. The first of them is the one that may be granted now."""
    steps = range(1, len(approval.roles) + 1)
    return tuple(step for step in steps if not _holds(approval.grants.get(step), register))


def may_grant(approval: Approval, step: int, day: date) -> tuple[str, ...]:
    """The roles that may grant *step* on *day*: its own, and its deputies' once it has waited too long."""
    role = approval.roles[step - 1]
    late = approval.deputy_on and day.toordinal() >= approval.deputy_on
    return (role, *approval.deputies.get(role, ())) if late else (role,)


def _request(command: Request, approval: Approval | None, desk: Desk) -> Decided:
    by, sha256 = command.by, sha256_of(command.payload)
    if approval is not None:
        same = (approval.kind, approval.sha256, approval.by) == (command.kind, sha256, by.person)
        return () if same else No.ID_TAKEN
    if (no := _stranger(command, desk)) is not None:
        return no
    if not command.reason.strip():
        return No.REASON_MISSING
    if not command.evidence.strip():
        return No.EVIDENCE_MISSING
    if not _roles(by, desk.register):
        return No.LEFT
    roles = command.chain.by
    asked = ApprovalRequested(
        **desk.common,
        **_waits(desk),
        as_of=desk.day,
        approval_id=command.approval_id,
        kind=command.kind,
        payload=command.payload,
        payload_sha256=sha256,
        step=1,
        role=roles[0],
        roles=roles,
        deputies=desk.chains.deputies_of(roles),
        lapses_on=working_days_after(desk.day, desk.chains.limits.lapse, desk.rests),
        **_signed(command),
    )
    return (asked,)


def _approve(command: Approve, approval: Approval, desk: Desk) -> Decided:
    if _granted_before(command, approval):
        return ()
    if (no := _barred(command, approval, desk)) is not None:
        return no
    if command.sha256 != approval.sha256:
        return No.OTHER_CONTENT
    if sha256_of(approval.payload) != approval.sha256:
        return No.CHANGED
    if approval.by in desk.register and not desk.register[approval.by]:
        return No.LEFT
    step, *later = waiting(approval, desk.register) or (len(approval.roles),)
    acting = _acting(command.by, approval, step, desk)
    if isinstance(acting, No):
        return acting
    granted = ApprovalGranted(
        **desk.common,
        **(_waits(desk) if later else {}),
        **_about(approval, step),
        as_of=desk.day,
        acting=acting if acting != approval.roles[step - 1] else None,
        final=not later,
        **_signed(command),
    )
    return (granted,)


def _refuse(command: Refuse, approval: Approval, desk: Desk) -> Decided:
    if approval.place == "refused" and approval.ended_by == command.by.person:
        return ()
    if (no := _barred(command, approval, desk)) is not None:
        return no
    if not command.reason.strip():
        return No.REASON_MISSING
    step, *_ = waiting(approval, desk.register) or (len(approval.roles),)
    acting = _acting(command.by, approval, step, desk)
    if isinstance(acting, No):
        return acting
    return (ApprovalRefused(**desk.common, **_about(approval, step), as_of=desk.day, **_signed(command)),)


def _withdraw(command: Withdraw, approval: Approval, desk: Desk) -> Decided:
    if approval.place == "withdrawn" and approval.ended_by == command.by.person:
        return ()
    if (no := _barred(command, approval, desk)) is not None:
        return no
    if command.by.person != approval.by:
        return No.NOT_YOURS
    if not command.reason.strip():
        return No.REASON_MISSING
    step, *_ = waiting(approval, desk.register) or (len(approval.roles),)
    return (ApprovalWithdrawn(**desk.common, **_about(approval, step), as_of=desk.day, **_signed(command)),)


def _granted_before(command: Approve, approval: Approval) -> bool:
    """Whether this very person granted a step of this very content: by the same act, or so that it took effect since."""
    if command.sha256 != approval.sha256:
        return False
    own = [grant for grant in approval.grants.values() if grant.by == command.by.person]
    return bool(own) and (
        approval.place == "granted" or any(grant.key and grant.key == command.by.key for grant in own)
    )


def _barred(command: Approve | Refuse | Withdraw, approval: Approval, desk: Desk) -> No | None:
    """Why nobody, or not this actor, may decide on *approval* at all."""
    if not approval.open:
        return No.CLOSED
    if approval.lapses_on and desk.day.toordinal() > approval.lapses_on:
        return No.LAPSED
    return _stranger(command, desk)


def _stranger(command: Command, desk: Desk) -> No | None:
    """A system acts only for persons of the register, whose roles it cannot invent, and says on what evidence."""
    if command.by.through is None:
        return None
    if command.by.person not in desk.register:
        return No.NOT_REGISTERED
    return None if command.evidence.strip() else No.EVIDENCE_MISSING


def _acting(by: Actor, approval: Approval, step: int, desk: Desk) -> str | No:
    """The role with which *by* may take *step*, the step's own before a deputy's."""
    if by.person == approval.by:
        return No.OWN_REQUEST
    if any(grant.by == by.person for at, grant in approval.grants.items() if at != step):
        return No.SAME_PERSON  # also where the role is lost: it may come back, and the grant with it
    held = _roles(by, desk.register)
    found = next((role for role in may_grant(approval, step, desk.day) if role in held), None)
    return found or (No.NOT_YOUR_STEP if held else No.LEFT)


def _roles(by: Actor, register: Register) -> frozenset[str]:
    """The roles that *by* holds now: the register takes away, and gives only where a system acts for the person."""
    known = register.get(by.person)
    if known is None:
        return by.roles
    return known if by.through is not None else known & by.roles


def _holds(grant: Grant | None, register: Register) -> bool:
    """Whether who granted still has the role for it, as far as is known."""
    return grant is not None and (grant.by not in register or grant.acting in register[grant.by])


def _about(approval: Approval, step: int) -> dict[str, Any]:
    return {
        "approval_id": approval.approval_id,
        "kind": approval.kind,
        "payload_sha256": approval.sha256,
        "step": step,
        "role": approval.roles[step - 1],
    }


def _signed(command: Command) -> dict[str, Any]:
    by = command.by
    said = {"reason": command.reason.strip() or None, "evidence": command.evidence.strip() or None}
    return {**said, "by": by.person, "account": by.account, "through": by.through, "key": by.key or None}


def _waits(desk: Desk) -> dict[str, Any]:
    """When the step that begins to wait today is reminded of, and when its deputies may act (AP-04.03)."""
    limits = desk.chains.limits
    return {
        "remind_on": working_days_after(desk.day, limits.remind, desk.rests),
        "deputy_on": working_days_after(desk.day, limits.deputy, desk.rests),
    }
