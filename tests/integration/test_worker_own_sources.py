"""What says that it comes from us: believed only where our intake holds it; what got in all the same harms one customer."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import msgspec
import pytest

from shared.core.envelope import Event
from shared.core.events.calendar import BusinessDayOpened
from shared.edge import clock, codec
from shared.edge.kafka.partition import partition_of
from shared.edge.store import dead, intake
from shared.edge.store.append import append
from shared.edge.store.days import open_days
from shared.edge.store.rows import FACT, row_of
from shared.edge.store.write import StreamWrite, Write
from tests.support.machine import (
    AT,
    BOX,
    DAY,
    PARTITIONS,
    FakeLog,
    drain,
    event,
    invoice,
    make_worker,
    store,
    totals,
    until,
    working,
)

OURS = "/gradeline/main/rating"
TAKING = msgspec.structs.replace(invoice("C1", 99, source=OURS), id="C1/3")
"""A fact with the identity that a decision will have."""


async def written(pool: asyncpg.Pool, *facts: Event) -> None:
    """Append *facts* to the stream of their customer, who waits for the first day."""
    stream, partition = facts[0].subject, partition_of(facts[0].subject, PARTITIONS)
    rows = [
        row_of(fact, stream=stream, version=at, kind=FACT, partition=partition, recorded_at=clock.now())
        for at, fact in enumerate(facts, start=1)
    ]
    write = Write(events=rows, streams={stream: StreamWrite(partition, 0, len(facts), DAY, False)})
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, write, now=clock.now(), projector=None)


@pytest.mark.parametrize("source", [OURS, "/gradeline/other/exposure", "/gradeline/main/calendar"])
async def test_a_fact_from_kafka_that_says_it_is_ours_is_refused(database: str, source: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1, "1500"), invoice("C1", 2, source=source))
        worker = make_worker(pool, log)
        await drain(worker)
        forged = msgspec.structs.replace(invoice("C1", 3, source=source), id="C1/2")
        log.add(forged, invoice("C2", 4))
        await drain(worker)

        assert await totals(pool) == {"C1": (1500, 1), "C2": (100, 1)}
        rows = await pool.fetch("select rule, pointer from dead_letters")
        assert [tuple(row) for row in rows] == [("reserved", "/source")] * 2
        assert await pool.fetchval("select count(*) from quarantine") == 0
        async with pool.acquire() as connection:
            places = [letter.place for letter in await dead.letters(connection)]
        done = await dead.redrive(pool, places, box=BOX, now=AT, partitions=PARTITIONS, sealer=None)
        assert {one.state for one in done} == {"open"}


async def test_a_fact_of_our_own_that_intake_holds_is_believed_but_no_other_content(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        ours = invoice("C1", 1, source="/gradeline/main/rating")
        await intake.accept(pool, [ours], now=AT, partitions=PARTITIONS, sealer=None)
        log.add(invoice("C1", 1, "999", source="/gradeline/main/rating"))
        await log.relay(pool)
        log.add(ours)
        await drain(make_worker(pool, log))

        assert await totals(pool) == {"C1": (100, 1)}
        assert [row["rule"] for row in await pool.fetch("select rule from dead_letters")] == ["reserved"]


async def test_a_day_that_says_it_comes_from_our_decider_is_refused(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        await drain(make_worker(pool, log))
        await open_days(pool, DAY + timedelta(days=1), now=AT, partitions=PARTITIONS, instance="main")
        forged = event("~day", "~day/0/2", BusinessDayOpened(date=DAY + timedelta(days=1)), source=OURS)
        log.raw(codec.encode(forged), key="~day", partition=0)
        await log.relay(pool)
        await drain(make_worker(pool, log))

        assert [row["rule"] for row in await pool.fetch("select rule from dead_letters")] == ["reserved"]
        assert await pool.fetchval("select count(*) from partitions where rated > $1", DAY) == PARTITIONS


async def test_a_service_without_intake_refuses_what_says_that_it_decided_it(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1, source=OURS), invoice("C1", 2, source="/gradeline/main/exposure"))
        await drain(make_worker(pool, log, service="exposure", intake=False))

        assert await totals(pool) == {"C1": (100, 1)}
        assert await pool.fetchval("select id from events where kind = 0") == "e1"


async def test_a_sweep_parks_a_customer_whose_decision_is_taken_and_goes_on(database: str) -> None:
    async with store(database) as pool:
        await written(pool, invoice("C1", 1, "1500"), TAKING)
        for number in range(2, 12):
            await written(pool, invoice(f"C{number}", number))
        async with working(make_worker(pool, FakeLog(), backoff_most_seconds=0.05)) as running:
            await until(lambda: pool.fetchval("select count(*) = 4 from partitions where rated is not null"))
            assert not running.done()

        parked = await pool.fetch("select * from parked")
        assert [row["stream"] for row in parked] == ["C1"]
        assert "is taken by now" in parked[0]["reason"]
        assert await totals(pool) == {f"C{number}": (100, 1) for number in range(2, 12)}


async def test_a_batch_goes_on_without_the_customer_whose_decision_is_taken(database: str) -> None:
    async with store(database) as pool:
        await written(pool, TAKING)
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number, "1500") for number in range(1, 9)])
        async with working(make_worker(pool, log)):
            await until(lambda: pool.fetchval("select sum(next_offset) = 8 from positions"))

        assert [row["stream"] for row in await pool.fetch("select stream from parked")] == ["C1"]
        assert await pool.fetchval("select version from streams where stream = 'C1'") == 2
        assert set(await totals(pool)) == {f"C{number}" for number in range(2, 9)}


async def test_put_off_walks_of_one_partition_do_not_keep_those_of_another_waiting(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number) for number in range(40)])
        worker = make_worker(pool, log, behind_streams=1)
        await drain(worker)
        await pool.execute("update streams set wakes_on = $1 where not stream like '~%'", DAY)
        for part in worker.memory.parts.values():
            part.behind = True
        taken = []
        while len(taken) < 2 * PARTITIONS and (part := worker.sweeper.behind()) is not None:
            taken.append(part.number)
            await worker.sweeper.catch_up(part)

        assert set(taken[:PARTITIONS]) == set(taken[PARTITIONS:]) == set(range(PARTITIONS))
