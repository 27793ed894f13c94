"""What the API lists of held orders: rows of the projection."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import msgspec


class WantedHolds(NamedTuple):
    """Which held orders are asked for; None: any."""

    reason: str | None = None
    customer_id: str | None = None
    company: str | None = None
    order_id: str | None = None


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
