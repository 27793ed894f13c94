"""What the API lists of held orders: rows of the projection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import msgspec

from services.exposure.core.group import Spent
from services.exposure.core.portfolio_rules import PortfolioRules
from services.exposure.core.rulebook import AdvanceRules
from shared.core.references import References


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


class GroupListed(msgspec.Struct, frozen=True, kw_only=True):
    """One group: a row of the projection. *credit_limit*: a plain decimal of `currency`; None: none was given."""

    group_id: str
    name: str
    currency: str
    lead: str | None
    since: date
    ended_on: date | None
    credit_limit: str | None
    is_breached: bool
    mark: str


class Standing(NamedTuple):
    """One member of a group, and what it owes in its currency. Units of 10⁻⁴."""

    customer_id: str
    since: date
    until: date | None
    """The first day on which it does not belong to the group."""
    currency: str
    exposure: int
    reserved: int
    is_certain: bool
    """False: a rate is missing, or the customer is set aside, so that it may owe more."""


class Summed(NamedTuple):
    """What all customers whose accounts are kept in one currency owe and have kept for them. Units of 10⁻⁴."""

    currency: str
    used: int
    is_certain: bool
    customers: int
    """Those that owe anything."""
    squares: Decimal
    """The sum of the squares of what each uses, in whole units of the currency."""


class Part(NamedTuple):
    """What one customer, group or region uses in one currency. Units of 10⁻⁴."""

    name: str
    currency: str
    used: int


class Everybody(NamedTuple):
    """All customers as they stand now."""

    day: int
    rules: PortfolioRules
    references: References
    sums: tuple[Summed, ...]
    customers: tuple[Part, ...]
    """The largest of each currency."""
    groups: tuple[Part, ...]
    regions: tuple[Part, ...]
    """An empty name: of none."""
    advances: tuple[Spent, ...] = ()
    """What all are granted as advance funding (LT-15)."""
    advance_rules: AdvanceRules | None = None
    spread: Mapping[str, tuple[Part, ...]] = {}
    """industry, product_group, salesperson → what each uses (LT-41)."""
