"""Who is of which group, as exposure published it: the owners of the other members are told of what befalls one (AL-08)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from services.alerts.core.notice import Notice
from services.alerts.core.noticing import inhibited_by_group, told_group
from services.alerts.core.rules import Routes
from shared.edge.store.pool import Connection

GONE = "delete from group_members where group_id = any($1::text[])"
KEEP = "insert into group_members (group_id, customer_id, is_lead) select * from unnest($1::text[], $2::text[], $3::bool[])"
OF = """
select m.customer_id as subject, m.group_id,
       array(select o.customer_id from group_members o where o.group_id = m.group_id
             order by o.is_lead desc, o.customer_id) as members
from group_members m where m.customer_id = any($1::text[]) order by 1, 2
"""
STANDING = """
select subject, alert_id, labels || jsonb_build_object('kind', kind, 'severity', severity) as labels
from alerts where subject = any($1::text[]) and state not in ('resolved', 'withdrawn') and delivered order by alert_id
"""


class Group(NamedTuple):
    """A group of a customer, with the alerts that stand about the group itself."""

    group_id: str
    members: tuple[str, ...]
    standing: tuple[tuple[str, Mapping[str, str]], ...]


async def keep(connection: Connection, groups: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    """Keep the members of *groups*, the lead of each first, and nobody else."""
    if not groups:
        return
    await connection.execute(GONE, [name for name, _ in groups])
    rows = [(name, one, place == 0) for name, members in groups for place, one in enumerate(members)]
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
        one = Group(row["group_id"], tuple(row["members"]), tuple(alerts.get(row["group_id"], ())))
        groups[row["subject"]] = (*groups.get(row["subject"], ()), one)
    return groups


def quiet(routes: Routes, notice: Notice, groups: Sequence[Group]) -> str:
    """Why an alert about one of *groups* makes *notice* needless; empty: none does."""
    labels = notice.labels | {"kind": notice.kind, "severity": notice.severity}
    return inhibited_by_group(routes, labels, [alert for one in groups for alert in one.standing])


def told(notice: Notice, groups: Sequence[Group]) -> Notice:
    """*notice*, to the owners of the other members as well."""
    return told_group(notice, [(one.group_id, one.members) for one in groups])
