"""Does what is kept of a case follow from its log? Every finding names the case, what is kept and what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.alerts.adapters.bounds import SCHEMA
from services.alerts.core.brain import AlertsBrain
from services.alerts.core.case import Alert
from shared.core.events.alert import AlertDecision
from shared.edge.proof import Finding, Proof
from shared.edge.refolding import Refolded, Refolder
from shared.edge.store.intact import flaws
from shared.edge.store.pool import transaction

CASES = """
select s.stream, s.parked, p.sweep_after is not null or s.wakes_on <= p.day as waiting
from streams s join partitions p on p.partition = s.partition where s.stream = any($1::text[])
"""
ALERTS = "select * from alerts where subject = any($1::text[]) order by alert_id"
NOTICES = "select notice_id from notices where subject = any($1::text[])"
COLUMNS = (
    "fingerprint",
    "kind",
    "severity",
    "state",
    "about",
    "route",
    "times",
    "step",
    "due_on",
    "acknowledge_by",
    "resolve_by",
)


async def prove(dsn: str, brain: AlertsBrain, streams: Sequence[str]) -> Proof:
    """Prove *streams* as they are at one moment. Raises asyncpg errors."""

    async def context(_: int) -> None:
        """Alerts need no reference facts."""

    async with transaction(dsn, schema=SCHEMA, readonly=True, isolation="repeatable_read") as connection:
        cases = {row["stream"]: row for row in await connection.fetch(CASES, list(streams))}
        flawed = {one.stream: one for one in await flaws(connection, sorted(cases))}
        settled = [name for name, row in cases.items() if not (row["waiting"] or row["parked"] or name in flawed)]
        kept = {row["alert_id"]: row for row in await connection.fetch(ALERTS, settled)}
        noticed = {row["notice_id"] for row in await connection.fetch(NOTICES, settled)}
        refolded = await Refolder(brain, connection, context).each(sorted(settled), {})
    proof = Proof(customers=len(settled) + len(flawed), skipped=len(cases) - len(settled) - len(flawed))
    proof.findings.extend(
        Finding(one.stream, f"version {one.version}", one.kept, one.computed) for one in flawed.values()
    )
    for one in refolded:
        proof.decisions += sum(isinstance(event.data, AlertDecision) for event in one.events)
        proof.findings.extend(_of(one, kept, noticed))
    return proof


def _of(one: Refolded, kept: Mapping[str, Any], noticed: set[str]) -> Iterator[Finding]:
    if one.failure is not None:
        yield Finding(one.stream, "fold", "not parked", one.failure)
        return
    for found in one.row.alerts if one.row is not None else ():
        alert: Alert = found.alert
        row = kept.get(alert.alert_id)
        if row is None:
            yield Finding(one.stream, alert.alert_id, "no row", "a row")
            continue
        yield from (
            Finding(one.stream, f"{alert.alert_id} {name}", str(row[name]), str(getattr(alert, name)))
            for name in COLUMNS
            if row[name] != getattr(alert, name)
        )
    for said in one.row.said if one.row is not None else ():
        if said.notice.notice_id not in noticed:
            yield Finding(one.stream, f"notice {said.notice.notice_id}", "none", said.notice.what)
    for decided in one.decisions:
        yield Finding(one.stream, "decision", "nothing to say", decided.data.TYPE)
