"""The day as a fact: who believes it, the sweep, what is published, and what happens when it is interrupted."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from shared.core.brain import Outcome
from shared.core.errors import Conflict, Fenced
from shared.core.events.calendar import BusinessDayOpened
from shared.edge.store import intake
from shared.edge.store.days import open_days
from shared.edge.worker.loop import Worker
from tests.support.machine import (
    AT,
    DAY,
    PARTITIONS,
    FakeLog,
    drain,
    event,
    invoice,
    make_worker,
    rates,
    store,
)
from tests.support.toy_brain import ToyBrain, ToyState

NEXT = DAY + timedelta(days=1)


async def opened(pool: asyncpg.Pool, log: FakeLog, upto: date) -> list[date]:
    """Open days up to *upto* and carry them to the log."""
    days = await open_days(pool, upto, now=AT, partitions=PARTITIONS, instance="main")
    await log.relay(pool)
    return days


async def rows(pool: asyncpg.Pool) -> dict[str, tuple[int, date]]:
    return {row["stream"]: (row["overdue"], row["day"]) for row in await pool.fetch("select * from toy_rows")}


async def rated(pool: asyncpg.Pool, day: date) -> int:
    query = "select count(*) from outbox where topic = 'credit.ratings' and key = '~day' and value like $1"
    return int(await pool.fetchval(query, f'%"date":"{day}"%'.encode()))


async def test_a_day_moves_what_waits_for_it_and_nothing_else(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("DUE", 1, due=DAY), invoice("LATER", 2, due=DAY + timedelta(days=9)))
        worker = make_worker(pool, log)
        await drain(worker)
        assert await rated(pool, DAY) == PARTITIONS
        assert await opened(pool, log, NEXT) == [NEXT]
        await drain(worker)

        assert await rows(pool) == {"DUE": (1, NEXT), "LATER": (0, DAY)}
        assert await rated(pool, NEXT) == PARTITIONS
        assert await pool.fetchval("select count(*) from partitions where day = $1 and sweep_after is null", NEXT) == 4


async def test_missed_days_are_opened_in_order_and_each_is_rated(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        worker = make_worker(pool, log, sweep_streams=2)
        log.add(*[invoice(f"C{number}", number, due=DAY + timedelta(days=number % 3)) for number in range(12)])
        await drain(worker)
        assert await opened(pool, log, DAY + timedelta(days=4)) == [DAY + timedelta(days=back) for back in range(1, 5)]
        log.add(invoice("AFTER", 99))
        await drain(worker, steps=300)

        for ahead in range(5):
            assert await rated(pool, DAY + timedelta(days=ahead)) == PARTITIONS
        assert {overdue for stream, (overdue, _) in (await rows(pool)).items()} == {1}
        assert worker.memory.held == 0


async def test_a_day_is_rated_once_where_two_members_believe_that_a_partition_is_theirs(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        members, told = [make_worker(pool, log) for _ in range(2)], 0
        for _ in range(PARTITIONS + 2):
            for member in members:
                try:
                    await member.step()
                except Fenced as error:
                    told += 1
                    await member._recover(error, asyncio.Event())

        assert await rated(pool, DAY) == PARTITIONS
        assert await pool.fetchval("select count(*) from partitions where rated = $1 and sweep_after is null", DAY) == 4
        assert told > 0


async def test_days_never_go_back_and_opening_again_changes_nothing(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        assert await opened(pool, log, NEXT) == [NEXT]
        assert await opened(pool, log, NEXT) == []
        with pytest.raises(Conflict, match="never go back"):
            await opened(pool, log, DAY)


async def test_a_day_record_that_comes_again_is_no_new_day(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("DUE", 1, due=DAY))
        worker = make_worker(pool, log)
        await opened(pool, log, NEXT)
        await drain(worker)
        for partition, records in list(log.records.items()):
            for again in [record for record in records if record.key == b"~day"]:
                log.raw(again.value, key="~day", partition=partition)
        await drain(worker)

        assert await rated(pool, NEXT) == PARTITIONS
        assert await rows(pool) == {"DUE": (1, NEXT)}


async def test_a_day_that_nobody_opened_is_not_believed(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1, due=DAY))
        forged = event("~day", "2027-01-01/0", BusinessDayOpened(date=date(2027, 1, 1)))
        log.add(forged)
        for partition in range(PARTITIONS):
            log.records.setdefault(partition, [])
        await drain(make_worker(pool, log))

        assert await rows(pool) == {"C1": (0, DAY)}
        assert await pool.fetchval("select rule from dead_letters") == "day"


async def test_a_customer_touched_during_a_sweep_is_brought_to_the_day_first(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        names = [f"C{number}" for number in range(40)]
        log.add(*[invoice(name, number, due=DAY) for number, name in enumerate(names)])
        worker = make_worker(pool, log, sweep_streams=1)
        await drain(worker)
        await opened(pool, log, NEXT)
        await worker.step()
        log.add(invoice(names[-1], 100, due=DAY))
        await worker.step()
        await worker.settle()

        assert worker.sweeper.waiting() is not None
        assert (await rows(pool))[names[-1]] == (2, NEXT)


async def test_what_is_held_back_behind_a_sweep_is_bounded_by_its_bytes(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice("C1", number, due=DAY) for number in range(4)])
        (partition,) = log.records
        worker = make_worker(pool, log, partitions=(partition,), sweep_streams=1, batch_records=10, held_bytes=30_000)
        await drain(worker)
        await pool.execute("update streams set wakes_on = $1 where not stream like '~%'", DAY)
        await opened(pool, log, DAY + timedelta(days=2))
        for _ in range(60):  # behind the second day, while the first is swept
            log.raw(b"x" * 1_000, key="C1")
        most = 0
        for _ in range(60):
            if worker.sweeper.waiting() is not None:
                await pool.execute("update streams set wakes_on = $1 where stream = 'C1'", DAY)  # it goes on and on
            await worker.step()
            part = worker.memory.parts[partition]
            assert part.held_bytes == sum(record.size for record in part.held)
            most = max(most, part.held_bytes)
        assert 30_000 <= most < 50_000, "one poll beyond the bound at most"
        await drain(worker, steps=300)

        assert await pool.fetchval("select count(*) from dead_letters") == 60
        assert worker.memory.held == 0


async def test_a_brain_that_never_lets_go_of_the_day_cannot_hold_up_a_sweep(database: str) -> None:
    class Sleepless(ToyBrain):
        def decide(self, state: ToyState, day: date, context: dict[str, Any], *, cause: str, **_: Any) -> Outcome:
            return Outcome(super().decide(state, day, context, cause=cause).decisions, None, day)

    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number) for number in range(6)])
        worker = make_worker(pool, log, brain=Sleepless(), sweep_streams=1)
        await drain(worker)
        await opened(pool, log, NEXT)
        await drain(worker)

        assert worker.sweeper.waiting() is None
        assert await rated(pool, NEXT) == PARTITIONS


async def test_a_sweep_goes_on_where_another_process_left_it(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number, due=DAY) for number in range(30)])
        first = make_worker(pool, log, sweep_streams=3)
        await drain(first)
        await opened(pool, log, NEXT)
        for _ in range(4):
            await first.step()
        await first.settle()
        waiting = await pool.fetchval("select count(*) from streams where wakes_on <= $1", NEXT)
        assert 0 < waiting < 30
        await drain(make_worker(pool, log, sweep_streams=3))

        assert {day for _, day in (await rows(pool)).values()} == {NEXT}
        assert await rated(pool, NEXT) == PARTITIONS


async def test_a_reference_fact_is_kept_in_every_partition_and_decides_everyone_again(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number) for number in range(20)])
        worker = make_worker(pool, log, sweep_streams=3)
        await drain(worker)
        await intake.accept(pool, [rates(1, "7.1")], now=AT, partitions=PARTITIONS, sealer=None)
        await log.relay(pool)
        await drain(worker, steps=200)

        assert await pool.fetchval("select count(*) from events where stream like '~reference/%'") == PARTITIONS
        assert {row["rate"] for row in await pool.fetch("select rate from toy_rows")} == {"7.1"}

        log.add(invoice("NEW", 77))
        await drain(make_worker(pool, log))
        assert await pool.fetchval("select rate from toy_rows where stream = 'NEW'") == "7.1"


async def test_a_reference_fact_that_did_not_come_through_intake_is_refused(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(rates(1, "9.9"))
        worker: Worker = make_worker(pool, log)
        await drain(worker)

        assert await pool.fetchval("select rule from dead_letters") == "reserved"
        assert all(part.context == {} for part in worker.memory.parts.values())
