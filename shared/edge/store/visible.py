"""Whose customers a caller sees, as a condition of SQL. The projection says where a customer belongs today."""

from __future__ import annotations

from typing import Any

from shared.edge.rights import Rows


def visible(table: str, rows: Rows, column: str, *, first: int) -> tuple[str, list[Any]]:
    """The condition under which the customer of *column* may be seen, and its arguments, which begin at `$first`.

    *table* is the projection with one row a customer: `customer_id`, `companies`, `region`, `manager`.

    Who is limited sees no customer that the projection does not know, and none that says nothing of what the limit is about.
    """
    if rows.all:
        return "true", []
    sql = f"""exists (
        select from {table} seen where seen.customer_id = {column}
          and (${first}::text[] is null or seen.companies && ${first}::text[])
          and (${first + 1}::text[] is null or seen.region = any(${first + 1}))
          and (${first + 2}::text[] is null or seen.manager = any(${first + 2})))"""
    limits = (rows.companies, rows.regions, rows.managers)
    return sql, [None if one is None else list(one) for one in limits]


async def may_see(table: str, pool: Any, customer_id: str, rows: Rows) -> bool:
    """Whether a caller with *rows* may see *customer_id*; who may see all sees what nobody knows, too."""
    if rows.all:
        return True
    condition, arguments = visible(table, rows, "$1", first=2)
    return bool(await pool.fetchval(f"select {condition}", customer_id, *arguments))
