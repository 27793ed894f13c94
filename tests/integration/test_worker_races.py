"""Several writers, lost databases and full memories: what was committed stands, and nothing is counted twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from shared.core.errors import Fenced
from shared.edge import clock
from shared.edge.store.append import EVENTS, Moved, append
from shared.edge.store.read import load, read_stream
from shared.edge.store.rows import FACT, row_of
from shared.edge.store.write import StreamWrite, Write
from shared.edge.worker import failpoints
from tests.support.machine import (
    DAY,
    PARTITIONS,
    TOPIC,
    FakeLog,
    FakeSource,
    drain,
    invoice,
    make_worker,
    payment,
    process,
    store,
    totals,
    until,
)
from tests.support.toy_brain import ToyBrain

WAITS = "select exists (select from pg_locks where not granted and locktype = 'transactionid')"


async def other_writer(pool: asyncpg.Pool, customer: str, number: int, *, before: int, partition: int) -> None:
    """Append one fact to a customer as the API would."""
    fact = payment(customer, number, "1")
    row = row_of(
        fact,
        stream=customer,
        version=before + 1,
        kind=FACT,
        partition=partition,
        recorded_at=clock.now(),
        content=None,
    )
    write = Write(events=[row], streams={customer: StreamWrite(partition, before, before + 1, None, False)})
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, write, now=clock.now(), projector=None)


async def test_a_stream_that_moved_under_a_batch_is_folded_again(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1))
        worker = make_worker(pool, log)
        await drain(worker)
        partition = next(iter(log.records))
        await other_writer(pool, "C1", 50, before=1, partition=partition)
        log.add(invoice("C1", 2))
        await drain(worker)

        assert await totals(pool) == {"C1": (199, 3)}
        assert worker.source.resumed == 1  # nothing was read again from the broker


@pytest.mark.parametrize("is_shared", [True, False])
async def test_who_shares_its_streams_with_commands_looks_before_each_batch_and_makes_none_in_vain(
    database: str, is_shared: bool
) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1))
        worker = make_worker(pool, log, is_shared=is_shared)
        await drain(worker)
        partition = next(iter(log.records))
        await other_writer(pool, "C1", 50, before=1, partition=partition)
        log.add(invoice("C1", 2))
        before = worker.memory.batch
        await worker.work(log.records[partition][1:])
        await worker.settle()

        assert await totals(pool) == {"C1": (199, 3)}
        assert worker.memory.batch - before == (1 if is_shared else 2), "batches that were made"


async def test_the_batch_that_was_folded_on_a_moved_one_is_folded_again_too(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1))
        worker = make_worker(pool, log)
        await drain(worker)
        partition = next(iter(log.records))
        await other_writer(pool, "C1", 50, before=1, partition=partition)
        log.add(invoice("C1", 2), invoice("C1", 3))
        first, second = log.records[partition][1:]
        await worker.work([first])
        await worker.work([second])
        await worker.settle()

        assert await totals(pool) == {"C1": (299, 4)}
        async with pool.acquire() as connection:
            assert [one.version for one in await read_stream(connection, "C1")] == [1, 2, 3, 4]


async def test_of_two_writers_of_one_version_one_is_told_that_the_stream_moved(database: str) -> None:
    async with store(database) as pool:
        await other_writer(pool, "C1", 1, before=0, partition=0)
        done = await asyncio.gather(
            *[other_writer(pool, "C1", number, before=1, partition=0) for number in (2, 3)], return_exceptions=True
        )

        assert sorted(type(one).__name__ for one in done) == ["Moved", "NoneType"]
        assert await pool.fetchval("select version from streams where stream = 'C1'") == 2


async def test_who_comes_second_waits_before_it_locks_what_the_first_needs(database: str) -> None:
    async with store(database) as pool:
        await process(pool, invoice("C1", 1))
        partition = await pool.fetchval("select partition from streams where stream = 'C1'")
        fact, at = payment("C1", 2, "1"), clock.now()
        row = row_of(fact, stream="C1", version=2, kind=FACT, partition=partition, recorded_at=at, content=None)
        async with pool.acquire() as connection, connection.transaction():
            await EVENTS.put(connection, [row])
            second = asyncio.create_task(other_writer(pool, "C1", 3, before=1, partition=partition))
            await until(lambda: pool.fetchval(WAITS))
            await connection.execute("set local lock_timeout = '500ms'")
            await connection.execute("select from streams where stream = 'C1' for update")
        with pytest.raises(Moved):
            await asyncio.wait_for(second, 10)


async def test_a_write_without_events_is_refused_too_where_the_stream_moved(database: str) -> None:
    async with store(database) as pool:
        for before in (0, 1):
            await other_writer(pool, "C1", 10 + before, before=before, partition=0)
        stale = Write(streams={"C1": StreamWrite(0, 1, 1, DAY, False)})
        async with pool.acquire() as connection:
            with pytest.raises(Moved):
                async with connection.transaction():
                    await append(connection, stale, now=clock.now(), projector=None)

        assert await pool.fetchval("select wakes_on from streams") is None


async def test_of_two_workers_of_one_partition_the_loser_writes_nothing(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1))
        one, other = make_worker(pool, log), make_worker(pool, log)
        await drain(one)
        await drain(other)
        log.add(invoice("C1", 2, "1000"))
        (record,) = log.records[next(iter(log.records))][1:]
        await one.work([record])
        await one.settle()
        before = await pool.fetchval("select count(*) from events")
        await other.work([record])
        with pytest.raises(Fenced):
            await other.settle()

        assert await pool.fetchval("select count(*) from events") == before
        assert await pool.fetchval("select count(*) from outbox where key = 'C1'") == 1
        assert await totals(pool) == {"C1": (1100, 2)}


async def test_a_fenced_worker_takes_over_again_and_goes_on(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1))
        one, other = make_worker(pool, log), make_worker(pool, log)
        stop = asyncio.Event()
        running = [asyncio.create_task(worker.run(stop)) for worker in (one, other)]
        for number in range(2, 30):
            log.add(invoice("C1", number))
            await asyncio.sleep(0.01)
        for _ in range(300):
            if (await totals(pool)).get("C1") == (2900, 29):
                break
            await asyncio.sleep(0.05)
        stop.set()
        await asyncio.gather(*running)

        assert await totals(pool) == {"C1": (2900, 29)}
        assert await pool.fetchval("select count(*) from events where stream = 'C1' and kind = 0") == 29


async def test_a_partition_that_moves_to_another_worker_goes_on_there(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        names = [f"C{number}" for number in range(12)]
        log.add(*[invoice(name, number) for number, name in enumerate(names)])
        one, other = make_worker(pool, log), make_worker(pool, log, partitions=())
        await drain(one)
        moved = {(TOPIC, partition) for partition in range(0, PARTITIONS, 2)}
        assert isinstance(one.source, FakeSource)
        assert isinstance(other.source, FakeSource)
        one.source.move(lost=moved, assigned=set())
        other.source.move(lost=set(), assigned=moved)
        log.add(*[invoice(name, 100 + number) for number, name in enumerate(names)])
        await drain(one)
        await drain(other)

        assert await totals(pool) == dict.fromkeys(names, (200, 2))
        assert set(one.memory.parts) == {1, 3}
        assert set(other.memory.parts) == {0, 2}


@pytest.mark.parametrize("failpoint", ["before_db_commit:raise:2", "after_db_commit:raise:2"])
async def test_a_write_that_fails_is_done_again_from_the_database(database: str, failpoint: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number) for number in range(8)])
        worker = make_worker(pool, log, batch_records=3)
        stop = asyncio.Event()
        failpoints.arm(failpoint)
        try:
            running = asyncio.create_task(worker.run(stop))
            for _ in range(200):
                if len(await totals(pool)) == 8:
                    break
                await asyncio.sleep(0.02)
            stop.set()
            await running
        finally:
            failpoints.arm(None)

        assert await totals(pool) == {f"C{number}": (100, 1) for number in range(8)}


async def test_sessions_that_are_ended_under_a_running_worker_lose_and_double_nothing(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        worker = make_worker(pool, log, batch_records=5)
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        ours = await asyncpg.connect(database)
        try:
            for number in range(60):
                log.add(invoice(f"C{number % 7}", number))
                if number % 20 == 10:
                    await ours.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()"
                    )
                await asyncio.sleep(0.01)
            for _ in range(200):
                if await ours.fetchval("select coalesce(sum(facts), 0) from rating.toy_rows") == 60:
                    break
                await asyncio.sleep(0.05)
            assert await ours.fetchval("select sum(facts) from rating.toy_rows") == 60
            assert await ours.fetchval("select count(*) from rating.events where kind = 0") == 60
        finally:
            stop.set()
            await asyncio.wait_for(running, 20)
            await ours.close()


@pytest.mark.parametrize("on_eviction", [1, 50], ids=["with a snapshot", "with a tail"])
async def test_states_that_left_memory_come_back_as_they_were(database: str, on_eviction: int) -> None:
    async with store(database) as pool:
        log = FakeLog()
        bounds = {"cache_weight": 10, "snapshot_every": 4, "snapshot_on_eviction": on_eviction, "batch_records": 8}
        worker = make_worker(pool, log, **bounds)
        for number in range(50):
            log.add(invoice(f"C{number // 2 % 5}", number, "300"))
            if number % 2:
                await drain(worker)
        assert worker.memory.cache.weight <= 20
        assert await pool.fetchval("select count(*) from snapshots") > 0
        brain = ToyBrain()
        async with pool.acquire() as connection, connection.transaction():
            loaded = await load(connection, [f"C{number}" for number in range(5)], fold_version="1")
            for stream, one in loaded.items():
                state = brain.load(one.snapshot) if one.snapshot else brain.initial(stream)
                whole = brain.initial(stream)
                for event in one.tail:
                    brain.evolve(state, event)
                for stored in await read_stream(connection, stream):
                    brain.evolve(whole, stored.event)
                state.day = whole.day = None
                assert state == whole

        assert set((await totals(pool)).values()) == {(3000, 10)}


async def test_another_fold_version_folds_again_from_the_first_event(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice("C1", number) for number in range(10)])
        await drain(make_worker(pool, log, snapshot_every=5))
        assert await pool.fetchval("select fold_version from snapshots") == "1"
        log.add(invoice("C1", 50))
        newer = ToyBrain(version="2")
        await drain(make_worker(pool, log, brain=newer, snapshot_every=5))

        assert newer.folded >= 12
        assert await totals(pool) == {"C1": (1100, 11)}
        assert await pool.fetchval("select fold_version from snapshots") == "2"


async def test_the_write_under_way_is_finished_when_the_worker_is_told_to_stop(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number, due=DAY + timedelta(days=3)) for number in range(50)])
        worker = make_worker(pool, log)
        await worker.step()
        await worker.step()
        stop = asyncio.Event()
        stop.set()
        await worker.run(stop)

        assert isinstance(worker.source, FakeSource)
        assert worker.source.stopped
        assert len(await totals(pool)) == 50
        positions = dict(map(tuple, await pool.fetch("select partition, next_offset from positions")))
        assert positions == {partition: len(rows) for partition, rows in log.records.items()}
