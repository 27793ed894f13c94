"""Reads of the projections and of the dead letters, in pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from services.rating.adapters import approvals
from services.rating.adapters.context import activations
from services.rating.adapters.visible import may_see, visible
from services.rating.core.granting import ApprovalRow, StaffRow, Standing, Wanted
from services.rating.core.view import CustomerRow, StandingWarning
from shared.edge import clock
from shared.edge.rights import Rows
from shared.edge.store import aside
from shared.edge.store.days import last_opened
from shared.edge.store.pool import Connection

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

APPROVALS = """
select customer_id, approval_id, kind, payload, payload_sha256, reason, evidence, requested_by, requested_on, roles,
       place, step, role, escalated, deputy_on, lapses_on, grants::text, ended_by, ended_on, ended_because, members,
       votes::text
from approvals
where (requested_on, approval_id) > ($1, $2) and ($3::text is null or place = $3) and ($4::text is null or kind = $4)
  and ($5::text is null or role = $5 or $5 = any(members)) and ($6::text is null or customer_id = $6)
  and ($7::text is null or approval_id = $7)
  and {visible}
order by requested_on, approval_id limit $8
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
        condition, limits = visible(rows, "customers.customer_id", first=5)
        rows_ = await pool.fetch(CUSTOMERS.format(visible=condition), after, grade, region, limit, *limits)
        return [CustomerRow(**dict(row)) for row in rows_]

    async def warnings(
        self, pool: Any, *, after: tuple[str, str], limit: int, severity: str | None, rows: Rows
    ) -> list[StandingWarning]:
        """Warnings that stand, after (customer, warning)."""
        condition, limits = visible(rows, "warnings.customer_id", first=5)
        found = await pool.fetch(WARNINGS.format(visible=condition), *after, severity, limit, *limits)
        return [StandingWarning(**{**dict(row), "figures": msgspec.json.decode(row["figures"])}) for row in found]

    async def approvals(
        self, pool: Any, *, after: tuple[date, str], limit: int, wanted: Wanted, rows: Rows
    ) -> list[ApprovalRow]:
        """Approvals after (day of the request, id), the oldest first."""
        condition, limits = visible(rows, "approvals.customer_id", first=9)
        found = await pool.fetch(APPROVALS.format(visible=condition), *after, *wanted, limit, *limits)
        return [approvals.shown(row) for row in found]

    async def versions(self, pool: Any) -> Standing:
        """Which versions of methods were activated, which wait for an approval, and the last day that was opened."""
        async with pool.acquire() as connection:
            return await standing(connection)

    async def staff(self, pool: Any, *, after: str, limit: int) -> list[StaffRow]:
        """The staff register after the person *after*."""
        return await approvals.staff(pool, after=after, limit=limit)

    async def may_see(self, pool: Any, customer_id: str, rows: Rows) -> bool:
        """Whether a caller with *rows* may see *customer_id*."""
        return await may_see(pool, customer_id, rows)

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
        condition = visible(rows, "parked.stream", first=4)
        async with pool.acquire() as connection:
            found = await aside.parked(connection, after=after, limit=limit, visible=condition)
        return [one._asdict() for one in found]

    async def quarantined(
        self, pool: Any, *, after: tuple[datetime, str, str, str] | None, limit: int, rows: Rows
    ) -> list[dict[str, Any]]:
        """Facts whose identity was used before, newest first, without personal fields."""
        condition = visible(rows, "aside.stream", first=6)
        async with pool.acquire() as connection:
            found = await aside.quarantined(connection, after=after, limit=limit, visible=condition)
        return [one._asdict() for one in found]
