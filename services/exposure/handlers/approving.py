"""Requests for limits and what others say to them: each decided on the customer's stream, alone with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import msgspec

from services.exposure.core import requesting
from services.exposure.core.advances import AdvanceWanted
from services.exposure.core.found import Found
from services.exposure.core.requesting import Wanted as WantedLimit
from services.exposure.core.requesting import Why, kind_of, why_not
from services.exposure.handlers.ports import Ports
from shared.core.approval.commands import Actor, Approve, Command, Refuse, Withdraw
from shared.core.approval.deciding import decide
from shared.core.approval.listed import ApprovalRow, Wanted
from shared.core.approval.payload import id_of
from shared.core.approval.saying_no import No
from shared.core.brain import Decided
from shared.core.errors import Declined, NotFound
from shared.core.events.approval import ApprovalDecision, ApprovalGranted
from shared.core.events.base import Decision
from shared.core.events.granting import Logged
from shared.edge.rights import EVERY_ROW, Rows

UNKNOWN = "there is no such request"


async def ask(ports: Ports, customer_id: str, wanted: WantedLimit, by: Actor) -> ApprovalRow:
    """Ask for *wanted* in the name of *by*, whose key makes repeating it harmless. Raises Declined, Unavailable."""
    if isinstance(wanted, AdvanceWanted):
        others = await ports.lists.advances(ports.database(), without=customer_id)
        wanted = msgspec.structs.replace(wanted, others=others)
    approval_id = id_of(customer_id, kind_of(wanted), by.account, by.key)

    def command(found: Found) -> Sequence[Decided]:
        moment, asked = found.moment, wanted
        held = moment.account.approvals.get(approval_id)
        if held is None:
            _refuse(why_not(asked, moment))
        elif isinstance(asked, AdvanceWanted):  # what others were granted meanwhile makes it no other request
            before = requesting.payload_of(held)
            asked = msgspec.structs.replace(asked, others=getattr(before, "others", "0"))
        return _published(_made(requesting.request(moment, approval_id, asked, by, found.register)))

    await ports.command(ports.database(), customer_id, command, cause="override")
    return await one(ports, approval_id, EVERY_ROW)


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
    await ports.command(ports.database(), customer_id, answering(command), cause="override")
    return await one(ports, command.approval_id, rows)


def answering(command: Command) -> Callable[[Found], Sequence[Decided]]:
    """What *command* gives on a customer; the last grant takes effect with the content that was hashed. Raises Declined."""

    def act(found: Found) -> Sequence[Decided]:
        moment = found.moment
        held = moment.account.approvals.get(command.approval_id)
        made = _made(decide(command, held, requesting.desk(moment, found.register)))
        decisions: list[Decision] = list(made)
        if held is not None and any(isinstance(one, ApprovalGranted) and one.final for one in made):
            follows = requesting.effect(held, moment)
            if isinstance(follows, Why):
                raise Declined(follows)
            decisions += follows
        return _published(decisions)

    return act


def _made(made: tuple[ApprovalDecision, ...] | No) -> tuple[ApprovalDecision, ...]:
    if made is No.UNKNOWN:
        raise NotFound(UNKNOWN)
    if isinstance(made, No):
        raise Declined(made)
    return made


def _refuse(why: Why | None) -> None:
    if why is Why.UNKNOWN:
        raise NotFound("the customer has no such limit")
    if why is not None:
        raise Declined(why)


def _published(decisions: Sequence[Decision]) -> list[Decided]:
    return [Decided(one, publish=not isinstance(one, Logged)) for one in decisions]
