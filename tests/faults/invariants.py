"""What must hold in every world that has come to rest, whatever was done to it; each check says what does not."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

from services.rating.adapters import proving
from services.rating.core.brain import RatingBrain
from services.rating.worker import brain
from shared.core.events import GradeChanged
from shared.edge import codec
from shared.edge.store.conservation import Conservation, pending
from shared.edge.store.rows import DECISION, FACT, stored_of
from tests.faults.result import Figures
from tests.faults.world import World
from tests.model import checks
from tests.model.money import owed
from tests.model.truth import content_of
from tests.support.downstream import subscribed

Rows = dict[str, list[Any]]
Check = Callable[[World, Rows], Awaitable[None]]
DIFFERENCE = re.compile(r'^gradeline_conservation_difference_events\{service="rating"\} (\S+)$', re.MULTILINE)


async def look(world: World, figures: Figures) -> list[str]:
    """Check every invariant. Returns a sentence for each that is broken; *figures* gets what was counted."""
    async with world.session() as session, session.transaction(readonly=True, isolation="repeatable_read"):
        rows = {name: await session.fetch(query) for name, query in checks.TABLES.items()}
    broken = _counted(world, rows, figures)
    if any("dead letters" in one for one in broken):
        broken.append(await _newest_dead(world))
    for check in CHECKS:
        try:
            await check(world, rows)
        except AssertionError as error:
            broken.append(f"{check.__doc__}: {_said(error)}")
    return broken


def _counted(world: World, rows: Rows, figures: Figures) -> list[str]:
    """Facts, one by one: what was acknowledged is kept once and as it was said; nothing else is kept."""
    kept = Counter(
        ((row["stream"], row["source"], row["id"]), content_of(row["type"], json.loads(row["data"])))
        for row in rows["events"]
        if row["kind"] == FACT and not row["stream"].startswith("~")
    )
    said = {key: word.content for load in world.loads for key, word in load.sent.items()}
    lost = [key for key in world.acked if (key, said[key]) not in kept]
    doubled = [one for one, count in kept.items() if count > 1 or said.get(one[0]) != one[1]]
    aside = {
        ((row["stream"], row["source"], row["id"]), content_of(row["type"], json.loads(row["data"])))
        for row in rows["quarantine"]
    }
    dead = rows["dead"][0]["rows"]
    ours = world.loads[-1]
    figures.sent, figures.acked = len(ours.sent), len(ours.acked)
    figures.applied = sum(count for (key, _), count in kept.items() if key in ours.sent)
    figures.lost, figures.doubled = len(lost), len(doubled)
    figures.quarantined = sum(key in ours.sent for key, _ in aside)
    figures.dead_letters = dead - (world.dead_letters - ours.dead_letters)
    found = []
    if lost:
        found.append(f"lost {len(lost)}, e.g. {lost[0]}")
    if doubled:
        found.append(f"doubled or altered {len(doubled)}, e.g. {doubled[0]}")
    if aside != world.aside:
        found.append(f"quarantined {len(aside)}, expected {len(world.aside)}: {sorted(aside ^ world.aside)[:1]}")
    if dead != world.dead_letters:
        found.append(f"{dead} dead letters, expected {world.dead_letters}")
    return found


async def _conserved(world: World, rows: Rows) -> None:
    """accepted − applied − quarantined − pending = 0"""
    async with world.session() as session:
        looks = Conservation()
        assert [await looks.difference(session) for _ in range(2)][-1] == 0
        assert await pending(session) == 0
    shown = DIFFERENCE.findall(await world.figures_of_relay())
    assert set(shown) <= {"0.0"}, f"the relay shows {shown}"


async def _versions(world: World, rows: Rows) -> None:
    """no gap and no repetition of versions"""
    checks.versions(rows)


async def _decided(world: World, rows: Rows) -> None:
    """each change is decided once and goes on from the one before"""
    checks.decisions(rows)


async def _left(world: World, rows: Rows) -> None:
    """what is in the outbox is on its topic under the same id and with the same content"""
    wanted: dict[str, dict[str, bytes]] = {}
    for row in rows["outbox"]:
        if not row["topic"].endswith(".dead"):
            wanted.setdefault(row["topic"], {})[row["event_id"]] = row["value"]
    for topic, records in wanted.items():
        missing = await asyncio.to_thread(_missing, world.broker.address, topic, records)
        assert not missing, f"{len(missing)} of {len(records)} are not on {topic}, e.g. {missing[0]}"


def _missing(address: str, topic: str, wanted: Mapping[str, bytes]) -> list[str]:
    decided = {id_: json.loads(value) for id_, value in wanted.items()}
    with subscribed(address, topic) as subscriber:
        subscriber.until(lambda: wanted.keys() <= {event["id"] for event in subscriber.heard}, seconds=15)
        for event in subscriber.heard:
            assert decided.get(event["id"], event) == event, f"{event['id']} says something else"
        return sorted(wanted.keys() - {event["id"] for event in subscriber.heard})


async def _balances(world: World, rows: Rows) -> None:
    """balances are the sums of the facts that were told"""
    told: dict[str, list[Any]] = {}
    beyond = {customer for load in world.loads for customer in load.beyond_sums}
    for fact in world.acked.values():
        if fact["subject"] not in beyond:
            told.setdefault(fact["subject"], []).append(codec.decode(json.dumps(fact).encode()))
    query = "select customer_id, as_of, receivable_balance, overdue_amount from customers where customer_id = any($1)"
    shown = {row["customer_id"]: row for row in await world.rows(query, sorted(told))}
    for customer, facts in told.items():
        row = shown.get(customer)
        assert row is not None, f"{customer} has no row"
        should = owed(facts, row["as_of"])
        found = (row["receivable_balance"] or 0, row["overdue_amount"] or 0)
        assert found == (should.balance, should.overdue), f"{customer} owes {should}, shown are {found}"


async def _proven(world: World, rows: Rows) -> None:
    """what is shown is what a fold from the first fact gives"""
    customers = [row["stream"] for row in rows["streams"] if not row["stream"].startswith("~")]
    proof = await proving.prove(world.postgres.dsn, _brain(), customers)
    assert not proof.findings, f"{len(proof.findings)} findings, e.g. {proof.findings[0]}"
    assert proof.skipped == 0, f"{proof.skipped} customers could not be looked at"


@cache
def _brain() -> RatingBrain:
    return brain("CNY")


async def _reasons(world: World, rows: Rows) -> None:
    """every grade names its rules and what they looked at"""
    for row in rows["events"]:
        if row["kind"] == DECISION and row["type"] == GradeChanged.TYPE:
            data = stored_of(row).event.data
            assert isinstance(data, GradeChanged)
            named = (data.policy.version, data.policy.sha256, data.engine, data.measures or data.refusal)
            assert all(named), f"{row['stream']}, version {row['version']}"


async def _nobody_parked(world: World, rows: Rows) -> None:
    """nobody is parked"""
    assert not rows["parked"], [tuple(row) for row in rows["parked"]][:2]


CHECKS: tuple[Check, ...] = (
    _conserved, _versions, _decided, _left, _balances, _proven, _reasons, _nobody_parked
)  # fmt: skip


def _said(error: AssertionError) -> str:
    """The message, or the line that failed where it has none."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return str(error).strip()[:300] or f"{last.line} ({last.name})"


async def _newest_dead(world: World) -> str:
    """The last few that came, each with its place and rule."""
    rows = await world.rows("select * from dead_letters order by recorded_at desc limit 4")
    return ", ".join(
        f"{row['topic']}/{row['partition']}@{row['position']} {row['rule']} {row['reason'][:60]}" for row in rows
    )
