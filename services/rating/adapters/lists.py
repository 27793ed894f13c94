"""Reads of the projections and of the dead letters, in pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from services.rating.adapters.context import activations
from services.rating.core.activating import Standing
from services.rating.core.view import CustomerRow, StandingWarning
from shared.core.approval.listed import ApprovalRow, Wanted
from shared.edge import clock
from shared.edge.rights import Rows
from shared.edge.store import approvals, aside
from shared.edge.store.days import last_opened
from shared.edge.store.pool import Connection
from shared.edge.store.visible import may_see, visible

SEEN = "customers"
"""Says whose each customer is, and so who may see it."""

CUSTOMERS = """
select customer_id, version, as_of, currency, grade, refusal, method, score::text, since, region, segment, manager,
       receivable_balance::text, overdue_amount::text, warnings, underlying, override_id
from customers
where customer_id > $1 and ($2::text is null or grade = $2) and ($3::text is null or region = $3) and {visible}
order by customer_id limit $4
"""

WARNINGS = """
select customer_id, warning_id, rule, kind, severity, since, raised_at, figures::text
from warnings
where (customer_id, warning_id) > ($1, $2) and ($3::text is null or severity = $3) and {visible}
order by customer_id, warning_id limit $4
"""

WAITING = """
select approval_id, (payload::jsonb)->>'method' as method, (payload::jsonb)->>'version' as version,
       (payload::jsonb)->>'sha256' as sha256
from approvals where customer_id = '~policy' and kind = 'policy' and place = 'open' order by requested_on, approval_id
"""

DEAD_LETTERS = """
select topic, partition, generation, position, reason, rule, pointer, recorded_at, state
from dead_letters
where state = $1
  and ($2::timestamptz is null
       or (recorded_at, topic, partition, generation, position) < ($2, $3, $4::int, $5, $6::bigint))
order by recorded_at desc, topic desc, partition desc, generation desc, position desc limit $7
"""


async def standing(connection: Connection) -> Standing:
    """What the state of each version of a method follows from."""
    rows = await connection.fetch(WAITING)
    waiting = {(row["method"], row["version"], row["sha256"]): row["approval_id"] for row in rows}
    day = await last_opened(connection) or clock.now().date()
    return Standing(await activations(connection), waiting, day)


class Lists:
    """Implements `services.rating.handlers.ports.Lists` on PostgreSQL."""

    async def customers(
        self, pool: Any, *, after: str, limit: int, grade: str | None, region: str | None, rows: Rows
    ) -> list[CustomerRow]:
        """Customers after the id *after*, in the order of their ids."""
        condition, limits = visible(SEEN, rows, "customers.customer_id", first=5)
        rows_ = await pool.fetch(CUSTOMERS.format(visible=condition), after, grade, region, limit, *limits)
        return [CustomerRow(**dict(row)) for row in rows_]

    async def warnings(
        self, pool: Any, *, after: tuple[str, str], limit: int, severity: str | None, rows: Rows
    ) -> list[StandingWarning]:
        """Warnings that stand, after (customer, warning)."""
        condition, limits = visible(SEEN, rows, "warnings.customer_id", first=5)
        found = await pool.fetch(WARNINGS.format(visible=condition), *after, severity, limit, *limits)
        return [StandingWarning(**{**dict(row), "figures": msgspec.json.decode(row["figures"])}) for row in found]

    async def approvals(
        self, pool: Any, *, after: tuple[date, str], limit: int, wanted: Wanted, rows: Rows
    ) -> list[ApprovalRow]:
        """Approvals after (day of the request, id), the oldest first."""
        condition = visible(SEEN, rows, "approvals.customer_id", first=9)
        return await approvals.listed(pool, after=after, limit=limit, wanted=wanted, visible=condition)

    async def versions(self, pool: Any) -> Standing:
        """Which versions of methods were activated, which wait for an approval, and the last day that was opened."""
        async with pool.acquire() as connection:
            return await standing(connection)

    async def may_see(self, pool: Any, customer_id: str, rows: Rows) -> bool:
        """Whether a caller with *rows* may see *customer_id*."""
        return await may_see(SEEN, pool, customer_id, rows)

    async def dead_letters(
        self, pool: Any, *, after: tuple[datetime, str, int, str, int] | None, limit: int, state: str
    ) -> list[dict[str, Any]]:
        """Dead letters in *state*, newest first, without their bytes."""
        rows = await pool.fetch(DEAD_LETTERS, state, *(after or (None, "", 0, "", 0)), limit)
        return [dict(row) for row in rows]

    async def parked(
        self, pool: Any, *, after: tuple[datetime, str] | None, limit: int, rows: Rows
    ) -> list[dict[str, Any]]:
        """Parked customers, the longest parked first."""
        condition = visible(SEEN, rows, "parked.stream", first=4)
        async with pool.acquire() as connection:
            found = await aside.parked(connection, after=after, limit=limit, visible=condition)
        return [one._asdict() for one in found]

    async def quarantined(
        self, pool: Any, *, after: tuple[datetime, str, str, str] | None, limit: int, rows: Rows
    ) -> list[dict[str, Any]]:
        """Facts whose identity was used before, newest first, without personal fields."""
        condition = visible(SEEN, rows, "aside.stream", first=6)
        async with pool.acquire() as connection:
            found = await aside.quarantined(connection, after=after, limit=limit, visible=condition)
        return [one._asdict() for one in found]
