"""Requests of people and what others say to them: one command after the other, each decided on the customer's stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from services.rating.core import requests
from services.rating.core.granting import ApprovalRow, Wanted
from services.rating.core.requests import Act, Found, Kind
from services.rating.core.state import State
from services.rating.handlers.ports import Ports
from shared.core.approval.commands import Actor, Approve, Command, Desk, Refuse, Request, Withdraw
from shared.core.approval.deciding import decide
from shared.core.approval.payload import sealed
from shared.core.approval.saying_no import No
from shared.core.errors import Declined, NotFound
from shared.core.events.approval import ApprovalDecision, ApprovalGranted
from shared.core.policy.policy import Policy
from shared.edge.rights import EVERY_ROW, Rows

UNKNOWN = "there is no such request"


class Asked(NamedTuple):
    """What somebody asks for, with the reason and the evidence, under a key that makes repeating it harmless."""

    by: Actor
    reason: str
    evidence: str


async def override(
    ports: Ports, customer_id: str, asked: Asked, *, grade: str | None, cap: str | None, until: date | None
) -> ApprovalRow:
    """Ask for an override. Raises Declined naming the rule, NotFound, Unavailable."""
    given = {"grade": grade, "cap": cap, "reason": asked.reason, "evidence": asked.evidence, "by": asked.by.person}

    def payload(found: Found) -> requests.Override:
        policy, bounds = found.policy, found.desk.chains.overrides
        if policy is None:
            raise Declined(requests.Why.NO_GRADE)
        wanted = requests.Override(
            customer_id=customer_id,
            method=policy.method,
            expires_on=until or requests.last_day(found.desk.day, bounds),
            reason=asked.reason,
            evidence=asked.evidence,
            by=asked.by.person,
            grade=grade,
            cap=cap,
        )
        why = requests.why_not(wanted, found.state, policy, found.desk.day, bounds)
        if why is not None:
            raise Declined(why)
        return wanted

    told = given | ({"expires_on": until.isoformat()} if until else {})
    return await _ask(ports, customer_id, Kind.OVERRIDE, asked, payload, told, to=grade or cap or "")


async def override_end(ports: Ports, customer_id: str, asked: Asked, override_id: str) -> ApprovalRow:
    """Ask that an override be taken back. Raises as `override`."""
    wanted = requests.OverrideEnd(
        customer_id=customer_id, override_id=override_id, reason=asked.reason, by=asked.by.person
    )

    def payload(found: Found) -> requests.OverrideEnd:
        held = found.state.overrides.get(override_id)
        if held is None or held.last < found.desk.day.toordinal():
            raise Declined(requests.Why.UNKNOWN if held is None else requests.Why.OVER)
        return wanted

    return await _ask(ports, customer_id, Kind.OVERRIDE_END, asked, payload, msgspec.to_builtins(wanted))


async def erasure(ports: Ports, customer_id: str, asked: Asked) -> ApprovalRow:
    """Ask that the personal fields of a customer be made unreadable. Raises as `override`."""
    wanted = requests.Erasure(customer_id=customer_id, basis=asked.reason, by=asked.by.person)
    return await _ask(ports, customer_id, Kind.ERASURE, asked, lambda _: wanted, msgspec.to_builtins(wanted))


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


def id_of(customer_id: str, kind: str, account: str, key: str) -> str:
    """The id of the request that *account* makes under *key*: the same request again has the same id."""
    told = "\0".join((customer_id, kind, account, key))
    return f"ap-{blake2b(told.encode(), digest_size=12).hexdigest()}"


async def _ask(
    ports: Ports,
    customer_id: str,
    kind: Kind,
    asked: Asked,
    payload: Callable[[Found], msgspec.Struct],
    given: Mapping[str, Any],
    *,
    to: str = "",
) -> ApprovalRow:
    """Ask for *payload*. What was asked under the same key before is compared with what is *given* now, by its own date."""
    approval_id = id_of(customer_id, kind, asked.by.account, asked.by.key)

    def command(found: Found) -> Act:
        held = found.state.approvals.get(approval_id)
        wanted = {**msgspec.json.decode(held.payload), **given} if held else msgspec.to_builtins(payload(found))
        chain = found.desk.chains.of(kind, _approvers(found.policy, to) if kind is Kind.OVERRIDE else ())
        request = Request(approval_id, kind, sealed(wanted)[0], asked.by, asked.reason, asked.evidence, chain)
        return Act(_decided(request, found.state, found.desk))

    await ports.decide(ports.database(), customer_id, command)
    return await one(ports, approval_id, EVERY_ROW)


def _approvers(policy: Policy | None, grade: str) -> tuple[str, ...]:
    """Who approves by the method's own rules; none: the chain of the installation says."""
    return policy.movement.approvers("override", grade) if policy is not None else ()


async def _answer(ports: Ports, command: Approve | Refuse | Withdraw, rows: Rows) -> ApprovalRow:
    customer_id = (await one(ports, command.approval_id, rows)).customer_id

    def act(found: Found) -> Act:
        decisions = _decided(command, found.state, found.desk)
        if not any(isinstance(made, ApprovalGranted) and made.final for made in decisions):
            return Act(decisions)
        approval = found.state.approvals[command.approval_id]
        common = {**found.desk.common, "as_of": found.desk.day}
        follows = requests.effect(approval, found.state, found.policy, found.desk.chains.overrides, common)
        if isinstance(follows, requests.Why):
            raise Declined(follows)
        return Act((*decisions, *follows), erase=requests.erased(approval))

    await ports.decide(ports.database(), customer_id, act)
    return await one(ports, command.approval_id, rows)


def _decided(command: Command, state: State, desk: Desk) -> tuple[ApprovalDecision, ...]:
    """What follows of *command*. Raises Declined, NotFound."""
    made = decide(command, state.approvals.get(command.approval_id), desk)
    if made is No.UNKNOWN:
        raise NotFound(UNKNOWN)
    if isinstance(made, No):
        raise Declined(made)
    return made
