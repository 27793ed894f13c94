"""What the API lists of requests and of held orders: rows of the projections."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import msgspec


class Wanted(NamedTuple):
    """Which approvals are asked for; None: any."""

    place: str | None = None
    kind: str | None = None
    role: str | None = None
    customer_id: str | None = None
    approval_id: str | None = None


class WantedHolds(NamedTuple):
    """Which held orders are asked for; None: any."""

    reason: str | None = None
    customer_id: str | None = None
    company: str | None = None
    order_id: str | None = None


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an approval that was granted."""

    step: int
    by: str
    """The person."""
    acting: str
    """The role of the person that was used; another than the step's: a deputy's."""
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
    ended_by: str | None
    ended_on: date | None
    ended_because: str | None


class HoldRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order that waits: a row of the projection. Amounts as plain decimals of `currency`."""

    customer_id: str
    order_id: str
    amount: str
    currency: str
    control_point: str
    reasons: tuple[str, ...]
    held_on: date
    excess: str
    """How far the limit would be exceeded."""
    company: str | None
    segment: str | None
    product_group: str | None
    salesperson: str | None
    check_id: str | None
    replaces: str | None
