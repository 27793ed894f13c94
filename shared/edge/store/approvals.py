"""The projection of approvals, and the staff register that approvals look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from shared.core.approval.listed import ApprovalRow, Granted, StaffRow, Voted, Wanted
from shared.core.approval.request import Approval
from shared.core.approval.sittings import seats
from shared.core.approval.steps import Register, at, committee_of
from shared.edge.store.pool import Connection

WRITE = """
insert into approvals (customer_id, approval_id, kind, payload, payload_sha256, reason, evidence, requested_by,
                       requested_on, roles, place, step, role, escalated, deputy_on, lapses_on, grants, ended_by,
                       ended_on, ended_because, members, sits_on, votes)
select customer_id, approval_id, kind, payload, payload_sha256, reason, evidence, requested_by, requested_on,
       array(select jsonb_array_elements_text(roles::jsonb)), place, step, role, escalated, deputy_on, lapses_on,
       grants::jsonb, ended_by, ended_on, ended_because, array(select jsonb_array_elements_text(members::jsonb)),
       sits_on, votes::jsonb
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[],
            $10::text[], $11::text[], $12::int[], $13::text[], $14::text[], $15::date[], $16::date[], $17::text[],
            $18::text[], $19::date[], $20::text[], $21::text[], $22::date[], $23::text[])
    as r (customer_id, approval_id, kind, payload, payload_sha256, reason, evidence, requested_by, requested_on, roles,
          place, step, role, escalated, deputy_on, lapses_on, grants, ended_by, ended_on, ended_because, members, sits_on,
          votes)
on conflict (customer_id, approval_id) do update set
    place = excluded.place, step = excluded.step, role = excluded.role, escalated = excluded.escalated,
    deputy_on = excluded.deputy_on, grants = excluded.grants, ended_by = excluded.ended_by,
    ended_on = excluded.ended_on, ended_because = excluded.ended_because, members = excluded.members,
    sits_on = excluded.sits_on, votes = excluded.votes
"""
LISTED = """
select customer_id, approval_id, kind, payload, payload_sha256, reason, evidence, requested_by, requested_on, roles,
       place, step, role, escalated, deputy_on, lapses_on, grants::text, ended_by, ended_on, ended_because, members,
       sits_on, votes::text
from approvals
where (requested_on, approval_id) > ($1, $2) and ($3::text is null or place = $3) and ($4::text is null or kind = $4)
  and ($5::text is null or role = $5 or $5 = any(members)) and ($6::text is null or customer_id = $6)
  and ($7::text is null or approval_id = $7)
  and {visible}
order by requested_on, approval_id limit $8
"""
REGISTER = "select person, roles from staff"
PUT_STAFF = """
insert into staff (person, roles, reason, changed_by, changed_at) values ($1, $2, $3, $4, $5)
on conflict (person) do update set
    roles = excluded.roles, reason = excluded.reason, changed_by = excluded.changed_by, changed_at = excluded.changed_at
"""
STAFF = "select * from staff where person > $1 order by person limit $2"


async def write(connection: Connection, asked: Sequence[tuple[str, Approval]]) -> None:
    """Keep (customer, approval), each once."""
    await connection.execute(WRITE, *zip(*(_columns(*one) for one in asked), strict=True))


async def register(connection: Connection) -> Register:
    """Person → the roles that the staff register gives."""
    return {row["person"]: frozenset(row["roles"]) for row in await connection.fetch(REGISTER)}


async def put_staff(pool: Any, person: str, roles: Iterable[str], *, reason: str, by: str, now: datetime) -> None:
    """Say which roles *person* holds from now on; none: the person has left."""
    await pool.execute(PUT_STAFF, person, sorted(roles), reason, by, now)


async def staff(pool: Any, *, after: str, limit: int) -> list[StaffRow]:
    """The register after the person *after*."""
    return [StaffRow(**{**dict(row), "roles": tuple(row["roles"])}) for row in await pool.fetch(STAFF, after, limit)]


async def listed(
    pool: Any, *, after: tuple[date, str], limit: int, wanted: Wanted, visible: tuple[str, list[Any]]
) -> list[ApprovalRow]:
    """Approvals after (day of the request, id), the oldest first; *visible*: a condition whose arguments begin at `$9`."""
    condition, limits = visible
    found = await pool.fetch(LISTED.format(visible=condition), *after, *wanted, limit, *limits)
    return [_shown(row) for row in found]


def _shown(row: Any) -> ApprovalRow:
    """A row of the projection as the API lists it."""
    grants = msgspec.json.decode(row["grants"], type=tuple[Granted, ...])
    votes = msgspec.json.decode(row["votes"], type=tuple[Voted, ...])
    lists = {"roles": tuple(row["roles"]), "members": tuple(row["members"]), "grants": grants, "votes": votes}
    return ApprovalRow(**{**dict(row), **lists})


def _columns(customer: str, one: Approval) -> tuple[object, ...]:
    step = at(one, {})
    committee, on = committee_of(one, step), date.fromordinal(one.sits_on or one.requested_on)
    grants = [
        Granted(step=place, by=grant.by, acting=grant.acting, on=date.fromordinal(grant.on))
        for place, grant in sorted(one.grants.items())
    ]
    votes = [
        Voted(
            step=vote.step,
            by=vote.by,
            seat=vote.seat,
            acting=vote.acting,
            vote="for" if vote.grants else "against",
            reason=vote.reason,
            on=date.fromordinal(vote.on),
        )
        for vote in one.votes
    ]
    return (
        customer,
        one.approval_id,
        one.kind,
        one.payload,
        one.sha256,
        one.reason,
        one.evidence,
        one.by,
        date.fromordinal(one.requested_on),
        msgspec.json.encode(one.roles).decode(),
        one.place,
        step,
        one.roles[step - 1],
        one.escalated,
        _date(one.deputy_on),
        _date(one.lapses_on),
        msgspec.json.encode(grants).decode(),
        one.ended_by or None,
        _date(one.ended_on),
        one.ended_because or None,
        msgspec.json.encode(seats(committee, on) if committee is not None else ()).decode(),
        _date(one.sits_on),
        msgspec.json.encode(votes).decode(),
    )


def _date(ordinal: int) -> date | None:
    return date.fromordinal(ordinal) if ordinal else None
