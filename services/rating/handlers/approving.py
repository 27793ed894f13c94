"""What people ask for that others must grant: each request is decided on the stream of what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from services.rating.core import policy_requests, requests
from services.rating.core.requests import Act, Found, Kind
from services.rating.handlers.ports import Ports
from shared.core.approval.commands import Actor, Request
from shared.core.approval.listed import ApprovalRow
from shared.core.approval.payload import id_of, sealed
from shared.core.errors import Declined
from shared.core.policy.policy import Policy
from shared.edge.answering import decided, one
from shared.edge.rights import EVERY_ROW


class Asked(NamedTuple):
    """What somebody asks for, with the reason and the evidence, under a key that makes repeating it harmless."""

    by: Actor
    reason: str
    evidence: str


async def override(
    ports: Ports,
    customer_id: str,
    asked: Asked,
    *,
    grade: str | None,
    cap: str | None,
    until: date | None,
    method: str | None = None,
) -> ApprovalRow:
    """Ask for an override of the grade of *method*, that of purpose `credit` where it is None.

    Raises Declined naming the rule, NotFound, Unavailable.
    """
    given = {"grade": grade, "cap": cap, "reason": asked.reason, "evidence": asked.evidence, "by": asked.by.person}

    def payload(found: Found) -> requests.Override:
        policy, bounds = _policy(found, method), found.desk.chains.overrides
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

    told = given | ({"expires_on": until.isoformat()} if until else {}) | ({"method": method} if method else {})

    def by(found: Found) -> tuple[str, ...]:
        policy = _policy(found, method)
        return policy.movement.approvers("override", grade or cap or "") if policy is not None else ()

    return await _ask(ports, customer_id, Kind.OVERRIDE, asked, payload, told, by=by)


async def exception(
    ports: Ports,
    customer_id: str,
    asked: Asked,
    *,
    excepts: str,
    terms: str | None,
    size: Decimal | None,
    until: date,
    method: str | None,
) -> ApprovalRow:
    """Ask that the rule *excepts* not hold for a customer until a date. Raises as `override`."""
    wanted = requests.Waiver(
        customer_id=customer_id,
        excepts=excepts,
        expires_on=until,
        reason=asked.reason,
        evidence=asked.evidence,
        by=asked.by.person,
        terms=terms,
        size=size,
        method=method,
    )

    def payload(found: Found) -> requests.Waiver:
        policy = _policy(found, method)
        if method is not None and policy is None:
            raise Declined(requests.Why.NO_GRADE)
        if (why := requests.waiver_why_not(wanted, found.desk)) is not None:
            raise Declined(why)
        return wanted

    def by(found: Found) -> tuple[str, ...]:
        if graded := found.desk.chains.by_size(excepts, size):
            return graded
        policy = _policy(found, method)
        standing = found.under(policy.method)[0] if policy is not None else None
        if policy is None or standing is None:
            return ()
        return policy.movement.approvers("exception", standing.grade or "")

    return await _ask(
        ports, customer_id, Kind.EXCEPTION, asked, payload, msgspec.to_builtins(wanted), by=by, until=until
    )


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


async def activation(
    ports: Ports, method: str, asked: Asked, *, version: str, sha256: str, effective: date | None
) -> ApprovalRow:
    """Ask that a version of *method* be put in force from the opening of a day. Raises as `override`, and what is malformed."""
    approval_id = id_of(policy_requests.SUBJECT, policy_requests.KIND, asked.by.account, asked.by.key)

    def command(found: policy_requests.Found) -> policy_requests.Act:
        held = found.told.approvals.get(approval_id)
        # the same request again, on a later day: what was not said then is as it was then
        day = msgspec.json.decode(held.payload, type=policy_requests.Activating).effective if held else None
        wanted = policy_requests.Activating(
            method=method,
            version=version,
            sha256=sha256,
            effective=effective or day or found.desk.day + timedelta(days=1),
            reason=asked.reason,
            by=asked.by.person,
        )
        if held is None:
            policy_requests.asked(wanted, found)
        text = sealed(msgspec.to_builtins(wanted))[0]
        request = Request(
            approval_id,
            policy_requests.KIND,
            text,
            asked.by,
            asked.reason,
            asked.evidence,
            found.desk.chains.of(policy_requests.KIND),
            policy_requests.last_day(wanted),
        )
        return policy_requests.Act(decided(request, found.told.approvals, found.desk))

    await ports.decide_policy(ports.database(), command)
    return await one(ports, approval_id, EVERY_ROW)


async def _ask(
    ports: Ports,
    customer_id: str,
    kind: Kind,
    asked: Asked,
    payload: Callable[[Found], msgspec.Struct],
    given: Mapping[str, Any],
    *,
    by: Callable[[Found], tuple[str, ...]] = lambda _: (),
    until: date | None = None,
) -> ApprovalRow:
    """Ask for *payload*. What was asked under the same key before is compared with what is *given* now, by its own date.

    *by*: who grants it by the method's own rules; none: the chain of the installation says.
    """
    approval_id = id_of(customer_id, kind, asked.by.account, asked.by.key)

    def command(found: Found) -> Act:
        held = found.state.approvals.get(approval_id)
        wanted = {**msgspec.json.decode(held.payload), **given} if held else msgspec.to_builtins(payload(found))
        chain = found.desk.chains.of(kind, by(found))
        request = Request(approval_id, kind, sealed(wanted)[0], asked.by, asked.reason, asked.evidence, chain, until)
        return Act(decided(request, found.state.approvals, found.desk))

    await ports.decide(ports.database(), customer_id, command)
    return await one(ports, approval_id, EVERY_ROW)


def _policy(found: Found, method: str | None) -> Policy | None:
    """The rules of *method* under which the customer is graded; of purpose `credit` where none is named."""
    return found.policy if method is None else found.under(method)[1]
