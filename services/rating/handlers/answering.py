"""What others say to a request: granted, refused, taken back. The last grant takes effect in the same append."""

from __future__ import annotations

from services.rating.core import policy_requests, requests
from services.rating.core.requests import Act, Found
from services.rating.handlers.ports import Ports
from shared.core.approval.commands import Approve, Refuse, Withdraw
from shared.core.approval.listed import ApprovalRow
from shared.core.errors import Declined
from shared.edge.answering import decided, is_final, one
from shared.edge.rights import Rows


async def answer(ports: Ports, command: Approve | Refuse | Withdraw, rows: Rows) -> ApprovalRow:
    """Say *command* to a request. Raises Declined, NotFound, Unavailable."""
    customer_id = (await one(ports, command.approval_id, rows)).customer_id
    if customer_id == policy_requests.SUBJECT:
        await ports.decide_policy(ports.database(), lambda found: _of_rules(command, found))
        return await one(ports, command.approval_id, rows)

    def act(found: Found) -> Act:
        decisions = decided(command, found.state.approvals, found.desk)
        if not is_final(decisions):
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
    if not is_final(decisions):
        return policy_requests.Act(decisions)
    follows = policy_requests.effect(approvals[command.approval_id], found)
    if isinstance(follows, policy_requests.Why):
        raise Declined(follows)
    return policy_requests.Act(decisions, follows, command.approval_id)
