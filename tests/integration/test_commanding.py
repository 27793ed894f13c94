"""Commands about one customer take turns, are never decided on an old state, and cannot be starved by facts."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from shared.core.brain import Decided
from shared.core.errors import Unavailable
from shared.core.events.rating import FactQuarantined, FactRef
from shared.edge import codec
from shared.edge.commanding import commands as commanding
from shared.edge.commanding.command import Found
from shared.edge.commanding.commands import Commands
from shared.edge.kafka.partition import partition_of
from shared.edge.store import turns
from shared.edge.store.append import Moved
from shared.edge.store.pool import open_pool
from shared.edge.worker.batch import Preparer
from shared.edge.worker.jitter import LOSSES
from shared.edge.worker.loop import Worker
from tests.support.machine import DAY, PARTITIONS, SETTINGS, FakeLog, drain, invoice, make_worker, process, rates, store
from tests.support.toy_brain import ToyBrain, ToyProjector, ToyState

pytestmark = [pytest.mark.parts, pytest.mark.timeout(120)]

ROOM = 50


@dataclass
class Spend:
    """Takes one of the *room* there is; what is quarantined in the toy state is what is taken."""

    answer: bool | None = None
    cause: str = "override"
    seconds: float = 0.0
    room: int = ROOM
    asked: int = 0
    reading: Callable[[asyncpg.Connection], Any] | None = None

    async def begin(self, connection: asyncpg.Connection) -> None:
        """It waits for nobody else."""

    async def read(self, connection: asyncpg.Connection) -> None:
        self.asked += 1
        if self.reading is not None:
            await self.reading(connection)

    def decide(self, found: Found[ToyState, Any]) -> Sequence[Decided]:
        time.sleep(self.seconds)
        self.answer = found.state.quarantined < self.room
        fact = FactRef(source="/erp", id="x", type="t")
        return [Decided(FactQuarantined(as_of=found.day, cause="fact", fact=fact, reason="x"), publish=True)][
            : self.answer
        ]

    async def keep(self, connection: asyncpg.Connection, found: Found[ToyState, Any]) -> None:
        """Nothing else."""


def commands() -> Commands[Any, Any]:
    return Commands(ToyBrain(), ToyProjector(), SETTINGS)


@asynccontextmanager
async def several(dsn: str, count: int) -> AsyncIterator[list[asyncpg.Pool]]:
    """What so many processes of an API would each have."""
    pools = [await open_pool(dsn, schema="rating", size=4) for _ in range(count)]
    try:
        yield pools
    finally:
        for pool in pools:
            await pool.close()


async def spent(pool: asyncpg.Pool) -> int:
    return int(
        await pool.fetchval("select count(*) from events where stream = 'A' and kind = 1 and type like '%quarantined%'")
    )


async def test_of_many_commands_at_once_no_more_than_the_room_is_granted(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commanding, "TURN_SECONDS", 120.0)  # the machine may be busy with other tests
    async with store(database) as pool, several(database, 2) as pools:
        await process(pool, invoice("A", 1))
        processes = [(commands(), pools[0]), (commands(), pools[1])]
        asked = [Spend() for _ in range(200)]
        ways = itertools.cycle(processes)
        await asyncio.gather(*[way(one_pool, "A", one) for one, (way, one_pool) in zip(asked, ways, strict=False)])
        assert sum(one.answer is True for one in asked) == ROOM == await spent(pool)
        assert max(one.asked for one in asked) == 1, "who waits for its turn decides once"


@asynccontextmanager
async def facts_without_a_pause(pool: asyncpg.Pool, customer: str) -> AsyncIterator[Worker]:
    """A worker that writes one fact about *customer* after the other, as fast as the database takes them."""
    log = FakeLog()
    worker, numbers = make_worker(pool, log, pace_seconds=0.0), itertools.count(100)
    over = asyncio.Event()

    async def flow() -> None:
        while not over.is_set():
            log.add(invoice(customer, next(numbers), "1"))
            await worker.step()
        await drain(worker)

    flowing = asyncio.create_task(flow())
    try:
        yield worker
    finally:
        over.set()
        await asyncio.wait_for(flowing, 20)


async def test_facts_that_come_without_a_pause_do_not_starve_a_slow_command(database: str) -> None:
    async with store(database) as pool, several(database, 1) as (apart,):
        await process(pool, invoice("A", 1))
        slow = Spend(seconds=0.0)
        slow.reading = lambda _: asyncio.sleep(0.2)  # every attempt is overtaken
        async with facts_without_a_pause(pool, "A") as worker:
            begun = worker.memory.committed
            await commands()(apart, "A", slow)
            assert slow.asked == LOSSES + 1, "it loses until the writers of the partition wait for it"
            assert worker.memory.committed > begun + LOSSES, "facts flowed meanwhile"
        assert await spent(pool) == 1
        versions = [
            row["version"] for row in await pool.fetch("select version from events where stream = 'A' order by 1")
        ]
        assert versions == list(range(1, len(versions) + 1))


async def test_without_its_turn_it_would_lose_for_ever(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(connection: Any, partitions: Any) -> None:
        """Nobody waits for anybody."""

    monkeypatch.setattr(turns, "alone", never)
    async with store(database) as pool, several(database, 1) as (apart,):
        await process(pool, invoice("A", 1))
        slow = Spend()
        slow.reading = lambda _: asyncio.sleep(0.1)
        async with facts_without_a_pause(pool, "A"):
            with pytest.raises(Unavailable, match="all the time") as refused:
                await commands()(apart, "A", slow)
        assert isinstance(refused.value.__cause__, Moved)


@pytest.mark.parametrize("way", ["records", "streams"])
async def test_commands_without_a_pause_do_not_starve_the_worker(
    database: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """It would lose five times in a row, and set a customer aside with whom nothing is wrong."""
    async with store(database) as pool, several(database, 1) as (apart,):
        log = FakeLog()
        log.add(invoice("A", 1))
        worker = make_worker(pool, log, intake=way == "records")
        await drain(worker)
        over, desk, asked = asyncio.Event(), commands(), Spend(room=1_000_000)
        prepare = getattr(Preparer, way)

        async def slowly(*given: Any, **more: Any) -> Any:
            prepared = await prepare(*given, **more)
            await asyncio.sleep(0.1)  # some commands are quicker
            return prepared

        async def commanded() -> None:
            while not over.is_set():
                await desk(apart, "A", asked)

        monkeypatch.setattr(Preparer, way, slowly)
        commanding = asyncio.create_task(commanded())
        try:
            if way == "records":
                log.add(invoice("A", 2))
            else:
                log.raw(codec.encode(rates(1, "7")), key="~reference", partition=partition_of("A", PARTITIONS))
            await drain(worker)
            async with asyncio.timeout(30):
                while any(part.sweeping for part in worker.memory.parts.values()):
                    await worker.step()
        finally:
            over.set()
            await commanding
        assert await pool.fetchval("select count(*) from parked") == 0
        assert await pool.fetchval("select count(*) from dead_letters") == 0
        facts = "select count(*) from events where kind = 0"
        assert await pool.fetchval(facts) == 2


async def test_a_day_that_opens_meanwhile_and_a_command_that_refuses(database: str) -> None:
    async with store(database) as pool:
        await process(pool, invoice("A", 1))
        days: list[Any] = []

        class Late(Spend):
            async def read(self, connection: asyncpg.Connection) -> None:
                if not self.asked:
                    await pool.execute("update partitions set day = $1", DAY + timedelta(days=1))
                await super().read(connection)

            def decide(self, found: Found[ToyState, Any]) -> Sequence[Decided]:
                days.append(found.day)
                return super().decide(found)

        await commands()(pool, "A", Late())
        assert days == [DAY, DAY + timedelta(days=1)]
        version = await pool.fetchval("select version from streams where stream = 'A'")

        class No(Spend):
            def decide(self, found: Found[ToyState, Any]) -> Sequence[Decided]:
                raise PermissionError("no")

        with pytest.raises(PermissionError):
            await commands()(pool, "A", No())
        assert await pool.fetchval("select version from streams where stream = 'A'") == version
        assert await pool.fetchval("select count(*) from partitions") == PARTITIONS


async def test_who_was_decided_lately_stays_in_memory_and_is_never_believed_against_the_log(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*(invoice("A", number) for number in range(20)))
        worker = make_worker(pool, log)
        await drain(worker)
        desk = commands()
        folded = desk.brain
        assert isinstance(folded, ToyBrain)
        await desk(pool, "A", Spend())
        before = folded.folded
        await desk(pool, "A", Spend())
        assert folded.folded == before + 1, "only what it decided itself"
        await desk(pool, "A", Spend(room=0))
        before = folded.folded
        log.add(invoice("A", 99))
        await drain(worker)
        await desk(pool, "A", Spend())
        assert folded.folded == before + 2, "and the fact that came since"
        await pool.execute("delete from events where stream = 'A' and version > 21")
        await pool.execute("update streams set version = 21 where stream = 'A'")
        last = Spend(room=2)
        await desk(pool, "A", last)
        assert last.answer, "one is spent, whatever memory says"
        assert await pool.fetchval("select version from streams where stream = 'A'") == 22
