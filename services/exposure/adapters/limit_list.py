"""The limits that were granted and not ended, as the projection has them."""

from __future__ import annotations

from typing import Any

from shared.core.money import QUANTA

LIMITS = """
select l.customer_id, l.limit_id, l.kind, l.amount, l.currency, l.valid_from, l.valid_to, l.share, l.company, l.segment,
       l.product_group, l.salesperson, l.region, l.review_on, l.grade, l.granted_on, l.granted_by, l.approval_id
from limits l
where ($1::text is null or l.customer_id = $1) and ($2::text is null or l.kind = $2)
order by l.customer_id, l.kind, l.granted_on, l.limit_id
"""


async def limits(pool: Any, customer: str | None, kind: str | None) -> list[dict[str, Any]]:
    """Those of *customer* and of *kind*, where they are named; by customer."""
    rows = await pool.fetch(LIMITS, customer, kind)
    return [{**dict(row), "amount": row["amount"].quantize(QUANTA[row["currency"]])} for row in rows]
