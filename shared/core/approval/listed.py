"""What the API lists of requests that others approve, and of the staff that may."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

import msgspec


class Wanted(NamedTuple):
    """Which approvals are asked for; None: any."""

    place: str | None = None
    kind: str | None = None
    role: str | None = None
    customer_id: str | None = None
    approval_id: str | None = None


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an approval that was granted."""

    step: int
    by: str
    """The person."""
    acting: str
    """The role of the person that was used; another than the step's: a deputy's."""
    on: date


class Voted(msgspec.Struct, frozen=True, kw_only=True):
    """One vote of a committee."""

    step: int
    by: str
    seat: str
    """The role, or `person:NAME`, as the committee names it."""
    acting: str
    vote: str
    """for · against."""
    reason: str
    on: date


class ApprovalRow(msgspec.Struct, frozen=True, kw_only=True):
    """One request and what became of it: a row of the projection."""

    customer_id: str
    approval_id: str
    kind: str
    payload: str
    """What is approved, as JSON text; its hash is `payload_sha256`."""
    payload_sha256: str
    reason: str
    evidence: str
    requested_by: str
    requested_on: date
    roles: tuple[str, ...]
    place: str
    """open · granted · refused · withdrawn · expired."""
    step: int
    """The step that waits, or the last."""
    role: str
    escalated: str
    deputy_on: date | None
    lapses_on: date | None
    grants: tuple[Granted, ...]
    members: tuple[str, ...]
    """Who sits on the committee whose step waits, at its sitting where it has them; none: it is that of one role."""
    sits_on: date | None
    """The sitting on whose agenda it is; None: votes are given on any day."""
    votes: tuple[Voted, ...]
    ended_by: str | None
    ended_on: date | None
    ended_because: str | None


class StaffRow(msgspec.Struct, frozen=True, kw_only=True):
    """Which roles a person holds here; none: the person has left."""

    person: str
    roles: tuple[str, ...]
    reason: str
    changed_by: str
    changed_at: datetime
