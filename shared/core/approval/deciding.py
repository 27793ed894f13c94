"""The state machine of an approval: request → steps in order → granted, refused, withdrawn or expired.

`decide(command, state) → events, or No`. Maker is never checker, one person takes one step, and both are persons, not
accounts. A step that was granted counts as long as who granted it holds the role, as far as that is known: where it was
lost meanwhile, the step is open again. Deciding the same command twice gives nothing the second time.

The step of a committee is granted, and the request refused, by the votes of its members, each with its reason.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.core.approval import steps
from shared.core.approval.chain import working_days_after
from shared.core.approval.commands import Actor, Approve, Command, Desk, Refuse, Request, Withdraw
from shared.core.approval.payload import sha256_of
from shared.core.approval.request import Approval, Vote
from shared.core.approval.saying_no import No
from shared.core.approval.sittings import next_sitting
from shared.core.approval.steps import Register, may_grant, waiting
from shared.core.events.approval import (
    ApprovalDecision,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalVoted,
    ApprovalWithdrawn,
    Committee,
)

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
    return (requested(command, desk),)


def requested(command: Request, desk: Desk) -> ApprovalRequested:
    """The request as it is kept, its first step waiting."""
    roles, sha256 = command.chain.by, sha256_of(command.payload)
    committees = desk.chains.kept(roles, desk.common.get("labels", {}))
    lapses = working_days_after(desk.day, desk.chains.limits.lapse, desk.rests)
    return ApprovalRequested(
        **desk.common,
        **_waits(desk, committees.get(roles[0])),
        as_of=desk.day,
        approval_id=command.approval_id,
        kind=command.kind,
        payload=command.payload,
        payload_sha256=sha256,
        step=1,
        role=roles[0],
        roles=roles,
        deputies=desk.chains.deputies_of(roles),
        committees=committees,
        lapses_on=min(lapses, command.until or lapses),
        **_signed(command),
    )


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
    step = steps.at(approval, desk.register)
    if steps.committee_of(approval, step) is not None:
        return _voted(command, approval, step, desk)
    acting = _acting(command.by, approval, step, desk)
    if isinstance(acting, No):
        return acting
    return (_granted(command, approval, step, desk, acting if acting != approval.roles[step - 1] else None),)


def _granted(command: Approve, approval: Approval, step: int, desk: Desk, acting: str | None = None) -> ApprovalGranted:
    later = next((one for one in waiting(approval, desk.register) if one != step), None)
    waits = _waits(desk, steps.committee_of(approval, later)) if later else {}
    about = {**desk.common, **waits, **_about(approval, step), "as_of": desk.day, **_signed(command)}
    return ApprovalGranted(**about, acting=acting, final=later is None)


def _voted(command: Approve | Refuse, approval: Approval, step: int, desk: Desk) -> Decided:
    """The vote of a member of the committee whose step it is, and what it makes of all votes."""
    grants, on = isinstance(command, Approve), desk.day.toordinal()
    if not command.reason.strip() and not (grants and approval.committees[approval.roles[step - 1]].joint):
        return No.REASON_MISSING
    taken = _seat(command.by, approval, step, desk)
    if isinstance(taken, No):
        return taken
    seat, acting = taken
    about = {**desk.common, **_about(approval, step), "as_of": desk.day, **_signed(command)}
    vote = ApprovalVoted(
        **about, vote="for" if grants else "against", seat=seat, acting=acting if acting != seat else None
    )
    votes = (*approval.votes, Vote(step, command.by.person, seat, acting, grants, on))
    if isinstance(command, Refuse):
        ends = steps.refused(approval, step, votes, desk.register, on)
        return (vote, ApprovalRefused(**about)) if ends else (vote,)
    if not steps.granted(approval, step, votes, desk.register, on):
        return (vote,)
    return (vote, _granted(command, approval, step, desk))


def _refuse(command: Refuse, approval: Approval, desk: Desk) -> Decided:
    if approval.place == "refused" and approval.ended_by == command.by.person:
        return ()
    if (no := _barred(command, approval, desk)) is not None:
        return no
    if not command.reason.strip():
        return No.REASON_MISSING
    step = steps.at(approval, desk.register)
    if steps.committee_of(approval, step) is not None:
        return () if _voted_before(command, approval) else _voted(command, approval, step, desk)
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
    step = steps.at(approval, desk.register)
    return (ApprovalWithdrawn(**desk.common, **_about(approval, step), as_of=desk.day, **_signed(command)),)


def _granted_before(command: Approve, approval: Approval) -> bool:
    """Whether this very person granted a step of this very content: by the same act, or so that it took effect since."""
    if command.sha256 != approval.sha256:
        return False
    own = [grant.key for grant in approval.grants.values() if grant.by == command.by.person]
    own += [vote.key for vote in approval.votes if vote.by == command.by.person and vote.grants]
    return bool(own) and (approval.place == "granted" or any(key and key == command.by.key for key in own))


def _voted_before(command: Refuse, approval: Approval) -> bool:
    """Whether this very vote against it was given before, by the same act."""
    key = command.by.key
    return bool(key) and any(
        vote.by == command.by.person and not vote.grants and vote.key == key for vote in approval.votes
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
    if (no := _taken(by, approval, step)) is not None:
        return no
    held = _roles(by, desk.register)
    found = next((role for role in may_grant(approval, step, desk.day) if role in held), None)
    return found or (No.NOT_YOUR_STEP if held else No.LEFT)


def _seat(by: Actor, approval: Approval, step: int, desk: Desk) -> tuple[str, str] | No:
    """The seat that *by* takes in the committee of *step*, and with which role. Nobody votes on customers of their own."""
    if (no := _taken(by, approval, step)) is not None:
        return no
    committee, on = approval.committees[approval.roles[step - 1]], desk.day.toordinal()
    if any(vote.by == by.person and (committee.sits is None or vote.on == on) for vote in approval.votes):
        return No.VOTED
    if by.person == desk.common.get("labels", {}).get("manager") and not committee.joint:
        return No.OWN_LINE
    held = _roles(by, desk.register)
    if not held and by.person in desk.register:
        return No.LEFT
    return steps.seat(approval, step, by.person, held, day=desk.day, register=desk.register, rests=desk.rests)


def _taken(by: Actor, approval: Approval, step: int) -> No | None:
    """Why *by* can take no step, or not this one: who asked, and who has taken another."""
    if by.person == approval.by:
        return No.OWN_REQUEST
    others = [grant.by for at, grant in approval.grants.items() if at != step]
    others += [vote.by for vote in approval.votes if vote.step != step]
    # also where the role is lost: it may come back, and the grant with it
    return No.SAME_PERSON if by.person in others else None


def _roles(by: Actor, register: Register) -> frozenset[str]:
    """The roles that *by* holds now: the register takes away, and gives only where a system acts for the person."""
    known = register.get(by.person)
    if known is None:
        return by.roles
    return known if by.through is not None else known & by.roles


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


def _waits(desk: Desk, committee: Committee | None) -> dict[str, Any]:
    """When the step that begins to wait today is reminded of, and when its deputies may act (AP-04.03).

    One of a committee that sits waits for its sitting; what is not decided there is on the agenda of the next.
    """
    limits, rests = desk.chains.limits, desk.rests
    if committee is None or committee.sits is None:
        return {
            "remind_on": working_days_after(desk.day, limits.remind, rests),
            "deputy_on": working_days_after(desk.day, limits.deputy, rests),
        }
    sits_on = next_sitting(committee, working_days_after(desk.day, committee.sits.notice, rests), rests)
    return {
        "sits_on": sits_on,
        "remind_on": working_days_after(sits_on, limits.remind, rests),
        "deputy_on": next_sitting(committee, sits_on + timedelta(days=1), rests),
    }
