"""Reads of the projections, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.exposure.core.listing import GroupListed, HoldRow, Standing, WantedHolds
from shared.core.approval.listed import ApprovalRow, Wanted
from shared.core.errors import Unavailable
from shared.core.ledger.documents import units
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

    async def groups(
        self, pool: Any, *, after: str, limit: int, customer_id: str | None = None, known: bool = False
    ) -> list[GroupListed]:
        """Groups after the id *after*, by id; *customer_id*: those to which it belongs. Ended ones where *known*."""
        found = await pool.fetch(GROUPS, after, customer_id, known, limit)
        return [GroupListed(**dict(row)) for row in found]

    async def members(self, pool: Any, group_id: str) -> list[Standing]:
        """Who belongs to a group, or will, and what each owes, as last written."""
        return [
            Standing(
                row["customer_id"], row["since"], row["until"], row["currency"], units(row["exposure"]),
                units(row["reserved"]), row["is_certain"],
            )
            for row in await pool.fetch(MEMBERS, group_id)
        ]  # fmt: skip

    async def strangers(self, pool: Any, customers: Sequence[str]) -> list[str]:
        """Those of *customers* of whom nothing is known."""
        return [row["name"] for row in await pool.fetch(STRANGERS, list(customers))]

    async def today(self, pool: Any) -> date:
        """The day that is open. Raises Unavailable while none is."""
        day: date | None = await pool.fetchval("select max(day) from partitions")
        if day is None:
            raise Unavailable("no business day is open here yet; try again later")
        return day


GROUPS = """
select group_id, name, currency, lead, since, ended_on, credit_limit::text, is_breached, mark from groups g
where group_id > $1 and ($3 or ended_on is null)
  and ($2::text is null or exists (select from group_members m where m.group_id = g.group_id and m.customer_id = $2
                                     and m.since <= g.as_of and (m.until is null or m.until > g.as_of)))
order by group_id limit $4
"""
MEMBERS = """
select m.customer_id, m.since, m.until, coalesce(a.currency, g.currency) as currency,
       coalesce(a.exposure, 0) as exposure, coalesce(a.reserved, 0) as reserved,
       coalesce(cardinality(a.missing) = 0 and not s.parked, true) as is_certain
from group_members m
join groups g using (group_id)
left join accounts a using (customer_id)
left join streams s on s.stream = m.customer_id
where m.group_id = $1 and (m.until is null or m.until > (select max(day) from partitions))
order by m.customer_id
"""
STRANGERS = "select name from unnest($1::text[]) u (name) where not exists (select from streams where stream = name)"
