"""Requests for limits and what others say to them: each decided on the customer's stream, alone with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from services.exposure.core import dossier, requesting
from services.exposure.core.advances import AdvanceWanted, others_of
from services.exposure.core.figures import Moment
from services.exposure.core.found import Found
from services.exposure.core.grouping import GroupWanted
from services.exposure.core.grouping import Why as GroupWhy
from services.exposure.core.requesting import Kind, Why, kind_of, why_not
from services.exposure.core.requesting import Wanted as WantedLimit
from services.exposure.handlers.ports import Ports
from shared.core.approval.commands import Actor, Approve, Command, Refuse, Withdraw
from shared.core.approval.listed import ApprovalRow
from shared.core.approval.payload import id_of
from shared.core.brain import Decided
from shared.core.errors import Declined, NotFound
from shared.core.events.base import Decision
from shared.core.events.granting import Logged
from shared.edge.answering import decided, is_final, made, one
from shared.edge.rights import EVERY_ROW, Rows


async def ask(ports: Ports, customer_id: str, wanted: WantedLimit, by: Actor) -> ApprovalRow:
    """Ask for *wanted* in the name of *by*, whose key makes repeating it harmless. Raises Declined, Unavailable."""
    approval_id = id_of(customer_id, kind_of(wanted), by.account, by.key)

    def command(found: Found) -> Sequence[Decided]:
        moment, asked = found.moment, wanted
        held = moment.account.approvals.get(approval_id)
        if held is None:
            _refuse(why_not(asked, moment), asked, moment)
        if isinstance(asked, AdvanceWanted):  # what others were granted meanwhile makes it no other request
            before = requesting.payload_of(held) if held is not None else None
            asked = msgspec.structs.replace(asked, others=getattr(before, "others", others_of(moment)))
        return _published(made(requesting.request(moment, approval_id, asked, by, found.register)))

    about_advances = isinstance(wanted, AdvanceWanted)
    await ports.command(ports.database(), customer_id, command, cause="override", about_advances=about_advances)
    return await one(ports, approval_id, EVERY_ROW)


async def answer(ports: Ports, command: Approve | Refuse | Withdraw, rows: Rows) -> ApprovalRow:
    """Say *command* to a request. Raises Declined, NotFound, Unavailable."""
    asked = await one(ports, command.approval_id, rows)
    members = msgspec.json.decode(asked.payload, type=GroupWanted).members if asked.kind == Kind.GROUP else ()
    beside: dict[str, Any] = {"members": members, "about_advances": asked.kind == Kind.ADVANCE}
    await ports.command(ports.database(), asked.customer_id, answering(command), cause="override", **beside)
    return await one(ports, command.approval_id, rows)


def answering(command: Command) -> Callable[[Found], Sequence[Decided]]:
    """What *command* gives on a customer; the last grant takes effect with the content that was hashed. Raises Declined."""

    def act(found: Found) -> Sequence[Decided]:
        moment = found.moment
        approvals = moment.account.approvals
        said = decided(command, approvals, requesting.desk(moment, found.register))
        decisions: list[Decision] = list(said)
        if is_final(said):
            follows = requesting.effect(approvals[command.approval_id], moment)
            if isinstance(follows, Why | GroupWhy):
                raise _declined(follows, requesting.payload_of(approvals[command.approval_id]), moment)
            decisions += follows
        return _published(decisions)

    return act


def _refuse(why: Why | GroupWhy | None, wanted: WantedLimit, moment: Moment) -> None:
    if why in {Why.NO_GROUP, GroupWhy.UNKNOWN}:
        raise NotFound("there is no such group")
    if why is Why.UNKNOWN:
        raise NotFound("the customer has no such limit")
    if why is not None:
        raise _declined(why, wanted, moment)


def _declined(why: Why | GroupWhy, wanted: WantedLimit, moment: Moment) -> Declined:
    """*why*, with the papers that are missing by their names."""
    if why is Why.PAPERS and isinstance(wanted, requesting.LimitWanted):
        lacks = dossier.missing(moment, wanted.kind, wanted.amount, wanted.currency, wanted.papers)
        return Declined(why, *dossier.in_words(moment, lacks))
    return Declined(why)


def _published(decisions: Sequence[Decision]) -> list[Decided]:
    return [Decided(one, publish=not isinstance(one, Logged)) for one in decisions]
