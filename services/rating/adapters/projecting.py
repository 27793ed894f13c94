"""Writes the projections that lists are made of, inside the transaction of the batch."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from services.rating.adapters import aliases
from services.rating.adapters.aliases import Claim
from services.rating.core.row import Rated, Row
from shared.edge.store import approvals
from shared.edge.store.pool import Connection

CUSTOMERS = """
insert into customers (customer_id, version, as_of, currency, grade, refusal, method, score, since, region, segment,
                       manager, receivable_balance, overdue_amount, warnings, underlying, override_id, companies)
select customer_id, version, as_of, currency, grade, refusal, method, score, since, region, segment, manager,
       receivable_balance, overdue_amount, warnings, underlying, override_id,
       string_to_array(companies, chr(31))
from unnest($1::text[], $2::int[], $3::date[], $4::text[], $5::text[], $6::text[], $7::text[], $8::numeric[],
            $9::date[], $10::text[], $11::text[], $12::text[], $13::numeric[], $14::numeric[], $15::int[], $16::text[],
            $17::text[], $18::text[])
    as r (customer_id, version, as_of, currency, grade, refusal, method, score, since, region, segment, manager,
          receivable_balance, overdue_amount, warnings, underlying, override_id, companies)
on conflict (customer_id) do update set
    version = excluded.version, as_of = excluded.as_of, currency = excluded.currency, grade = excluded.grade,
    refusal = excluded.refusal, method = excluded.method, score = excluded.score, since = excluded.since,
    region = excluded.region, segment = excluded.segment, manager = excluded.manager,
    receivable_balance = excluded.receivable_balance, overdue_amount = excluded.overdue_amount,
    warnings = excluded.warnings, underlying = excluded.underlying, override_id = excluded.override_id,
    companies = excluded.companies
"""

_SEPARATOR = chr(31)
"""Between the members of a list on the way to the database: no code of a company holds it, and it is read at no cost."""

KEPT = "select customer_id, warning_id from warnings where customer_id = any($1::text[])"

GONE = """
delete from warnings w using unnest($1::text[], $2::text[]) as g (customer_id, warning_id)
where w.customer_id = g.customer_id and w.warning_id = g.warning_id
"""

STANDING = """
insert into warnings (customer_id, warning_id, rule, kind, severity, since, raised_at, figures)
select customer_id, warning_id, rule, kind, severity, since, now(), figures::jsonb
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::text[])
    as s (customer_id, warning_id, rule, kind, severity, since, figures)
on conflict (customer_id, warning_id) do update set
    severity = excluded.severity, since = excluded.since, figures = excluded.figures
"""


RATINGS = """
insert into ratings (customer_id, purpose, method, grade, due, refusal, score, since, active, populations, ranks)
select customer_id, purpose, method, grade, due, refusal, score, since, active, populations::text[], ranks::numeric[]
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::date[],
            $9::bool[], $10::text[], $11::text[])
    as r (customer_id, purpose, method, grade, due, refusal, score, since, active, populations, ranks)
on conflict (customer_id, purpose) do update set
    method = excluded.method, grade = excluded.grade, due = excluded.due, refusal = excluded.refusal,
    score = excluded.score, since = excluded.since, active = excluded.active, populations = excluded.populations,
    ranks = excluded.ranks
"""


class CustomerProjector:
    """Keeps `customers` (the head of every path), `warnings` (those that stand), and `ratings` where there are several."""

    async def write(self, connection: Connection, rows: Sequence[tuple[str, int, Row]], /) -> None:
        """Keep *rows*: (customer, version, row), one a customer."""
        await connection.execute(CUSTOMERS, *zip(*(_columns(*one) for one in rows), strict=True))
        ratings = [(customer, one) for customer, _, row in rows for one in row.ratings]
        if ratings:
            await connection.execute(RATINGS, *rating_columns(ratings))
        links = [
            Claim(*alias, customer, order, holds) for customer, _, row in rows for alias, order, holds in row.aliases
        ]
        if links:
            await aliases.write(connection, links)
        asked = [(customer, one) for customer, _, row in rows for one in row.approvals]
        if asked:
            await approvals.write(connection, asked)
        touched = [customer for customer, _, row in rows if row.warned]
        if not touched:
            return
        standing = [(customer, warning) for customer, _, row in rows for warning in row.warnings]
        # compared here: an anti-join against the list is a nested loop where hash joins are off, a second a batch
        found = {(kept["customer_id"], kept["warning_id"]) for kept in await connection.fetch(KEPT, touched)}
        if gone := sorted(found - {(customer, warning.warning_id) for customer, warning in standing}):
            await connection.execute(GONE, *zip(*gone, strict=True))
        if standing:
            columns = (
                (c, w.warning_id, w.rule, w.kind, w.severity, w.since, msgspec.json.encode(w.figures).decode())
                for c, w in standing
            )
            await connection.execute(STANDING, *zip(*columns, strict=True))


def _columns(customer: str, version: int, row: Row) -> tuple[object, ...]:
    return (
        customer,
        version,
        row.as_of,
        row.currency,
        row.grade,
        row.refusal,
        row.method,
        row.score,
        row.since,
        row.region,
        row.segment,
        row.manager,
        row.receivable_balance,
        row.overdue_amount,
        len(row.warnings),
        row.underlying,
        row.override_id,
        _SEPARATOR.join(row.companies),
    )


def rating_columns(ratings: Sequence[tuple[str, Rated]]) -> tuple[tuple[object, ...], ...]:
    """The columns that RATINGS takes, of (customer, rated)."""
    return tuple(zip(*(_rating(*one) for one in ratings), strict=True))


def _rating(customer: str, one: Rated) -> tuple[object, ...]:
    return (
        customer,
        one.purpose,
        one.method,
        one.grade,
        one.due,
        one.refusal,
        one.score,
        one.since,
        one.active,
        _array(one.populations),
        _array(one.ranks),
    )


def _array(values: Sequence[object]) -> str:
    """*values* as PostgreSQL writes an array: unnest takes no arrays of arrays of different lengths."""
    return "{" + ",".join("null" if value is None else _quoted(str(value)) for value in values) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
