"""What people may ask of a customer, as payloads that others approve, and what takes effect once they have.

An override is bounded: up a little, down any, for a while, renewed a few times (G-25). The bounds are asked twice, when it is
asked for and when it would take effect, for the customer may have fallen meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from services.rating.core import rising
from services.rating.core.engine import CREDIT
from services.rating.core.overriding import renewals
from services.rating.core.path import Path
from services.rating.core.standing import Standing
from services.rating.core.state import State
from shared.core.approval.chain import Bounds
from shared.core.approval.commands import Desk
from shared.core.approval.request import Approval
from shared.core.events.approval import ExceptionGranted, OverrideSet, OverrideWithdrawn
from shared.core.events.base import Decision
from shared.core.policy.policy import Policy
from shared.core.policy.rulebook import Rulebook


class Kind(StrEnum):
    """What may be asked of a customer; each has its chain in `services/rating/approvals.yaml`, a rise that of its method."""

    OVERRIDE = "override"
    OVERRIDE_END = "override-end"
    ERASURE = "erasure"
    EXCEPTION = "exception"
    RISE = rising.KIND


class Why(StrEnum):
    """Why something cannot be asked for, or take effect. Sentences in `shared/edge/codes.yaml`."""

    NO_GRADE = "OVERRIDE_NO_GRADE"
    OFF_SCALE = "OVERRIDE_NOT_ON_SCALE"
    TOO_FAR_UP = "OVERRIDE_TOO_FAR_UP"
    TOO_LONG = "OVERRIDE_TOO_LONG"
    OVER = "OVERRIDE_OVER"
    TOO_OFTEN = "OVERRIDE_RENEWED_TOO_OFTEN"
    UNKNOWN = "OVERRIDE_UNKNOWN"
    NOT_ALLOWED = "OVERRIDE_NOT_ALLOWED"
    WAIVER_OVER = "EXCEPTION_OVER"
    WAIVER_TOO_LONG = "EXCEPTION_TOO_LONG"
    WAIVER_SIZE = "EXCEPTION_SIZE_MISSING"
    NOT_DUE = rising.NOT_DUE


class Found(NamedTuple):
    """One customer as it stands, for who decides about it."""

    state: State
    desk: Desk
    policies: Mapping[str, Policy]
    """Purpose → the rules under which it is graded; one under which it is not is left out."""

    @property
    def policy(self) -> Policy | None:
        """The rules of purpose `credit`."""
        return self.policies.get(CREDIT)

    def under(self, method: str) -> tuple[Standing | None, Policy | None]:
        """What holds under *method*, and by which rules; (None, None) where it does not grade the customer."""
        for purpose, policy in self.policies.items():
            if policy.method == method:
                return path_of(self.state, purpose)[-1][1], policy
        return None, None


class Act(NamedTuple):
    """What is to be done with one customer."""

    decisions: Sequence[Decision]
    erase: str | None = None
    """The basis on which its personal fields are erased; None: they are not."""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an override: exactly one of *grade* and *cap*, of the scale of *method*."""

    customer_id: str
    method: str
    expires_on: date
    reason: str
    evidence: str
    by: str
    grade: str | None = None
    cap: str | None = None


class OverrideEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of taking an override back."""

    customer_id: str
    override_id: str
    reason: str
    by: str


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an exception: which rule does not hold for the customer, and until when (AP-16)."""

    customer_id: str
    excepts: str
    """The rule, by its code."""
    expires_on: date
    reason: str
    evidence: str
    by: str
    terms: str | None = None
    """What is allowed instead."""
    size: Decimal | None = None
    """How far from the rule, as a share of what it says."""
    method: str | None = None
    """The method whose rule it is."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of destroying the key of a customer's personal fields."""

    customer_id: str
    basis: str
    by: str


def path_of(state: State, purpose: str) -> Path:
    """The path of *state* under *purpose*."""
    return state.path if purpose == CREDIT else state.besides.get(purpose, [])


def policies_of(state: State, rulebook: Rulebook) -> dict[str, Policy]:
    """Purpose → the rules under which *state* stands, of those under which it is graded.

    What methods of purpose `compliance` say is read by few, and approvals by many: nothing is asked of them here.
    """
    found = {}
    for purpose in (CREDIT, *(name for name in state.besides if name != "compliance")):
        path = path_of(state, purpose)
        standing = path[-1][1] if path else None
        is_rated = standing is not None and (standing.grade is not None or standing.refusal == rising.UNCONFIRMED)
        book = rulebook.books.get(standing.method) if standing and is_rated else None
        versions = book.versions if book else ()
        policy = next((one for one in versions if standing and one.sha256 == standing.sha256), None)
        if policy is not None:
            found[purpose] = policy
    return found


def last_day(day: date, bounds: Bounds) -> date:
    """The last day an override that is set on *day* may have."""
    return day + timedelta(days=bounds.days)


def why_not(wanted: Override, state: State, policy: Policy | None, day: date, bounds: Bounds) -> Why | None:
    """What forbids *wanted* on *day*; None: nothing does."""
    if policy is None or policy.method != wanted.method or path_of(state, policy.purpose)[-1][1].grade is None:
        return Why.NO_GRADE
    grade = wanted.grade or wanted.cap
    if grade not in policy.grades:
        return Why.OFF_SCALE
    if policy.purpose != CREDIT and not policy.movement.approvers("override", grade):
        return Why.NOT_ALLOWED
    if wanted.expires_on < day:
        return Why.OVER
    if wanted.expires_on > last_day(day, bounds):
        return Why.TOO_LONG
    if wanted.grade is not None and _steps_up(wanted.grade, state, policy) > bounds.up_steps:
        return Why.TOO_FAR_UP
    return Why.TOO_OFTEN if renewals(state, day.toordinal(), policy.method) > bounds.renewals else None


def _steps_up(grade: str, state: State, policy: Policy) -> int:
    """How many steps *grade* lies above what would stand without overrides."""
    standing = path_of(state, policy.purpose)[-1][1]
    stands = (standing.rules or standing).grade
    return policy.grades.index(stands) - policy.grades.index(grade) if stands in policy.grades else 0


def erased(approval: Approval) -> str | None:
    """On what basis *approval*, once granted, erases the customer's personal fields; None: it does not."""
    if approval.kind != Kind.ERASURE:
        return None
    return msgspec.json.decode(approval.payload, type=Erasure).basis


def waiver_why_not(wanted: Waiver, desk: Desk) -> Why | None:
    """What forbids the exception *wanted* on the day of *desk*; None: nothing does."""
    if wanted.size is None and wanted.excepts in desk.chains.graded:
        return Why.WAIVER_SIZE
    if wanted.expires_on < desk.day:
        return Why.WAIVER_OVER
    longest = desk.day + timedelta(days=desk.chains.exceptions.days)
    return Why.WAIVER_TOO_LONG if wanted.expires_on > longest else None


def effect(approval: Approval, found: Found) -> Effect:
    """What follows from the last grant of *approval*, read from the content that was hashed and from nothing else."""
    state, day = found.state, found.desk.day
    common = {**found.desk.common, "as_of": day}
    match approval.kind:
        case Kind.OVERRIDE:
            wanted = msgspec.json.decode(approval.payload, type=Override)
            why = why_not(wanted, state, found.under(wanted.method)[1], day, found.desk.chains.overrides)
            return why or (_set(wanted, approval, common),)
        case Kind.OVERRIDE_END:
            end = msgspec.json.decode(approval.payload, type=OverrideEnd)
            held = state.overrides.get(end.override_id)
            if held is None:
                return Why.UNKNOWN
            if held.last < day.toordinal():
                return Why.OVER
            said = {**common, "override_id": end.override_id, "reason": end.reason}
            return (OverrideWithdrawn(**said, approval_id=approval.approval_id),)
        case Kind.RISE:
            rise = rising.rise_of(approval)
            standing, policy = found.under(rise.method)
            return () if rising.is_due(approval, standing, policy) else Why.NOT_DUE
        case Kind.EXCEPTION:
            waiver = msgspec.json.decode(approval.payload, type=Waiver)
            why = waiver_why_not(waiver, found.desk)
            return why or (_waived(waiver, approval, common),)
    return ()


Effect = Sequence[Decision] | Why


def _waived(wanted: Waiver, approval: Approval, common: dict[str, Any]) -> ExceptionGranted:
    told = {name: value for name, value in msgspec.structs.asdict(wanted).items() if name != "customer_id"}
    return ExceptionGranted(**common, **told, exception_id=approval.approval_id, approval_id=approval.approval_id)


def _set(wanted: Override, approval: Approval, common: dict[str, Any]) -> OverrideSet:
    return OverrideSet(
        **common,
        override_id=approval.approval_id,
        expires_on=wanted.expires_on,
        reason=wanted.reason,
        grade=wanted.grade,
        cap=wanted.cap,
        method=wanted.method,
        approval_id=approval.approval_id,
        by=wanted.by,
        evidence=wanted.evidence,
    )
