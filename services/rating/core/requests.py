"""What people may ask of a customer, as payloads that others approve, and what takes effect once they have.

An override is bounded: up a little, down any, for a while, renewed a few times (G-25). The bounds are asked twice, when it is
asked for and when it would take effect, for the customer may have fallen meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from services.rating.core.overriding import renewals
from services.rating.core.state import State
from shared.core.approval.chain import Bounds
from shared.core.approval.commands import Desk
from shared.core.approval.request import Approval
from shared.core.events.approval import OverrideSet, OverrideWithdrawn
from shared.core.events.base import Decision
from shared.core.policy.policy import Policy
from shared.core.policy.rulebook import Rulebook


class Kind(StrEnum):
    """What may be asked of a customer; each has its chain in `services/rating/approvals.yaml`."""

    OVERRIDE = "override"
    OVERRIDE_END = "override-end"
    ERASURE = "erasure"


class Why(StrEnum):
    """Why an override cannot be asked for, or take effect. Sentences in `shared/edge/codes.yaml`."""

    NO_GRADE = "OVERRIDE_NO_GRADE"
    OFF_SCALE = "OVERRIDE_NOT_ON_SCALE"
    TOO_FAR_UP = "OVERRIDE_TOO_FAR_UP"
    TOO_LONG = "OVERRIDE_TOO_LONG"
    OVER = "OVERRIDE_OVER"
    TOO_OFTEN = "OVERRIDE_RENEWED_TOO_OFTEN"
    UNKNOWN = "OVERRIDE_UNKNOWN"


class Found(NamedTuple):
    """One customer as it stands, for who decides about it."""

    state: State
    desk: Desk
    policy: Policy | None
    """The rules under which it is graded."""


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


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of destroying the key of a customer's personal fields."""

    customer_id: str
    basis: str
    by: str


def policy_of(state: State, rulebook: Rulebook) -> Policy | None:
    """The rules under which *state* stands; None where it is not graded."""
    standing = state.path[-1][1] if state.path else None
    book = rulebook.books.get(standing.method) if standing and standing.grade is not None else None
    versions = book.versions if book else ()
    return next((one for one in versions if standing and one.sha256 == standing.sha256), None)


def last_day(day: date, bounds: Bounds) -> date:
    """The last day an override that is set on *day* may have."""
    return day + timedelta(days=bounds.days)


def why_not(wanted: Override, state: State, policy: Policy | None, day: date, bounds: Bounds) -> Why | None:
    """What forbids *wanted* on *day*; None: nothing does."""
    if policy is None or policy.method != wanted.method:
        return Why.NO_GRADE
    grade = wanted.grade or wanted.cap
    if grade not in policy.grades:
        return Why.OFF_SCALE
    if wanted.expires_on < day:
        return Why.OVER
    if wanted.expires_on > last_day(day, bounds):
        return Why.TOO_LONG
    if wanted.grade is not None and _steps_up(wanted.grade, state, policy) > bounds.up_steps:
        return Why.TOO_FAR_UP
    return Why.TOO_OFTEN if renewals(state, day.toordinal()) > bounds.renewals else None


def _steps_up(grade: str, state: State, policy: Policy) -> int:
    """How many steps *grade* lies above what would stand without overrides."""
    standing = state.path[-1][1]
    stands = (standing.rules or standing).grade
    return policy.grades.index(stands) - policy.grades.index(grade) if stands in policy.grades else 0


def erased(approval: Approval) -> str | None:
    """On what basis *approval*, once granted, erases the customer's personal fields; None: it does not."""
    if approval.kind != Kind.ERASURE:
        return None
    return msgspec.json.decode(approval.payload, type=Erasure).basis


def effect(approval: Approval, state: State, policy: Policy | None, bounds: Bounds, common: dict[str, Any]) -> Effect:
    """What follows from the last grant of *approval*, read from the content that was hashed and from nothing else."""
    day: date = common["as_of"]
    match approval.kind:
        case Kind.OVERRIDE:
            wanted = msgspec.json.decode(approval.payload, type=Override)
            why = why_not(wanted, state, policy, day, bounds)
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
    return ()


Effect = Sequence[Decision] | Why


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
