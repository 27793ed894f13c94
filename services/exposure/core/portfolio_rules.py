"""The rules about all customers together, as values (LT-02, LT-41, LT-45)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec


class Share(msgspec.Struct, frozen=True):
    """The shares from which on something is watched, and is too much; 1 = 100 %."""

    watch: Decimal
    breach: Decimal


class PortfolioRules(msgspec.Struct, frozen=True):
    """All customers together, and groups of them."""

    budget: Share
    """LT-02.03: of the budget, by all customers."""
    customer: Share
    """LT-45.01: of what all owe, by one."""
    group: Share
    """LT-45.02"""
    hhi: Share
    """LT-45.04"""
    top_count: int
    top_share: Decimal
    """LT-45.03: so many customers together."""
    region_share: Decimal
    """LT-45.03"""
    spread_shares: Mapping[str, Decimal]
    """LT-45.03: industry, product_group, salesperson → of what all owe, by one."""

    group_members: int
    """So many members a group may have: each check of one of them adds up what the others owe."""
