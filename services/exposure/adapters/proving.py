"""Does what is kept of an account follow from its log? Every finding names the customer, what is kept and what comes out.

Three questions a customer: does its log still hold what was appended; does its row come out of it again; would nothing else be
said now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from services.exposure.adapters.bounds import SCHEMA
from services.exposure.adapters.folding import refolder
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.records import is_group
from services.exposure.core.row import GroupRow, Row
from shared.core.events.granting import CheckDecided
from shared.edge.proof import Finding, Proof
from shared.edge.refolding import Refolded
from shared.edge.store.intact import flaws
from shared.edge.store.pool import transaction

KEPT = """
select s.stream, s.version as head, s.parked, a.*,
       p.sweep_after is not null or s.wakes_on = '0001-01-01' as waiting
from unnest($1::text[]) as u (stream)
join streams s on s.stream = u.stream
join partitions p on p.partition = s.partition
left join accounts a on a.customer_id = s.stream
"""

GROUPS = """
select s.stream, s.version as head, s.parked, g.*, g.group_id as customer_id,
       p.sweep_after is not null or s.wakes_on = '0001-01-01' as waiting
from unnest($1::text[]) as u (stream)
join streams s on s.stream = u.stream
join partitions p on p.partition = s.partition
left join groups g on g.group_id = s.stream
"""


async def prove(dsn: str, brain: ExposureBrain, streams: Sequence[str]) -> Proof:
    """Prove *streams* as they are at one moment. Raises asyncpg errors."""
    async with transaction(dsn, schema=SCHEMA, readonly=True, isolation="repeatable_read") as connection:
        customers, groups = [one for one in streams if not is_group(one)], [one for one in streams if is_group(one)]
        kept = {row["stream"]: row for row in await connection.fetch(KEPT, customers)}
        kept |= {row["stream"]: row for row in await connection.fetch(GROUPS, groups)}
        flawed = {one.stream: one for one in await flaws(connection, sorted(kept))}
        settled = {name: row for name, row in kept.items() if not row["waiting"] and not row["parked"]}
        settled = {name: row for name, row in settled.items() if name not in flawed}
        upto = {name: (row["version"], row["as_of"]) for name, row in settled.items() if row["version"]}
        refolded = await refolder(connection, brain).each(sorted(settled), upto)
    proof = Proof(customers=len(settled) + len(flawed), skipped=len(kept) - len(settled) - len(flawed))
    proof.findings.extend(
        Finding(one.stream, f"version {one.version}", one.kept, one.computed) for one in flawed.values()
    )
    for one in refolded:
        proof.decisions += sum(isinstance(event.data, CheckDecided) for event in one.events)
        proof.findings.extend(_of(one, settled[one.stream]))
    return proof


def _of(one: Refolded, kept: Any) -> Iterator[Finding]:
    if one.failure is not None:
        yield Finding(one.stream, "fold", "not parked", one.failure)
        return
    row = one.row if not isinstance(one.row, GroupRow) or one.row.since is not None else None
    if (kept["customer_id"] is None) != (row is None):
        yield Finding(one.stream, "accounts", *(("no row", "a row") if row is not None else ("a row", "no row")))
        return
    for name, computed in columns(row).items() if row is not None else ():
        if kept[name] != computed:
            yield Finding(one.stream, name, str(kept[name]), str(computed))
    for decided in one.decisions:
        yield Finding(one.stream, "decision", "nothing to say", decided.data.TYPE)


def columns(row: Row | GroupRow) -> dict[str, Any]:
    """The columns of `accounts`, or of `groups`, that follow from *row*, by name."""
    if isinstance(row, GroupRow):
        names = ("name", "currency", "lead", "since", "ended_on", "is_breached", "mark")
        return {"credit_limit": row.limit, **{name: getattr(row, name) for name in names}}
    return {
        "currency": row.currency,
        "grade": row.grade,
        "credit_limit": row.limit,
        "exposure": row.exposure,
        "reserved": row.reserved,
        "utilisation": row.utilisation,
        "is_breached": row.is_breached,
        "mark": row.mark,
        "overdue": row.overdue,
        "days_past_due": row.days_past_due,
        "suspended_on": row.suspended_on,
        "held": len(row.holds),
        "missing": list(row.missing),
        "region": row.region,
        "segment": row.segment,
        "manager": row.manager,
        "companies": list(row.companies),
    }
