"""Reads of the projections, in pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.exposure.core.listing import HoldRow, WantedHolds
from shared.core.approval.listed import ApprovalRow, Wanted
from shared.edge.rights import Rows
from shared.edge.store import approvals
from shared.edge.store.visible import may_see, visible

SEEN = "accounts"
"""Says whose each customer is, and so who may see it."""

HOLDS = """
select customer_id, order_id, amount::text, currency, control_point, reasons, held_on, excess::text, company, segment,
       product_group, salesperson, check_id, replaces
from holds
where (held_on, customer_id, order_id) > ($1, $2, $3) and ($4::text is null or $4 = any(reasons))
  and ($5::text is null or customer_id = $5) and ($6::text is null or company = $6) and ($7::text is null or order_id = $7)
  and {visible}
order by held_on, customer_id, order_id limit $8
"""


class Lists:
    """Implements `services.exposure.handlers.ports.Lists` on PostgreSQL."""

    async def approvals(
        self, pool: Any, *, after: tuple[date, str], limit: int, wanted: Wanted, rows: Rows
    ) -> list[ApprovalRow]:
        """Requests after (day of the request, id), the oldest first."""
        condition = visible(SEEN, rows, "approvals.customer_id", first=9)
        return await approvals.listed(pool, after=after, limit=limit, wanted=wanted, visible=condition)

    async def holds(
        self, pool: Any, *, after: tuple[date, str, str], limit: int, wanted: WantedHolds, rows: Rows
    ) -> list[HoldRow]:
        """Held orders after (day, customer, order), the longest held first."""
        condition, limits = visible(SEEN, rows, "holds.customer_id", first=9)
        found = await pool.fetch(HOLDS.format(visible=condition), *after, *wanted, limit, *limits)
        return [HoldRow(**{**dict(row), "reasons": tuple(row["reasons"])}) for row in found]

    async def may_see(self, pool: Any, customer_id: str, rows: Rows) -> bool:
        """Whether a caller with *rows* may see *customer_id*."""
        return await may_see(SEEN, pool, customer_id, rows)

    async def advances(self, pool: Any, *, without: str) -> str:
        """What all customers but *without* are granted as advance funding, in CNY, as a plain decimal (LT-15)."""
        return str(await pool.fetchval(ADVANCES, without))


ADVANCES = """
select coalesce(sum(amount), 0)::text from limits where kind = 'advance' and currency = 'CNY' and customer_id <> $1
"""
