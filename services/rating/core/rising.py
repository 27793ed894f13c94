"""Rises that people must approve: asked for by the machine once the rules would let the grade rise, given by a last grant.

A grant is an input of the grade path, dated its day: on that day the grade rises, review day or not, where the rules still
give what was granted. Later it stands for the approval alone; what else holds a rise holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from shared.core.approval.commands import Actor, Desk, Request
from shared.core.approval.deciding import requested
from shared.core.approval.payload import sealed
from shared.core.approval.request import Approval, Approvals
from shared.core.approval.steps import at
from shared.core.events.approval import ApprovalDecision, ApprovalWithdrawn
from shared.core.refusal import Refusal

if TYPE_CHECKING:
    from services.rating.core.standing import Standing
    from services.rating.core.state import State
    from shared.core.policy.policy import Policy

KIND = "rise"
UNCONFIRMED = str(Refusal.GRADE_UNCONFIRMED)
NEEDS, NOT_DUE = "RISE_NEEDS_APPROVAL", "RISE_NOT_DUE"
"""Why it is asked for, and why the request is taken back: the rules do not give the grade any more."""
MACHINE = Actor("~rating", "~rating", frozenset({"~rating"}))
"""Who asks; nobody can be called so."""


class Rise(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The payload: who rises under which method from which grade to which; from none: it is the first."""

    customer_id: str
    method: str
    from_: str
    to: str
    asked_on: date


class Granted(NamedTuple):
    """A rise that was granted on the day *on*, an ordinal."""

    on: int
    method: str
    from_: str
    to: str


def granted_of(approvals: Approvals) -> list[Granted]:
    """Every rise that was granted, in the order of the requests."""
    found = []
    for one in approvals.values():
        if one.kind == KIND and one.place == "granted":
            rise = rise_of(one)
            found.append(Granted(one.ended_on, rise.method, rise.from_, rise.to))
    return found


def fold(state: State, approval_id: str) -> None:
    """Take the request *approval_id*, which was granted just now, into the path from its day on."""
    one = state.approvals.get(approval_id)
    if one is not None and one.kind == KIND and one.place == "granted":
        state.rises = granted_of(state.approvals)
        state.ledger.touched = min(state.ledger.touched, one.ended_on)


def granted(state: State, policy: Policy, stood: str, since: int, day: int) -> dict[str, bool]:
    """Grade → whether it was granted this very *day*, of every rise from *stood*, held *since*, that was granted by *day*."""
    found: dict[str, bool] = {}
    for one in state.rises:
        if (one.method, one.from_) == (policy.method, stood) and since <= one.on <= day:
            found[one.to] = found.get(one.to, False) or one.on == day
    return found


def first(state: State, policy: Policy, grade: str, day: int) -> str | None:
    """The first grade of a customer to whom the rules give *grade* on *day*: it, or no better than was granted; None: it waits."""
    if policy.purpose == "compliance" or not policy.movement.approvers("first", grade):
        return grade  # what people are asked is read by many; there nobody is asked
    given = [one.to for one in state.rises if (one.method, one.from_) == (policy.method, "") and one.on <= day]
    best = min((policy.grades.index(to) for to in given if to in policy.grades), default=None)
    return None if best is None else policy.grades[max(best, policy.grades.index(grade))]


def next_change(state: State, day: int, never: int) -> int:
    """The next day after *day* on which a granted rise takes effect; *never* where none does."""
    return min((one.on for one in state.rises if one.on > day), default=never)


def is_due(one: Approval, standing: Standing | None, policy: Policy | None) -> bool:
    """Whether the rules of *policy*, under which *standing* stands, still give what *one* asks for."""
    if standing is None or policy is None:
        return False
    now, rise = standing.rules or standing, rise_of(one)
    if not rise.from_:
        return policy.method == rise.method and now.refusal == UNCONFIRMED and now.asks == rise.to
    if (policy.method, now.grade) != (rise.method, rise.from_) or now.underlying not in policy.grades:
        return False
    return rise.to in policy.grades and policy.grades.index(now.underlying) <= policy.grades.index(rise.to)


def said(state: State, stands: Sequence[tuple[Standing, Policy | Refusal]], desk: Desk) -> Iterator[ApprovalDecision]:
    """What people are asked on the day of *desk*, and which open requests are taken back.

    *stands*: what holds under each purpose, and by which rules.
    """
    rated = {policy.method: (now, policy) for now, policy in stands if not isinstance(policy, Refusal)}
    asked = [(one, rise_of(one)) for one in state.approvals.values() if one.kind == KIND]
    for one, rise in asked:
        if one.open and not is_due(one, *rated.get(rise.method, (None, None))):
            yield _taken_back(one, desk)
    for standing, policy in rated.values():
        now = standing.rules or standing
        before = [one for one, rise in asked if rise.method == policy.method]
        is_first = now.grade is None
        if now.asks is None or (is_first and now.refusal != UNCONFIRMED) or any(one.open for one in before):
            continue
        answered = [one for one in before if not is_first or one.place != "withdrawn"]
        ended = max((one.ended_on for one in answered if one.requested_on >= now.since), default=0)
        if ended and desk.day.toordinal() - ended < policy.movement.rise.cooldown_days:
            continue  # people have just said no, or nothing
        yield _asked(state.customer_id, now, policy, desk)


def _asked(customer_id: str, now: Standing, policy: Policy, desk: Desk) -> ApprovalDecision:
    assert now.asks is not None
    rise = Rise(customer_id=customer_id, method=policy.method, from_=now.grade or "", to=now.asks, asked_on=desk.day)
    of, why = ("rise", NEEDS) if now.grade else ("first", UNCONFIRMED)
    chain = desk.chains.of(KIND, policy.movement.approvers(of, now.asks))
    evidence = f"{policy.method} {policy.version} {policy.sha256}"
    return requested(
        Request(_id(rise), KIND, sealed(msgspec.to_builtins(rise))[0], MACHINE, why, evidence, chain), desk
    )


def _taken_back(one: Approval, desk: Desk) -> ApprovalWithdrawn:
    step = at(one, {})
    return ApprovalWithdrawn(
        **desk.common,
        as_of=desk.day,
        approval_id=one.approval_id,
        kind=KIND,
        payload_sha256=one.sha256,
        step=step,
        role=one.roles[step - 1],
        by=MACHINE.person,
        reason=NOT_DUE,
    )


def _id(rise: Rise) -> str:
    said_ = "\0".join((rise.customer_id, KIND, rise.method, rise.to, str(rise.asked_on)))
    return f"ap-{blake2b(said_.encode(), digest_size=12).hexdigest()}"


def rise_of(one: Approval) -> Rise:
    """What *one* asks for."""
    return msgspec.json.decode(one.payload, type=Rise)
