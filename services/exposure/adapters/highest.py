"""The accounts that stand highest: by how much of the limit is used, or by how much is owed."""

from __future__ import annotations

from typing import Any, Literal

Rank = Literal["utilisation", "exposure", "overdue"]

HIGHEST = """
select customer_id, currency, grade, exposure, reserved, credit_limit, headroom, utilisation, overdue, days_past_due, held,
       is_breached, suspended_on
from accounts
where {rank} > 0 and ($2::text is null or currency = $2)
order by {rank} desc, customer_id limit $1
"""


async def highest(pool: Any, rank: Rank, limit: int, currency: str | None) -> list[dict[str, Any]]:
    """The first *limit* accounts by *rank*, those of *currency* alone where one is named."""
    return [dict(row) for row in await pool.fetch(HIGHEST.format(rank=rank), limit, currency)]
