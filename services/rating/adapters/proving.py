"""Does what is kept follow from what was told? Every finding names the customer, what is kept and what comes out.

Four questions a customer: does its log still hold what was appended; does its row come out of it again; would nothing else
be said now; and does each grade that was decided follow from the measures that its event carries, under the rules that it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from services.rating.adapters.context import refolder
from services.rating.core.announce import NO_RULES
from services.rating.core.brain import RatingBrain
from services.rating.core.row import Row
from services.rating.core.standing import LAPSED
from shared.core.errors import Malformed
from shared.core.events.rating import GradeChanged
from shared.core.policy.evaluate import evaluate
from shared.core.policy.policy import Policy
from shared.edge.policy_values import read_measures
from shared.edge.proof import Finding, Proof
from shared.edge.refolding import Refolded
from shared.edge.store.intact import flaws
from shared.edge.store.pool import transaction

KEPT = """
select s.stream, s.version as head, s.parked, p.sweep_after is not null as sweeping, c.*
from unnest($1::text[]) as u (stream)
join streams s on s.stream = u.stream
join partitions p on p.partition = s.partition
left join customers c on c.customer_id = s.stream
"""
WARNINGS = """
select customer_id, warning_id, rule, kind, severity, since, figures::text from warnings
where customer_id = any($1::text[]) order by customer_id, warning_id
"""


async def prove(dsn: str, brain: RatingBrain, streams: Sequence[str]) -> Proof:
    """Prove *streams* as they are at one moment. Raises asyncpg errors."""
    async with transaction(dsn, schema="rating", readonly=True, isolation="repeatable_read") as connection:
        kept = {row["stream"]: row for row in await connection.fetch(KEPT, list(streams))}
        flawed = {one.stream: one for one in await flaws(connection, sorted(kept))}
        settled = {name: row for name, row in kept.items() if not row["sweeping"] and not row["parked"]}
        settled = {name: row for name, row in settled.items() if name not in flawed}
        warnings: dict[str, list[Any]] = {}
        for row in await connection.fetch(WARNINGS, sorted(settled)):
            warnings.setdefault(row["customer_id"], []).append(row)
        upto = {name: (row["version"], row["as_of"]) for name, row in settled.items() if row["version"]}
        refolded = await refolder(connection, brain).each(sorted(settled), upto)
    proof = Proof(customers=len(settled) + len(flawed), skipped=len(kept) - len(settled) - len(flawed))
    proof.findings.extend(
        Finding(one.stream, f"version {one.version}", one.kept, one.computed) for one in flawed.values()
    )
    for one in refolded:
        proof.findings.extend(_of(one, settled[one.stream], warnings.get(one.stream, [])))
        for event in one.events:
            if isinstance(event.data, GradeChanged):
                proof.decisions += 1
                proof.findings.extend(unfounded(one.stream, event.id, event.data, brain))
    return proof


def _of(one: Refolded, kept: Any, warnings: Sequence[Any]) -> Iterator[Finding]:
    if one.failure is not None:
        yield Finding(one.stream, "fold", "not parked", one.failure)
        return
    if kept["customer_id"] is None:
        if one.row is not None:
            yield Finding(one.stream, "customers", "no row", "a row")
        return
    if one.row is None:
        yield Finding(one.stream, "customers", "a row", "no row")
        return
    for name, computed in columns(one.row).items():
        if kept[name] != computed:
            yield Finding(one.stream, name, str(kept[name]), str(computed))
    standing = sorted((w.warning_id, w.rule, w.kind, w.severity, w.since, w.figures) for w in one.row.warnings)
    stored = [
        (w["warning_id"], w["rule"], w["kind"], w["severity"], w["since"], msgspec.json.decode(w["figures"]))
        for w in warnings
    ]
    if stored != standing:
        yield Finding(one.stream, "warnings", str(stored), str(standing))
    for decided in one.decisions:
        yield Finding(one.stream, "decision", "nothing to say", decided.data.TYPE)


def columns(row: Row) -> dict[str, Any]:
    """The columns of `customers` that follow from *row*, by name."""
    return {
        "as_of": row.as_of,
        "currency": row.currency,
        "grade": row.grade,
        "refusal": row.refusal,
        "method": row.method,
        "score": row.score,
        "since": row.since,
        "region": row.region,
        "segment": row.segment,
        "manager": row.manager,
        "receivable_balance": row.receivable_balance,
        "overdue_amount": row.overdue_amount,
        "warnings": len(row.warnings),
        "underlying": row.underlying,
        "override_id": row.override_id,
        "companies": list(row.companies),
    }


def unfounded(stream: str, id_: str, decision: GradeChanged, brain: RatingBrain) -> Iterator[Finding]:
    """What a recorded grade says that its own measures and rules do not."""
    if decision.policy.sha256 == NO_RULES or decision.measures is None:
        return
    book = brain.rulebook.books.get(decision.policy.id)
    policy = next((p for p in book.versions if p.sha256 == decision.policy.sha256), None) if book else None
    if policy is None:
        yield Finding(stream, id_, f"rules {decision.policy.id} {decision.policy.sha256[:12]}", "not in this release")
        return
    yield from _graded(stream, id_, decision, policy)


def _graded(stream: str, id_: str, decision: GradeChanged, policy: Policy) -> Iterator[Finding]:
    try:
        values = read_measures(msgspec.json.encode(decision.measures).decode(), policy, any_code=True)
    except Malformed as error:
        yield Finding(stream, id_, "measures", error.message)
        return
    assessment = evaluate(policy, values)
    refusal = None if decision.refusal == LAPSED else decision.refusal  # the calendar refuses, not the measures
    said = (decision.underlying, refusal, decision.score)
    computed = (assessment.grade, None if assessment.refusal is None else str(assessment.refusal), assessment.score)
    if said != computed:
        yield Finding(stream, id_, str(said), str(computed))
