"""Who is of which group and leads it, as exposure published it: the units of the others are told of what befalls one (AL-08)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from services.alerts.core.notice import Notice
from services.alerts.core.noticing import inhibited_by_group, told_group
from services.alerts.core.rules import Routes
from shared.edge.store.pool import Connection

GONE = "delete from group_members where group_id = any($1::text[])"
KEEP = "insert into group_members (group_id, customer_id, is_lead) select * from unnest($1::text[], $2::text[], $3::bool[])"
OF = """
with held as (
    select customer_id as subject, group_id from group_members where customer_id = any($1::text[])
    union select group_id, group_id from group_members where group_id = any($1::text[]))
select subject, group_id,
       array(select customer_id from group_members o where o.group_id = held.group_id order by 1) as members,
       coalesce((select customer_id from group_members o where o.group_id = held.group_id and is_lead), '') as lead
from held order by 1, 2
"""
CODED = """
select distinct on (subject) subject, labels ->> 'manager' as manager from alerts
where subject = any($1::text[]) and labels ? 'manager' order by subject, opened_at desc
"""
STANDING = """
select subject, alert_id, labels || jsonb_build_object('kind', kind, 'severity', severity) as labels
from alerts where subject = any($1::text[]) and state not in ('resolved', 'withdrawn') and delivered order by alert_id
"""


class Group(NamedTuple):
    """A group of a customer, or the group that is asked about, with the alerts that stand about it."""

    group_id: str
    lead: str
    members: tuple[str, ...]
    standing: tuple[tuple[str, Mapping[str, str]], ...]


async def keep(connection: Connection, groups: Sequence[tuple[str, tuple[str, ...], str]]) -> None:
    """Keep the members of *groups* (id, members, lead) and nobody else."""
    if not groups:
        return
    await connection.execute(GONE, [name for name, _, _ in groups])
    rows = [(name, one, one == lead) for name, members, lead in groups for one in members]
    if rows:
        await connection.execute(KEEP, *zip(*rows, strict=True))


async def of(connection: Connection, subjects: Sequence[str]) -> dict[str, tuple[Group, ...]]:
    """The groups of each of *subjects*."""
    found: list[Any] = await connection.fetch(OF, subjects)
    if not found:
        return {}
    alerts: dict[str, list[tuple[str, Mapping[str, str]]]] = {}
    for row in await connection.fetch(STANDING, sorted({row["group_id"] for row in found})):
        alerts.setdefault(row["subject"], []).append((row["alert_id"], msgspec.json.decode(row["labels"])))
    groups: dict[str, tuple[Group, ...]] = {}
    for row in found:
        one = Group(row["group_id"], row["lead"], tuple(row["members"]), tuple(alerts.get(row["group_id"], ())))
        groups[row["subject"]] = (*groups.get(row["subject"], ()), one)
    return groups


async def coded(connection: Connection, customers: Iterable[str]) -> dict[str, str]:
    """What the label `manager` said of each of *customers* when last an alert about it was opened."""
    rows = await connection.fetch(CODED, sorted(customers))
    return {row["subject"]: row["manager"] for row in rows}


def quiet(routes: Routes, notice: Notice, groups: Sequence[Group]) -> str:
    """Why an alert about one of *groups* makes *notice* about a member needless; empty: none does."""
    labels = notice.labels | {"kind": notice.kind, "severity": notice.severity}
    return inhibited_by_group(
        routes, labels, [alert for one in groups for alert in one.standing if one.group_id != notice.subject]
    )


def told(notice: Notice, groups: Sequence[Group]) -> Notice:
    """*notice*, to the units of the other members as well."""
    return told_group(notice, [(one.lead, one.members) for one in groups])
