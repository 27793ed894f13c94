"""What must hold: after every step, and once everything has come to rest. Read from the tables, compared with the truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from services.rating.adapters import proving
from services.rating.core.measures.collection import unallocated_cash
from services.rating.core.measures.payment import overdue_amount, receivable_balance
from services.rating.core.measures.reading import Params, Reader
from shared.core.events import GradeChanged, WarningCleared, WarningRaised, WarningWithdrawn
from shared.edge.store.rows import DECISION, FACT, Stored, stored_of
from shared.edge.worker.doubles import SAME_IDENTITY_ELSEWHERE
from tests.model.facts import PERSON
from tests.model.money import day_of, owed
from tests.model.truth import Conclusion, Key, content_of
from tests.model.world import World

MONEY = (receivable_balance, overdue_amount, unallocated_cash)
RATED = "credit.business-day.rated.v1"
TABLES: Mapping[str, str] = {
    "events": "select * from events order by stream, version",
    "streams": "select * from streams",
    "positions": "select partition, next_offset from positions",
    "partitions": "select * from partitions",
    "outbox": "select * from outbox order by partition, position",
    "intake": "select stream, identity, partition, position, value from intake order by partition, position",
    "quarantine": "select * from quarantine",
    "dead": "select count(*) as rows from dead_letters",
    "parked": "select stream, reason from parked",
    "snapshots": "select stream, version, state from snapshots",
}
Rows = dict[str, list[Any]]


async def read(world: World) -> Rows:
    """Every table as of one moment."""
    async with world.pool.acquire() as connection, connection.transaction(readonly=True, isolation="repeatable_read"):
        return {name: await connection.fetch(query) for name, query in TABLES.items()}


async def always(world: World) -> None:
    """What holds at every moment, whatever is under way."""
    rows = await read(world)
    positions = {row["partition"]: row["next_offset"] for row in rows["positions"]}
    conclusion = world.truth.concluded(positions)
    _facts(rows, conclusion)
    _acknowledged(world, rows, conclusion)
    versions(rows)
    decisions(rows)
    _published(world, rows)
    _forward(world, rows, positions)
    _sealed(rows)
    assert [tuple(row) for row in rows["parked"]] == []


def _facts(rows: Rows, conclusion: Conclusion) -> None:
    """What was consumed is kept once, or set aside once, or is a dead letter; nothing else is there."""
    kept = Counter(
        ((row["stream"], row["source"], row["id"]), content_of(row["type"], json.loads(row["data"])))
        for row in rows["events"]
        if row["kind"] == FACT
    )
    assert kept == Counter(conclusion.kept.items())
    aside = Counter(
        ((row["stream"], row["source"], row["id"]), content_of(row["type"], json.loads(row["data"])))
        for row in rows["quarantine"]
    )
    assert aside == Counter(conclusion.aside)
    assert rows["dead"][0]["rows"] == conclusion.dead


def _acknowledged(world: World, rows: Rows, conclusion: Conclusion) -> None:
    """What was acknowledged waits in intake, is in the log, or is kept."""
    waiting = {
        (row["stream"], json.loads(row["value"])["source"], json.loads(row["value"])["id"]) for row in rows["intake"]
    }
    logged = {word.key for words in world.truth.log.values() for word in words if word is not None}
    assert world.truth.accepted.keys() <= waiting | logged | conclusion.kept.keys()


def versions(rows: Rows) -> None:
    """No gap and no repetition in any stream, and its head is its last event."""
    versions: dict[str, list[int]] = {}
    for row in rows["events"]:
        versions.setdefault(row["stream"], []).append(row["version"])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    heads = {row["stream"]: row["version"] for row in rows["streams"] if row["version"]}
    assert heads == {stream: len(found) for stream, found in versions.items()}
    ahead = [row["stream"] for row in rows["snapshots"] if row["version"] > heads[row["stream"]]]
    assert ahead == [], "a snapshot of what never was"


def decisions(rows: Rows) -> None:
    """Every decision goes on from the one before it; what changes nothing for subscribers is not published."""
    sent = Counter(row["event_id"] for row in rows["outbox"] if not row["topic"].endswith(".dead"))
    expected: Counter[str] = Counter()
    lives: dict[str, list[Stored]] = {}
    for row in rows["events"]:
        if row["kind"] == DECISION:
            lives.setdefault(row["stream"], []).append(stored_of(row))
    for decisions in lives.values():
        last: GradeChanged | None = None
        standing: dict[str, str] = {}
        for one in decisions:
            data = one.event.data
            publish = True
            if isinstance(data, GradeChanged):
                assert data.from_ == (last.to if last else None)
                publish = last is None or last.to != data.to or (data.to is not None and last.method != data.method)
                assert last is None or _says(last) != _says(data), "said twice"
                last = data
            elif isinstance(data, WarningRaised) and data.kind != "data":
                assert standing.get(data.rule) != data.severity, "raised twice"
                standing[data.rule] = data.severity
            elif isinstance(data, WarningCleared | WarningWithdrawn):
                assert standing.pop(data.rule, None) is not None, "ended what did not stand"
            elif data.TYPE == RATED:
                assert standing.get(RATED, "") < str(data.as_of), "a day was rated twice"
                standing[RATED] = str(data.as_of)
            if publish:
                expected[one.event.id] += 1
    assert sent == expected


def _says(data: GradeChanged) -> tuple[Any, ...]:
    return (data.to, data.refusal, data.underlying, data.method, data.policy.sha256)


def _published(world: World, rows: Rows) -> None:
    """Positions are gapless; what left is what is in the outbox, in its order, and repeated only as it was."""
    for table in ("outbox", "intake"):
        found: dict[int, list[int]] = {}
        for row in rows[table]:
            found.setdefault(row["partition"], []).append(row["position"])
        for positions in found.values():
            assert positions == list(range(positions[0], positions[0] + len(positions))) or table == "intake"
            assert len(set(positions)) == len(positions)
    stored = {(row["partition"], row["topic"], row["value"]): row["position"] for row in rows["outbox"]}
    first: dict[int, list[int]] = {}
    for one in world.wire.published:
        position = stored[one.partition, one.topic, one.value]
        seen = first.setdefault(one.partition, [])
        if position not in seen:
            seen.append(position)
    assert all(seen == list(range(1, len(seen) + 1)) for seen in first.values())


def _forward(world: World, rows: Rows, positions: Mapping[int, int]) -> None:
    """Positions and days only ever go forward."""
    now = {f"position {partition}": offset for partition, offset in positions.items()}
    now |= {f"day {row['partition']}": row["day"].toordinal() for row in rows["partitions"] if row["day"]}
    back = {what: (world.truth.reached[what], at) for what, at in now.items() if at < world.truth.reached[what]}
    assert back == {}
    world.truth.reached.update({what: at - world.truth.reached[what] for what, at in now.items()})


def _sealed(rows: Rows) -> None:
    """The name of a person is nowhere in clear."""
    held = [
        ("events", "data"),
        ("intake", "value"),
        ("outbox", "value"),
        ("quarantine", "data"),
        ("snapshots", "state"),
    ]
    assert not [table for table, column in held for row in rows[table] if PERSON.encode() in row[column]]


async def at_rest(world: World) -> None:
    """Nothing waits any more: what is shown follows from what is kept, by the ledger's own fold and by plain sums."""
    rows = await read(world)
    positions = {row["partition"]: row["next_offset"] for row in rows["positions"]}
    kept = world.truth.concluded(positions).kept
    assert world.truth.accepted.keys() <= kept.keys()
    assert positions == {p: len(words) for p, words in world.truth.log.items()} | {
        p: 0 for p in positions if p not in world.truth.log
    }
    days = {row["partition"]: row["day"] for row in rows["partitions"]}
    assert {row["rated"] for row in rows["partitions"]} == set(days.values())
    left = {(one.partition, one.topic, one.value) for one in world.wire.published}
    assert left == {(row["partition"], row["topic"], row["value"]) for row in rows["outbox"]}
    partitions = {row["stream"]: row["partition"] for row in rows["streams"] if not row["stream"].startswith("~")}
    proof = await proving.prove(world.dsn, world.brain, list(partitions))
    assert (proof.findings, proof.customers, proof.skipped) == ([], len(partitions), 0)
    for customer, partition in partitions.items():
        events = [stored_of(row) for row in rows["events"] if row["stream"] == customer]
        await _follows(world, customer, days[partition], events, world.truth.facts(kept, customer))
        await _shredded(world, customer, events)
    _told_of_both(world, rows, kept)


def _told_of_both(world: World, rows: Rows, kept: Mapping[Key, str]) -> None:
    """Where two customers have facts of one identity, the streams of both say so, once."""
    shared: dict[tuple[str, str], set[str]] = {}
    for stream, source, id_ in kept:
        if not stream.startswith("~"):
            shared.setdefault((source, id_), set()).add(stream)
    said = Counter(
        (row["stream"], data["fact"]["source"], data["fact"]["id"])
        for row in rows["events"]
        if row["type"] == "credit.fact.quarantined.v1"
        and (data := json.loads(row["data"]))["reason"] == SAME_IDENTITY_ELSEWHERE
    )
    wanted = Counter(
        (stream, *identity) for identity, streams in shared.items() if len(streams) > 1 for stream in streams
    )
    if not world.bounds["identity_seconds"]:
        assert said == wanted


async def _shredded(world: World, customer: str, events: Sequence[Stored]) -> None:
    """What is personal opens with the key of its subject, and never again once that is destroyed."""
    clear = await world.keys.unseal([one.event for one in events if one.event.type == "credit.customer.registered.v1"])
    assert {PERSON in repr(one) for one in clear} <= {customer not in world.truth.erased}


async def _follows(world: World, customer: str, day: date, events: Sequence[Stored], facts: Sequence[Any]) -> None:
    """The row of *customer* is what its facts give when they are folded in their own order, and what plain sums give."""
    kept = await world.pool.fetchrow("select * from customers where customer_id = $1", customer)
    state = world.brain.initial(customer)
    for one in sorted(events, key=lambda one: one.event.order):
        if one.kind == FACT or one.event.type == "credit.fact.quarantined.v1":
            world.brain.evolve(state, one.event)
    outcome = world.brain.decide(state, day, world.brain.context(), cause="day")
    assert (kept is None) == (outcome.row is None)
    if kept is None:
        return
    computed = proving.columns(outcome.row) | {"as_of": kept["as_of"]}
    assert {name: kept[name] for name in computed} == computed
    wanted = owed(facts, kept["as_of"])
    assert (kept["receivable_balance"] or 0, kept["overdue_amount"] or 0) == (wanted.balance, wanted.overdue)
    for on in sorted({day_of(fact) - timedelta(days=before) for fact in facts for before in (0, 1)}):
        state.ledger.move_to(on.toordinal())
        reader = Reader(state, world.brain.setting, world.brain.context())
        assert tuple(measure(reader, Params()) for measure in MONEY) == owed(facts, on), on


async def shown(world: World, customer: str, on: date) -> None:
    """What the API shows of *customer* on any day is what plain sums of the kept facts give."""
    rows = await read(world)
    kept = world.truth.concluded({row["partition"]: row["next_offset"] for row in rows["positions"]}).kept
    while (into := survivor(world.truth.facts(kept, customer), on)) is not None:
        customer = into
    facts = world.truth.facts(kept, customer)
    view = await world.view(world.pool, customer, on, None)
    assert (view is None) == (not facts)
    if view is not None:
        wanted = owed(facts, on)
        names = ("receivable_balance", "overdue_amount", "unallocated_cash")
        assert [view.measures[name] for name in names] == [f"{amount:.2f}" for amount in wanted]


def survivor(facts: Sequence[Any], on: date) -> str | None:
    """The customer that one with *facts* was merged into, where it was by *on*; what was said last holds."""
    merged = [one for one in facts if one.type == "credit.customer.merged.v1" and one.time.date() <= on]
    last = max(merged, key=lambda one: (one.time.date(), one.time, one.source, one.id), default=None)
    return last.data.into if last is not None else None
