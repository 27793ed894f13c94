"""What others say to a request: granted, refused, taken back. The last grant takes effect in the same append."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.rating.core import policy_requests, requests
from services.rating.core.requests import Act, Found
from services.rating.handlers.ports import Ports
from shared.core.approval.commands import Actor, Approve, Command, Desk, Refuse, Withdraw
from shared.core.approval.deciding import decide
from shared.core.approval.listed import ApprovalRow, Wanted
from shared.core.approval.request import Approvals
from shared.core.approval.saying_no import No
from shared.core.errors import Declined, NotFound
from shared.core.events.approval import ApprovalDecision, ApprovalGranted
from shared.edge.rights import Rows

UNKNOWN = "there is no such request"


async def approve(
    ports: Ports, approval_id: str, by: Actor, rows: Rows, *, sha256: str, reason: str, evidence: str
) -> ApprovalRow:
    """Grant the step that waits. Raises Declined, NotFound, Unavailable."""
    return await _answer(ports, Approve(approval_id, sha256, by, reason, evidence), rows)


async def refuse(ports: Ports, approval_id: str, by: Actor, rows: Rows, *, reason: str, evidence: str) -> ApprovalRow:
    """Refuse the request. Raises as `approve`."""
    return await _answer(ports, Refuse(approval_id, by, reason, evidence), rows)


async def withdraw(ports: Ports, approval_id: str, by: Actor, rows: Rows, *, reason: str, evidence: str) -> ApprovalRow:
    """Take one's own request back. Raises as `approve`."""
    return await _answer(ports, Withdraw(approval_id, by, reason, evidence), rows)


async def one(ports: Ports, approval_id: str, rows: Rows) -> ApprovalRow:
    """The request *approval_id*. Raises NotFound where there is none that *rows* let see."""
    wanted = Wanted(approval_id=approval_id)
    found = await ports.lists.approvals(ports.database(), after=(date.min, ""), limit=1, wanted=wanted, rows=rows)
    if not found:
        raise NotFound(UNKNOWN)
    return found[0]


async def _answer(ports: Ports, command: Approve | Refuse | Withdraw, rows: Rows) -> ApprovalRow:
    customer_id = (await one(ports, command.approval_id, rows)).customer_id
    if customer_id == policy_requests.SUBJECT:
        await ports.decide_policy(ports.database(), lambda found: _of_rules(command, found))
        return await one(ports, command.approval_id, rows)

    def act(found: Found) -> Act:
        decisions = decided(command, found.state.approvals, found.desk)
        if not _final(decisions):
            return Act(decisions)
        approval = found.state.approvals[command.approval_id]
        follows = requests.effect(approval, found)
        if isinstance(follows, requests.Why):
            raise Declined(follows)
        return Act((*decisions, *follows), erase=requests.erased(approval))

    await ports.decide(ports.database(), customer_id, act)
    return await one(ports, command.approval_id, rows)


def _of_rules(command: Approve | Refuse | Withdraw, found: policy_requests.Found) -> policy_requests.Act:
    """The same of a request about the rules: the last grant puts a version in force."""
    approvals = found.told.approvals
    held = approvals.get(command.approval_id)
    if isinstance(command, Approve) and held is not None and held.open and policy_requests.too_late(held, found):
        raise Declined(policy_requests.Why.DAY_OPENED)
    decisions = decided(command, approvals, found.desk)
    if not _final(decisions):
        return policy_requests.Act(decisions)
    follows = policy_requests.effect(approvals[command.approval_id], found)
    if isinstance(follows, policy_requests.Why):
        raise Declined(follows)
    return policy_requests.Act(decisions, follows, command.approval_id)


def _final(decisions: Sequence[ApprovalDecision]) -> bool:
    """Whether the request takes effect with *decisions*."""
    return any(isinstance(made, ApprovalGranted) and made.final for made in decisions)


def decided(command: Command, approvals: Approvals, desk: Desk) -> tuple[ApprovalDecision, ...]:
    """What follows of *command*. Raises Declined, NotFound."""
    made = decide(command, approvals.get(command.approval_id), desk)
    if made is No.UNKNOWN:
        raise NotFound(UNKNOWN)
    if isinstance(made, No):
        raise Declined(made)
    return made
