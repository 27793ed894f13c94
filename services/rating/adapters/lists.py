"""Reads of the projections and of the dead letters, in pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from services.rating.core.view import CustomerRow, StandingWarning
from shared.edge.store import aside

CUSTOMERS = """
select customer_id, version, as_of, currency, grade, refusal, method, score::text, since, region, segment, manager,
       receivable_balance::text, overdue_amount::text, warnings
from customers
where customer_id > $1 and ($2::text is null or grade = $2) and ($3::text is null or region = $3)
order by customer_id limit $4
"""

WARNINGS = """
select customer_id, warning_id, rule, kind, severity, since, raised_at, figures::text
from warnings
where (customer_id, warning_id) > ($1, $2) and ($3::text is null or severity = $3)
order by customer_id, warning_id limit $4
"""

DEAD_LETTERS = """
select topic, partition, generation, position, reason, rule, pointer, recorded_at, state
from dead_letters
where state = $1
  and ($2::timestamptz is null
       or (recorded_at, topic, partition, generation, position) < ($2, $3, $4::int, $5, $6::bigint))
order by recorded_at desc, topic desc, partition desc, generation desc, position desc limit $7
"""


class Lists:
    """Implements `services.rating.handlers.ports.Lists` on PostgreSQL."""

    async def customers(
        self, pool: Any, *, after: str, limit: int, grade: str | None, region: str | None
    ) -> list[CustomerRow]:
        """Customers after the id *after*, in the order of their ids."""
        rows = await pool.fetch(CUSTOMERS, after, grade, region, limit)
        return [CustomerRow(**dict(row)) for row in rows]

    async def warnings(
        self, pool: Any, *, after: tuple[str, str], limit: int, severity: str | None
    ) -> list[StandingWarning]:
        """Warnings that stand, after (customer, warning)."""
        rows = await pool.fetch(WARNINGS, *after, severity, limit)
        return [StandingWarning(**{**dict(row), "figures": msgspec.json.decode(row["figures"])}) for row in rows]

    async def dead_letters(
        self, pool: Any, *, after: tuple[datetime, str, int, str, int] | None, limit: int, state: str
    ) -> list[dict[str, Any]]:
        """Dead letters in *state*, newest first, without their bytes."""
        rows = await pool.fetch(DEAD_LETTERS, state, *(after or (None, "", 0, "", 0)), limit)
        return [dict(row) for row in rows]

    async def parked(self, pool: Any, *, after: tuple[datetime, str] | None, limit: int) -> list[dict[str, Any]]:
        """Parked customers, the longest parked first."""
        async with pool.acquire() as connection:
            return [one._asdict() for one in await aside.parked(connection, after=after, limit=limit)]

    async def quarantined(
        self, pool: Any, *, after: tuple[datetime, str, str, str] | None, limit: int
    ) -> list[dict[str, Any]]:
        """Facts whose identity was used before, newest first, without personal fields."""
        async with pool.acquire() as connection:
            return [one._asdict() for one in await aside.quarantined(connection, after=after, limit=limit)]
