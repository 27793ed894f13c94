"""Rows 60, 63 and 64: somebody writes into the log, everything is built again, and that with a person erased."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import asyncpg

from tests.faults.load import Load
from tests.faults.tools import Reader, gradeline, settled, superuser, until
from tests.faults.world import World
from tests.model.truth import Word, content_of

Session = asyncpg.Connection
Tamper = Callable[[Session, str, Random], Awaitable[None]]
FACTS = "select * from events where stream = $1 and kind = 0 order by version"
HIDDEN = (("events", "data"), ("intake", "value"), ("outbox", "value"), ("quarantine", "data"), ("snapshots", "state"))


async def row_60(world: World, load: Load, rng: Random) -> None:
    """Each customer's log or row is written to by hand, in a way of its own; `gradeline verify` must name every one."""
    await load.rest()
    await settled(world)
    assert await _found(world, load) == {}
    *altered, last = rng.sample(load.customers, len(TAMPERED) + 1)
    victims = {**dict(zip(altered, TAMPERED, strict=True)), last: _swapped}
    world.fault()
    async with superuser(world) as session, session.transaction():
        for victim in victims:
            await _remember(session, victim)
        for victim, tamper in victims.items():
            await tamper(session, victim, rng)
    found = await _found(world, load)
    async with superuser(world) as session, session.transaction():
        for victim in victims:
            await _restore(session, victim)
    unseen = sorted(victims[victim].__name__.strip("_") for victim in altered if victim not in found)
    assert not unseen, f"not noticed: {', '.join(unseen)}"
    assert found.keys() <= victims.keys(), f"named although untouched: {found.keys() - victims.keys()}"
    assert await _found(world, load) == {}
    world.note(tampered=len(altered), named=len(found), two_swapped="named" if last in found else "not named")


async def row_63(world: World, load: Load, rng: Random) -> None:
    """Everything that is listed is built again from the first fact, twice, while facts come in; then what was is brought back."""
    async with load.flowing():
        await load.reached(rng.uniform(0.3, 0.7))
        world.fault()
        first = await _rebuilt(world)
    await settled(world)
    second, third = await _rebuilt(world), await _rebuilt(world)
    assert second == third, f"{second} and then {third}"
    assert first.keys() == second.keys()
    back = await gradeline(world, "rebuild", "--return", "--json")
    assert back.status == 0, back


async def row_64(world: World, load: Load, rng: Random) -> None:
    """A customer's key is destroyed; then everything is built again."""
    async with load.flowing():
        await load.reached(rng.uniform(0.5, 0.9))
    await settled(world)
    erased = rng.choice(load.customers)
    name = f"{erased} Trading"
    world.fault()
    said = await gradeline(world, "erase", erased, "--request", f"R-{erased}", "--basis", "a letter", "--yes", "--json")
    assert said.status == 0, said
    await until(lambda: _requested(world, load, erased), "the request is kept")
    await settled(world)
    await _rebuilt(world)
    assert await _found(world, load) == {}
    for table, column in HIDDEN:
        rows = await world.rows(f"select 1 from {table} where position($1::bytea in {column}) > 0", name.encode())
        assert not rows, f"the name is in clear in {table}"
    async with Reader(world) as reader:
        events = (await reader.read(f"/v1/customers/{erased}/events"))["events"]
    assert events[0]["event"]["data"]["name"] is None


async def _digit(session: Session, victim: str, rng: Random) -> None:
    """One digit of one amount."""
    row = rng.choice([one for one in await session.fetch(FACTS, victim) if b'"amount":"' in one["data"]])
    at = row["data"].index(b'"amount":"') + len(b'"amount":"')
    other = rng.choice([digit for digit in b"123456789" if digit != row["data"][at]])
    data = row["data"][:at] + bytes([other]) + row["data"][at + 1 :]
    await _update(session, row, "data", data)


async def _digest(session: Session, victim: str, rng: Random) -> None:
    """One bit of what identifies the content."""
    row = rng.choice(await session.fetch(FACTS, victim))
    await _update(session, row, "content", _flipped(row["content"], rng))


async def _moment(session: Session, victim: str, rng: Random) -> None:
    """The instant at which something happened, within its day."""
    row = rng.choice(await session.fetch(FACTS, victim))
    await session.execute(
        "update events set time = time + interval '1 minute' where stream = $1 and version = $2", victim, row["version"]
    )


async def _name(session: Session, victim: str, rng: Random) -> None:
    """Whom a fact came from."""
    row = rng.choice(await session.fetch(FACTS, victim))
    await _update(session, row, "source", "/erp/other")


async def _removed(session: Session, victim: str, rng: Random) -> None:
    """A fact in the middle is gone."""
    row = rng.choice((await session.fetch(FACTS, victim))[2:-2])
    await session.execute("delete from events where stream = $1 and version = $2", victim, row["version"])


async def _cut(session: Session, victim: str, rng: Random) -> None:
    """What was appended last is gone."""
    await session.execute(
        "delete from events where stream = $1 and version = (select max(version) from events where stream = $1)", victim
    )


async def _swapped(session: Session, victim: str, rng: Random) -> None:
    """Two facts changed places."""
    one, other = rng.sample([row["version"] for row in await session.fetch(FACTS, victim)], 2)
    for before, after in ((one, 0), (other, one), (0, other)):
        await session.execute(
            "update events set version = $3 where stream = $1 and version = $2", victim, before, after
        )


async def _row(session: Session, victim: str, rng: Random) -> None:
    """A figure in the list of customers."""
    await session.execute(
        "update customers set receivable_balance = coalesce(receivable_balance, 0) + $2 where customer_id = $1",
        victim, rng.randint(1, 9),
    )  # fmt: skip


async def _grade(session: Session, victim: str, rng: Random) -> None:
    """The grade of one decision."""
    query = "select * from events where stream = $1 and type = 'credit.grade.changed.v1' order by version desc limit 1"
    row = await session.fetchrow(query, victim)
    data = json.loads(row["data"])
    data["underlying"] = "D" if data.get("underlying") != "D" else "A"
    await _update(session, row, "data", json.dumps(data, separators=(",", ":"), sort_keys=True).encode())


TAMPERED: tuple[Tamper, ...] = (_digit, _digest, _moment, _name, _removed, _cut, _row, _grade)
"""What must be noticed. That two facts changed places is not: nothing that is computed depends on their order."""


def _flipped(raw: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ (1 << rng.randrange(8))]) + raw[at + 1 :]


async def _update(session: Session, row: Any, column: str, value: Any) -> None:
    await session.execute(
        f"update events set {column} = $3 where stream = $1 and version = $2", row["stream"], row["version"], value
    )


async def _remember(session: Session, victim: str) -> None:
    await session.execute("create table if not exists public.kept_events (like rating.events)")
    await session.execute("create table if not exists public.kept_customers (like rating.customers)")
    await session.execute("insert into public.kept_events select * from events where stream = $1", victim)
    await session.execute("insert into public.kept_customers select * from customers where customer_id = $1", victim)


async def _restore(session: Session, victim: str) -> None:
    for table, key in (("events", "stream"), ("customers", "customer_id")):
        await session.execute(f"delete from {table} where {key} = $1", victim)
        await session.execute(f"insert into {table} select * from public.kept_{table} where {key} = $1", victim)


async def _found(world: World, load: Load) -> dict[str, str]:
    """What `gradeline verify` says: customer → the first difference, of all that the world has."""
    said = await gradeline(world, "verify", "--json", "--processes", "1")
    assert said.status in (0, 1), said
    proof = json.loads(said.out)
    return {one["customer"]: one["what"] for one in reversed(proof["findings"])}


async def _rebuilt(world: World) -> dict[str, tuple[int, str]]:
    """Build everything again. Returns rows and hash of each table."""
    said = await gradeline(world, "rebuild", "--json", "--processes", "1")
    assert said.status == 0, said
    tables = json.loads(said.out)["tables"]
    assert not [one for one in tables if one["different"]], tables
    return {one["table"]: (one["rows"], one["hash"]) for one in tables}


async def _requested(world: World, load: Load, erased: str) -> bool:
    """Whether the request to erase is in the log; then it is one of the facts that must be there."""
    for row in await world.rows("select * from events where stream = $1 and id like 'erasure/%'", erased):
        data = json.loads(row["data"])
        word = Word((erased, row["source"], row["id"]), content_of(row["type"], data), personal=False)
        load.sent[word.key] = word
        load.acked[word.key] = {
            "specversion": "1.0", "id": row["id"], "source": row["source"], "type": row["type"], "subject": erased,
            "time": row["time"].isoformat(), "data": data,
        }  # fmt: skip
        return True
    return False
