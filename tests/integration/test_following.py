"""A service that follows another: two topics, its day from rated days, no personal fields, and history loaded first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from services.exposure.adapters.bounds import BOUNDS, SCHEMA
from services.rating.adapters.log import Log
from shared.core.envelope import Event
from shared.core.errors import Unavailable
from shared.core.events import CustomerRegistered, GradeChanged
from shared.core.events.calendar import BusinessDayOpened, BusinessDayRated
from shared.core.events.rating import PolicyRef
from shared.edge import codec
from shared.edge.commanding.commands import Commands
from shared.edge.kafka.record import Truncated
from shared.edge.seal import new_key, seal
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from shared.edge.worker.dropping import Dropper
from shared.edge.worker.failpoints import arm
from shared.edge.worker.loop import Worker
from shared.edge.worker.ports import Exported, Exports
from tests.integration.test_commanding import Spend
from tests.support import machine
from tests.support.machine import AT, BOX, DAY, PARTITIONS, FakeLog, FakeSource, drain, event, invoice, payment
from tests.support.toy_brain import ROWS, ToyBrain, ToyProjector

pytestmark = [pytest.mark.parts, pytest.mark.timeout(120)]

TOLD = msgspec.structs.replace(machine.SETTINGS, service=SCHEMA, first_day=None, **BOUNDS)


@dataclass
class Follower:
    """A schema of its own, the two topics it follows, and its worker."""

    pool: asyncpg.Pool
    facts: FakeLog = field(default_factory=FakeLog)
    ratings: FakeLog = field(default_factory=lambda: FakeLog("credit.ratings"))

    def worker(self, *, exports: Exports | None = None, **bounds: Any) -> Worker:
        """A process of it."""
        source = FakeSource(self.facts, range(PARTITIONS), self.ratings)
        told = msgspec.structs.replace(TOLD, **bounds)
        return Worker(ToyBrain(), ToyProjector(), source, self.pool, told, box=BOX, sealer=Dropper(), exports=exports)

    def rated(self, day: date) -> None:
        """The service that opens days has rated one."""
        for partition in range(PARTITIONS):
            self.ratings.raw(codec.encode(rated(day, partition)), key="~day", partition=partition)

    async def count(self, what: str = "events where kind = 0 and stream !~ '^~'") -> int:
        return int(await self.pool.fetchval(f"select count(*) from {what}"))


def rated(day: date, partition: int) -> Event:
    data = BusinessDayRated(as_of=day, cause="day", date=day)
    return msgspec.structs.replace(event("~day", f"~day/{partition}/{day}", data), source="/gradeline/main/rating")


def graded(customer: str, number: int, to: str) -> Event:
    policy = PolicyRef(id="p", version="1", sha256="0" * 64)
    data = GradeChanged(
        as_of=DAY, cause="fact", method="p", purpose="credit", from_=None, to=to, direction="first", policy=policy
    )
    return event(customer, f"{customer}/{number}", data, source="/gradeline/main/rating")


@asynccontextmanager
async def following(database: str) -> AsyncIterator[Follower]:
    await upgraded(database, SCHEMA)
    pool = await open_pool(database, schema=SCHEMA, size=6)
    try:
        await pool.execute(ROWS)
        yield Follower(pool)
    finally:
        await pool.close()


async def test_facts_and_grades_are_kept_once_however_often_they_come(database: str) -> None:
    async with following(database) as one:
        for number in range(40):
            customer = f"C-{number % 5}"
            one.facts.add(invoice(customer, number, "10"))
            one.ratings.add(graded(customer, number, "A"))
        one.rated(DAY)
        arm("before_db_commit:raise:1")
        try:
            await drain(one.worker(batch_records=7), steps=3)
        except Unavailable:
            pass  # its process would end here; another one takes over
        finally:
            arm(None)
        await drain(one.worker(batch_records=7), steps=200)
        assert await one.count() == 80
        for copy in list(one.facts.records.values()) + list(one.ratings.records.values()):
            for record in list(copy):
                copy.append(msgspec.structs.replace(record, offset=len(copy)))
        await one.pool.execute("insert into broker (generation) values ('another log')")
        await one.pool.execute("update positions set generation = 'lost', next_offset = 3")
        await drain(one.worker(batch_records=7), steps=200)
        assert await one.count() == 80
        assert await one.count("toy_rows where facts = 16 and total = 80") == 5
        assert await one.pool.fetchval("select array_agg(distinct generation) from positions") == ["another log"]
        assert await one.count("quarantine") == await one.count("dead_letters") == 0


async def test_the_day_is_that_which_was_rated(database: str) -> None:
    async with following(database) as one:
        one.facts.add(invoice("A", 1, "1500", due=DAY), invoice("B", 2, "10"))
        one.facts.raw(codec.encode(event("~day", f"{DAY}/0", BusinessDayOpened(date=DAY))), key="~day", partition=0)
        worker = one.worker()
        await drain(worker)
        assert await one.count() == 2
        assert await one.count("toy_rows") == await one.count("outbox") == 0, "without a day nothing is decided"
        assert await one.count("events where stream ~ '^~'") == 0, "that a day was opened says nothing here"
        with pytest.raises(Unavailable, match="no business day"):
            await Commands(ToyBrain(), ToyProjector(), TOLD)(one.pool, "A", Spend())

        one.rated(DAY)
        await drain(worker)
        assert {row["day"] for row in await one.pool.fetch("select day from toy_rows")} == {DAY}
        assert await one.count("outbox") == 1, "the review of the one, and no word about days: those are rating's"
        one.rated(DAY + timedelta(days=1))
        one.rated(DAY)
        await drain(worker)
        assert await one.pool.fetchval("select array_agg(distinct day) from partitions") == [DAY + timedelta(days=1)]
        assert await one.pool.fetchval("select overdue from toy_rows where stream = 'A'") == 1
        again = one.worker()
        await drain(again)
        assert {part.day for part in again.memory.parts.values()} == {DAY + timedelta(days=1)}


async def test_personal_fields_are_never_kept_whether_they_come_sealed_or_in_clear(database: str) -> None:
    async with following(database) as one:
        data = CustomerRegistered(
            name="Li Wei Trading",
            kind="company",
            identifiers={"id_no": "110101199003070012", "uscc": "91310000MA1FL0000X"},
        )
        clear = event("C-1", "r1", data)
        sealed = seal(data, key=new_key(), subject="C-1", source=clear.source, id=clear.id)
        assert sealed != data
        one.facts.add(clear, msgspec.structs.replace(clear, data=sealed))
        one.rated(DAY)
        await drain(one.worker())
        assert await one.count() == 1, "the same fact, however it came"
        kept = await one.pool.fetchval("select data from events where stream = 'C-1'")
        assert b"Li Wei" not in kept
        assert b"110101" not in kept
        assert b"91310000MA1FL0000X" in kept
        assert b"sealed:" not in kept
        assert await one.count("quarantine") == 0


async def test_what_is_no_fact_is_passed_over_and_what_is_no_decision_is_kept_for_staff(database: str) -> None:
    async with following(database) as one:
        one.rated(DAY)
        one.facts.raw(b"rubbish", key="A")
        one.facts.add(invoice("A", 1), msgspec.structs.replace(invoice("A", 1), data=invoice("A", 1, "7").data))
        one.ratings.raw(b"rubbish", key="A")
        worker = one.worker(dead_letters=2)
        await drain(worker)
        assert await one.count() == 1
        assert [row["topic"] for row in await one.pool.fetch("select topic from dead_letters")] == ["credit.ratings"]
        assert await one.count("quarantine") == 0, "the service that takes facts in says so"
        assert await one.pool.fetchval("select array_agg(topic) from outbox") == ["credit.ratings.dead"]


@dataclass
class History:
    """The log of the rating service, as its API exports it; *away*: nobody answers."""

    pool: asyncpg.Pool
    limit: int = 4
    away: bool = False
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def page(self, partition: int, after: int, /) -> Exported:
        if self.away:
            raise Unavailable("nobody answers")
        self.asked.append((partition, after))
        events, reached, more = await Log(nothing).partition(
            self.pool, partition, after=after, limit=self.limit, restricted=False
        )
        return Exported(events, reached, more)


async def nothing(pool: Any, rows: Sequence[Any]) -> list[Any]:
    return []


@asynccontextmanager
async def beside(database: str) -> AsyncIterator[tuple[Follower, History, FakeLog]]:
    """A rating service that has worked for a while, and a new follower."""
    async with machine.store(database) as pool, following(database) as one:
        log = FakeLog()
        for number in range(30):
            log.add(invoice(f"C-{number % 6}", number, "100"))
        worker = machine.make_worker(pool, log, batch_records=5)
        await drain(worker, steps=200)
        yield one, History(pool), log


async def test_a_new_service_loads_history_first_and_then_follows(database: str) -> None:
    async with beside(database) as (one, history, _):
        one.facts.add(payment("C-1", 1, "40"), invoice("C-0", 0, "100"))  # new, and one that history has too
        worker = one.worker(exports=history, batch_records=3)
        history.away = True
        await drain(worker)
        assert await one.count() == 0, "the topics wait for the history"
        history.away = False
        assert worker.chores.loader is not None
        worker.chores.loader.paused_until = 0.0
        await worker.step()
        with pytest.raises(Unavailable, match="being loaded"):
            await Commands(ToyBrain(), ToyProjector(), TOLD)(one.pool, "C-0", Spend())
        assert await one.count("toy_rows") == 0, "half a history says nothing"
        arm("before_db_commit:raise:2")
        try:
            await drain(worker, steps=3)
        except Unavailable:
            pass
        finally:
            arm(None)
        loaded = await one.pool.fetchval("select sum(next_offset) from positions where topic = '~export'")
        assert loaded > 0
        worker = one.worker(exports=history, batch_records=3)
        await drain(worker, steps=200)
        assert await one.count() == 31
        assert await one.count("toy_rows where facts in (5, 6)") == 6
        assert await one.pool.fetchval("select sum(total) from toy_rows") == 30 * 100 - 40
        assert {row["day"] for row in await one.pool.fetch("select day from toy_rows")} == {DAY}
        asked = len(history.asked)
        one.facts.add(payment("C-2", 2, "1"))
        await drain(one.worker(exports=history))
        assert (len(history.asked), await one.count()) == (asked, 32), "it is loaded once"


async def test_a_service_that_lags_loads_what_the_topics_forgot(database: str) -> None:
    async with beside(database) as (one, history, log):
        worker = one.worker(exports=history)
        await drain(worker)
        before = await one.count()
        log.add(*[invoice("C-1", number, "100") for number in range(100, 110)])
        await drain(machine.make_worker(history.pool, log))
        (part,) = {part for part in worker.memory.parts if any(r.key == b"C-1" for r in log.records.get(part, []))}
        history.asked.clear()
        await worker.takeover.truncated([Truncated("credit.events", part, 0, 5, "expired")])
        await worker.source.resume_at(await worker.takeover.take({("credit.events", part)}))
        await drain(worker)
        assert await one.count() == before + 10
        assert {partition for partition, _ in history.asked} == {part}
        assert min(after for _, after in history.asked) > 0, "from where it was"


async def test_after_the_broker_lost_its_log_what_was_missed_is_loaded(database: str) -> None:
    async with beside(database) as (one, history, log):
        await one.pool.execute("insert into broker (generation) values ('first')")
        await drain(one.worker(exports=history))
        before = await one.count()
        log.add(invoice("C-1", 200, "100"))
        await drain(machine.make_worker(history.pool, log))
        await one.pool.execute("update broker set generation = 'second'")
        one.facts.add(invoice("C-2", 201, "100"))
        worker = one.worker(exports=history)
        await drain(worker)
        assert await one.count() == before + 2
        assert await one.pool.fetchval("select count(distinct generation) from positions where topic <> '~export'") == 1
        assert not any(part.undecided for part in worker.memory.parts.values())
        assert AT.year == DAY.year
        await asyncio.sleep(0)
