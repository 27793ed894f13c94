"""Writes the projections that lists are made of, inside the transaction of the batch or of the command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import msgspec

from services.exposure.adapters import groups
from services.exposure.core.records import Hold, Limit, Reservation
from services.exposure.core.row import GroupRow, Row
from shared.core.ledger.documents import UNIT
from shared.edge.store import approvals
from shared.edge.store.pool import Connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ACCOUNT_COLUMNS = 20

ACCOUNTS = """
insert into accounts (customer_id, version, as_of, currency, grade, credit_limit, exposure, reserved, utilisation,
                      is_breached, mark, overdue, days_past_due, suspended_on, held, missing, region, segment, manager,
                      companies)
select r.customer_id, r.version, r.as_of, r.currency, r.grade, r.credit_limit, r.exposure, r.reserved, r.utilisation,
       r.is_breached, r.mark, r.overdue, r.days_past_due, r.suspended_on, r.held,
       array(select jsonb_array_elements_text(r.missing::jsonb)), r.region, r.segment, r.manager,
       array(select jsonb_array_elements_text(r.companies::jsonb))
from unnest($1::text[], $2::int[], $3::date[], $4::text[], $5::text[], $6::numeric[], $7::numeric[], $8::numeric[],
            $9::numeric[], $10::bool[], $11::text[], $12::numeric[], $13::int[], $14::date[], $15::int[], $16::text[],
            $17::text[], $18::text[], $19::text[], $20::text[])
    as r (customer_id, version, as_of, currency, grade, credit_limit, exposure, reserved, utilisation, is_breached, mark,
          overdue, days_past_due, suspended_on, held, missing, region, segment, manager, companies)
on conflict (customer_id) do update set
    version = excluded.version, as_of = excluded.as_of, currency = excluded.currency, grade = excluded.grade,
    credit_limit = excluded.credit_limit, exposure = excluded.exposure, reserved = excluded.reserved,
    utilisation = excluded.utilisation, is_breached = excluded.is_breached, mark = excluded.mark,
    overdue = excluded.overdue, days_past_due = excluded.days_past_due, suspended_on = excluded.suspended_on,
    held = excluded.held, missing = excluded.missing, region = excluded.region, segment = excluded.segment,
    manager = excluded.manager, companies = excluded.companies
"""

GONE = """
delete from {table} t using unnest($1::text[], $2::text[]) as g (customer_id, key)
where t.customer_id = g.customer_id and t.{key} = g.key
"""
STANDING = """
insert into {table} ({names}) select {taken} from unnest({given}) as r ({names})
on conflict (customer_id, {key}) do update set {changed} where {table} is distinct from excluded
"""


class _Table(NamedTuple):
    """A table with several rows a customer, all of which the row of the customer says."""

    name: str
    key: str
    columns: str
    types: str
    lists: frozenset[str]
    said: Callable[[Row], Iterable[tuple[Any, ...]]]
    """The rows, the key first."""

    def wanted(self, rows: Sequence[tuple[str, int, Row]]) -> list[tuple[Any, ...]]:
        """What *rows* say: (customer, key, …)."""
        return [(customer, *one) for customer, _, row in rows for one in self.said(row)]

    def upsert(self, first: int) -> str:
        """The statement that keeps what is wanted; its arguments begin at number *first*."""
        names, types = ["customer_id", *self.columns.split()], ["text", *self.types.split()]
        given = ", ".join(f"${at}::{one}[]" for at, one in enumerate(types, first))
        taken = (f"array(select jsonb_array_elements_text({n}::jsonb))" if n in self.lists else n for n in names)
        changed = ", ".join(f"{name} = excluded.{name}" for name in names[2:])
        return STANDING.format(
            table=self.name, key=self.key, names=", ".join(names), taken=", ".join(taken), given=given, changed=changed
        )

    @property
    def width(self) -> int:
        """How many arguments it takes."""
        return 1 + len(self.columns.split())


def _limits(row: Row) -> Iterable[tuple[Any, ...]]:
    return (_limit(one) for one in row.limits)


def _limit(one: Limit) -> tuple[Any, ...]:
    return (
        one.limit_id, one.kind, _amount(one.amount), one.currency, _day(one.granted_on), _day(one.valid_from),
        _day(one.valid_to), one.share, *_place(one), _day(one.review_on), _day(one.stop_on), one.grade, one.by or None,
        one.approval_id or None,
    )  # fmt: skip


def _reservations(row: Row) -> Iterable[tuple[Any, ...]]:
    return (_reservation(one) for one in row.reservations)


def _reservation(one: Reservation) -> tuple[Any, ...]:
    return (
        one.order_id, one.reservation_id, _amount(one.amount), one.currency, _day(one.made_on),
        _EPOCH + timedelta(microseconds=one.expires_at), one.committed, *_place(one),
    )  # fmt: skip


def _holds(row: Row) -> Iterable[tuple[Any, ...]]:
    return (_hold(one) for one in row.holds)


def _hold(one: Hold) -> tuple[Any, ...]:
    return (
        one.order_id, _amount(one.amount), one.currency, one.control_point, _list(one.reasons), _day(one.held_on),
        _amount(one.excess), *_place(one), one.check_id or None, one.replaces or None,
    )  # fmt: skip


def _spread(row: Row) -> Iterable[tuple[Any, ...]]:
    return (
        (f"{one.dimension}:{one.name}", one.dimension, one.name, row.currency, _amount(one.used)) for one in row.spread
    )


PLACE = "company segment product_group salesperson region"
PARTS = (
    _Table(
        "limits",
        "limit_id",
        f"limit_id kind amount currency granted_on valid_from valid_to share {PLACE} review_on stop_on grade granted_by "
        "approval_id",
        "text text numeric text date date date text text text text text text date date text text text",
        frozenset(),
        _limits,
    ),
    _Table(
        "reservations",
        "order_id",
        f"order_id reservation_id amount currency made_on expires_at committed {PLACE}",
        "text text numeric text date timestamptz bool text text text text text",
        frozenset(),
        _reservations,
    ),
    _Table(
        "holds",
        "order_id",
        f"order_id amount currency control_point reasons held_on excess {PLACE} check_id replaces",
        "text numeric text text text date numeric text text text text text text text",
        frozenset({"reasons"}),
        _holds,
    ),
    _Table("spread", "part", "part dimension name currency used", "text text text text numeric", frozenset(), _spread),
)
_KEPT = "select '{name}', customer_id, {key} from {name} where customer_id = any($1::text[])"
KEPT = " union all ".join(_KEPT.format(name=one.name, key=one.key) for one in PARTS)


@cache
def _statement(names: tuple[str, ...]) -> str:
    """Accounts and the tables *names* in one round trip; returns what was there of all tables before."""
    parts, first = [f"accounts_kept as ({ACCOUNTS})"], 1 + ACCOUNT_COLUMNS
    for table in PARTS:
        if table.name in names:
            parts.append(f"{table.name}_kept as ({table.upsert(first)})")
            first += table.width
    return f"with {', '.join(parts)} {KEPT}"


async def _keep(connection: Connection, accounts: Sequence[tuple[str, int, Row]]) -> None:
    """Write *accounts* and what stands of them, and nothing else of their customers."""
    wanted = {table.name: table.wanted(accounts) for table in PARTS}
    full = tuple(name for name, rows in wanted.items() if rows)
    given = [*zip(*(_columns(*one) for one in accounts), strict=True)]
    for name in full:
        given.extend(zip(*wanted[name], strict=True))
    # compared here: an anti-join against the list is a nested loop where hash joins are off
    gone: dict[str, set[tuple[str, str]]] = {}
    for name, customer, key in await connection.fetch(_statement(full), *given):
        gone.setdefault(name, set()).add((customer, key))
    for table in PARTS:
        if left := sorted(gone.get(table.name, set()) - {one[:2] for one in wanted[table.name]}):
            await connection.execute(GONE.format(key=table.key, table=table.name), *zip(*left, strict=True))


class AccountProjector:
    """Keeps `accounts`, and what stands of each account."""

    async def write(self, connection: Connection, rows: Sequence[tuple[str, int, Row | GroupRow]], /) -> None:
        """Keep *rows*: (customer or group, version, row), one of each."""
        accounts = [(customer, version, row) for customer, version, row in rows if isinstance(row, Row)]
        if accounts:
            await _keep(connection, accounts)
        for group, version, row in rows:
            if isinstance(row, GroupRow) and row.since is not None:
                await groups.write(connection, group, version, row)
        asked = [(customer, one) for customer, _, row in rows for one in row.approvals]
        if asked:
            await approvals.write(connection, asked)


def _columns(customer: str, version: int, row: Row) -> tuple[Any, ...]:
    return (
        customer, version, row.as_of, row.currency, row.grade, row.limit, row.exposure, row.reserved, row.utilisation,
        row.is_breached, row.mark, row.overdue, row.days_past_due, row.suspended_on, len(row.holds), _list(row.missing),
        row.region, row.segment, row.manager, _list(row.companies),
    )  # fmt: skip


def _amount(units: int) -> Decimal:
    return Decimal(units).scaleb(-UNIT)


def _day(ordinal: int) -> date | None:
    return date.fromordinal(ordinal) if ordinal else None


def _place(one: Limit | Reservation | Hold) -> tuple[str | None, ...]:
    return tuple(value or None for value in one.place[: len(PLACE.split())])


def _list(values: Sequence[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
