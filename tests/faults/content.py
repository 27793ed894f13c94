"""Rows 43-52: facts that come twice, changed, shuffled, late, early or never, and what is no fact at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from shared.edge import clock, codec
from tests.faults import handler, straight
from tests.faults.load import Fact, Load
from tests.faults.straight import told
from tests.faults.tools import Reader, gradeline, settled, until
from tests.faults.world import World
from tests.model.money import owed
from tests.model.truth import word_of
from tests.support.told import invoice

SHOWN = (
    "as_of, currency, grade, refusal, method, score, since, region, segment, manager, receivable_balance, "
    "overdue_amount, warnings"
)
DECIDED = "select count(*) from events where type = 'credit.fact.quarantined.v1' and stream = any($1::text[])"
BATCH = 20


async def row_43(world: World, load: Load, rng: Random) -> None:
    """Each fact comes one to five times, over HTTP and straight to the topic, also twice in one batch."""
    copies = [fact for fact in load.facts for _ in range(rng.randint(1, 5))]
    _nearly_shuffle(copies, rng, window=40)
    for batch in _batches(copies, BATCH):
        await (load.post(batch) if rng.random() < 0.5 else told(world, load, batch))
    world.fault()
    world.note(records=len(copies))


async def row_44(world: World, load: Load, rng: Random) -> None:
    """An identity that was used comes again with other content: over HTTP, and twice straight to the topic."""
    await load.rest()
    await settled(world)
    chosen = rng.sample([one for one in load.facts if one["type"] == "credit.transaction.recorded.v1"], 10)
    for number, first in enumerate(chosen):
        other = _changed(first)
        fresh = invoice(first["subject"], f"X-{number}", load.day, "1.00")
        answer = await load.answer([fresh, other])
        assert answer.status_code == 409, f"{answer.status_code}: {answer.text[:300]}"
        assert answer.json()["index"] == 1, answer.text
    others = [_changed(first) for first in chosen]
    for other in others:
        word = word_of(straight.raw(other).value or b"")
        load.aside.add((word.key, word.content))
    world.fault()
    await straight.send(world, [straight.raw(other) for other in [*others, *others]])
    await settled(world)
    (said,) = await world.rows(DECIDED, load.customers)
    assert said["count"] == len(chosen), f"{said['count']} of {len(chosen)} are said in the stream of their customer"


async def row_45(world: World, load: Load, rng: Random) -> None:
    """Half of the customers are told nearly in order, half in no order at all; each has a twin who is told in order."""
    twins = [_about(one, f"{one['subject']}t") for one in load.facts]
    half = set(load.customers[::2])
    nearly = [one for one in load.facts if one["subject"] in half]
    fully = [one for one in load.facts if one["subject"] not in half]
    _nearly_shuffle(nearly, rng, window=BATCH)
    rng.shuffle(fully)
    load.facts = [*nearly, *fully]
    for batch in _batches(twins, 100):
        await load.post(batch)
    world.fault()
    for batch in _batches(load.facts, BATCH):
        await (load.post(batch) if rng.random() < 0.5 else told(world, load, batch))
    await settled(world)
    for customer in load.customers:
        query = f"select {SHOWN} from customers where customer_id = $1"
        (one,), (twin,) = await world.rows(query, customer), await world.rows(query, f"{customer}t")
        assert one == twin, f"{customer}: {one}; in order: {twin}"


async def row_46(world: World, load: Load, rng: Random) -> None:
    """Invoices of ninety days ago come when their month is long closed."""
    await load.rest()
    await settled(world)
    late = {one: f"{rng.randint(1, 99_999)}.00" for one in rng.sample(load.customers, 3)}
    then, known = load.day - timedelta(days=60), clock.now()
    async with Reader(world) as reader:
        before = {one: await _ledger(reader, one, as_of=then, known_at=known) for one in late}
        world.fault()
        await load.post([invoice(one, "LATE", load.day - timedelta(days=90), late[one]) for one in late])
        await settled(world)
        for customer in late:
            lived = [await _ledger(reader, customer, as_of=then, known_at=known) for _ in range(2)]
            assert lived == [before[customer]] * 2, f"{customer}: what was known then has changed"
            restated = [await _ledger(reader, customer, as_of=then) for _ in range(2)]
            assert restated[0] == restated[1], f"{customer}: two answers"
            more = [one["transaction_id"] for one in restated[0] if one not in before[customer]]
            assert more == ["LATE"], f"{customer}: {more} instead of the late invoice"


async def row_47(world: World, load: Load, rng: Random) -> None:
    """Invoices of days that are yet to come: kept now, counted from their date."""
    ahead = {one: load.day + timedelta(days=rng.randint(1, 40)) for one in load.customers}
    world.fault()
    async with load.flowing():
        await load.reached(0.2)
        for batch in _batches([invoice(one, "AHEAD", on) for one, on in ahead.items()], 3):
            await load.post(batch)
    await settled(world)
    async with Reader(world) as reader:
        for customer, on in rng.sample(sorted(ahead.items()), 4):
            for day, counted in ((load.day, False), (on - timedelta(days=1), False), (on, True)):
                items = await _ledger(reader, customer, as_of=day)
                found = any(one["transaction_id"] == "AHEAD" for one in items)
                assert found is counted, f"{customer}, booked on {on}, as of {day}: counted {found}"


async def row_48(world: World, load: Load, rng: Random) -> None:
    """An invoice never comes. Nothing waits for it; the comparison with the books names the customer, until it comes."""
    lost = rng.choice([one for one in load.facts if one["type"] == "credit.transaction.recorded.v1"])
    everything = list(load.facts)
    load.facts = [one for one in everything if one is not lost]
    await load.rest()
    await settled(world)
    books = world.folder / f"books-{load.customers[0]}.csv"
    owes = {one: _owed(everything, one, load.day) for one in load.customers}
    books.write_text("客户编码,期末余额\n" + "".join(f"{one},{sum_}\n" for one, sum_ in owes.items()), "utf-8")
    assert await _differ(world, books, load) == [lost["subject"]]
    world.fault()
    await load.post([lost])
    await settled(world)
    assert await _differ(world, books, load) == []


async def row_50(world: World, load: Load, rng: Random) -> None:
    """The code that folds raises for one customer: it is parked, nobody else; then the code is mended."""
    broken = rng.choice(load.customers)
    for worker in world.workers:
        worker.stop()
        worker.start(**handler.raising_for(broken))
    async with load.flowing():
        await load.reached(0.5)
    await until(lambda: _parked(world, [broken]), "the customer is parked")
    world.note(parked=1)
    await until(lambda: _all_kept(world, load), "all facts are kept")
    others = [one for one in load.customers if one != broken]
    query = "select count(*) from customers where customer_id = any($1::text[])"
    await until(lambda: _counts(world, query, others, len(others)), "the others are decided")
    for worker in world.workers:
        worker.stop()
        worker.start()
    world.fault()
    redriven = await gradeline(world, "dead-letters", "redrive", "--parked")
    assert "1 parked customer will be tried again" in redriven.out, redriven
    await until(lambda: _parked(world, []), "nobody is parked any more")


def _about(one: Fact, subject: str) -> Fact:
    """The same fact about *subject*."""
    return {**one, "subject": subject, "id": one["id"].replace(one["subject"], subject)}


def _changed(first: Fact) -> Fact:
    other = copy.deepcopy(first)
    other["data"]["amount"] = "7.77" if first["data"]["amount"] != "7.77" else "8.88"
    return other


def _batches(facts: Sequence[Fact], size: int) -> list[list[Fact]]:
    return [list(facts[at : at + size]) for at in range(0, len(facts), size)]


def _nearly_shuffle(facts: list[Fact], rng: Random, *, window: int) -> None:
    """Shuffle in place so that nothing moves further than *window*."""
    places = {number: number + rng.uniform(0, window) for number in range(len(facts))}
    facts[:] = [facts[number] for number in sorted(places, key=places.__getitem__)]


async def _ledger(reader: Reader, customer: str, *, as_of: date, **known: Any) -> list[Any]:
    asked = {name: value.isoformat() for name, value in known.items()}
    found: list[Any] = (await reader.read(f"/v1/customers/{customer}/ledger", as_of=as_of, **asked))["items"]
    return found


def _owed(facts: Sequence[Fact], customer: str, day: date) -> Decimal:
    """What the books of whoever knows all *facts* say."""
    about = [codec.decode(json.dumps(one).encode()) for one in facts if one["subject"] == customer]
    return owed(about, day).balance


async def _differ(world: World, books: Path, load: Load) -> list[str]:
    """The customers of *load* of whom `gradeline reconcile` says that the books say something else."""
    said = await gradeline(world, "reconcile", books, "--as-of", str(load.day), "--json")
    assert said.status in (0, 1), said
    lines = json.loads(said.out)["lines"]
    return [one["customer"] for one in lines if one["customer"] in load.customers and one["result"] != "equal"]


async def _parked(world: World, wanted: list[str]) -> bool:
    return [row["stream"] for row in await world.rows("select stream from parked")] == wanted


async def _counts(world: World, query: str, customers: list[str], wanted: int) -> bool:
    (row,) = await world.rows(query, customers)
    return bool(row["count"] == wanted)


async def _all_kept(world: World, load: Load) -> bool:
    query = "select count(*) from events where kind = 0 and stream = any($1::text[])"
    return await _counts(world, query, load.customers, len(load.facts))
