"""A log that forgot, was lost, or has other partitions than declared: nothing is passed over, nothing read in vain."""

from __future__ import annotations

import asyncio

import asyncpg

from shared.edge import clock
from shared.edge.kafka import tail
from shared.edge.kafka.partition import partition_of
from shared.edge.kafka.record import Batch, Truncated
from shared.edge.store import intake
from tests.support.machine import (
    PARTITIONS,
    TOPIC,
    FakeLog,
    FakeSource,
    drain,
    invoice,
    make_worker,
    store,
    totals,
    working,
)


async def test_what_the_topic_forgot_before_it_was_read_is_published_once_more(database: str) -> None:
    async with store(database) as pool:
        await pool.execute("insert into broker (generation) values ('this')")
        worker = make_worker(pool, FakeLog())
        await drain(worker)
        partition = partition_of("C1", PARTITIONS)

        async def taken_in(number: int) -> tail.Tail:
            async with pool.acquire() as connection:
                async with connection.transaction():
                    fact = invoice("C1", number)
                    await intake.keep(connection, [fact], now=clock.now(), partitions=PARTITIONS)
                return await tail.read(connection, ("intake",), 10)

        async def advanced(carried: tail.Tail) -> bool:
            async with pool.acquire() as connection:
                return await tail.advance(connection, carried, "this")

        async with pool.acquire() as connection:
            await tail.prepare(connection, "intake", PARTITIONS)
        assert await advanced(await taken_in(1))
        under_way = await taken_in(2)
        await worker.takeover.truncated([Truncated(TOPIC, partition, 0, 9, "expired")])
        assert not await advanced(under_way), "the relay's round began before"
        async with pool.acquire() as connection:
            assert len((await tail.read(connection, ("intake",), 10)).records) == 2
        query = "select next_offset from positions where topic = $1 and partition = $2"
        assert await pool.fetchval(query, TOPIC, partition) == 9


class Cut(FakeSource):
    """Says once of one partition that its position is beyond the log, which is another one from that moment on."""

    cut: Truncated | None = None
    pool: asyncpg.Pool

    async def batch(self, max_records: int, timeout_s: float) -> Batch | None:
        if self.cut is None:
            return await super().batch(max_records, timeout_s)
        cut, self.cut = self.cut, None
        await self.pool.execute("update broker set generation = 'two'")
        return Batch([], frozenset(), frozenset(), (cut,))


async def test_a_log_that_is_another_one_is_read_from_its_beginning_in_every_partition(database: str) -> None:
    """Also where only one partition shows it: the other one has as many records as before, among them a new one."""
    first, second = two_customers_in_two_partitions()
    async with store(database) as pool:
        await pool.execute("insert into broker (generation) values ('one')")
        old, new = FakeLog(), FakeLog()
        old.add(invoice(first, 1), invoice(second, 1), invoice(second, 2))
        new.add(invoice(first, 9), invoice(second, 1))
        worker = make_worker(pool, old)
        source = worker.source = Cut(old)
        async with working(worker):
            await until(pool, {first: (100, 1), second: (200, 2)})
            await asyncio.sleep(1.0)  # a write in the other partition would be refused, and everything read again
            source._logs, source.pool = {new.topic: new}, pool
            source.cut = Truncated(TOPIC, partition_of(second, PARTITIONS), 2, 1, "beyond")
            await until(pool, {first: (200, 2), second: (200, 2)})
        assert {row["generation"] for row in await pool.fetch("select generation from positions")} == {"two"}


async def test_what_was_read_before_the_relay_first_named_the_log_is_not_read_again(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1))
        log.raw(b"rubbish", key="C1")
        async with working(make_worker(pool, log)):
            await until(pool, {"C1": (100, 1)})
            await pool.execute("insert into broker (generation) values ('one')")
            log.add(invoice("C1", 2))
            await until(pool, {"C1": (200, 2)})
        async with working(make_worker(pool, log)):
            log.add(invoice("C1", 3))
            await until(pool, {"C1": (300, 3)})
        assert {row["generation"] for row in await pool.fetch("select generation from positions")} == {"one"}
        assert await pool.fetchval("select count(*) from dead_letters") == 1


async def test_partitions_that_somebody_added_are_left_alone(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1))
        log.raw(b"rubbish", key=None, partition=PARTITIONS)
        worker = make_worker(pool, log, partitions=range(PARTITIONS + 2))
        await drain(worker)
        assert await totals(pool) == {"C1": (100, 1)}
        for table in ("positions", "partitions"):
            assert await pool.fetchval(f"select max(partition) from {table}") == PARTITIONS - 1


async def until(pool: asyncpg.Pool, wanted: dict[str, tuple[int, int]], *, seconds: float = 15.0) -> None:
    for _ in range(int(seconds / 0.05)):
        if await totals(pool) == wanted:
            return
        await asyncio.sleep(0.05)
    assert await totals(pool) == wanted


def two_customers_in_two_partitions() -> tuple[str, str]:
    return "C1", next(
        name for name in ("C2", "C3", "C4") if partition_of(name, PARTITIONS) != partition_of("C1", PARTITIONS)
    )
