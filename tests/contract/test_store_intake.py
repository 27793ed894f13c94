"""Intake: what is accepted is durable, numbered without gaps in commit order, and never twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from shared.core.errors import Conflict
from shared.edge import codec
from shared.edge.store import intake
from shared.edge.store.read import read_stream
from tests.support.machine import (
    AT,
    PARTITIONS,
    FakeLog,
    drain,
    invoice,
    make_worker,
    payment,
    process,
    rates,
    store,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


async def test_accepted_facts_are_stamped_and_numbered_per_partition(database: str) -> None:
    async with store(database) as pool:
        facts = [invoice(f"C{number}", number) for number in range(30)]
        done = await intake.accept(pool, facts, now=NOW, partitions=PARTITIONS, sealer=None)

        assert (done.kept, done.duplicates, done.repeated) == (30, 0, frozenset())
        rows = await pool.fetch("select * from intake order by partition, position")
        for partition in range(PARTITIONS):
            positions = [row["position"] for row in rows if row["partition"] == partition]
            assert positions == list(range(1, len(positions) + 1))
        assert {codec.decode(row["value"]).recordedtime for row in rows} == {NOW}


async def test_the_same_fact_again_is_a_duplicate_and_nothing_happens(database: str) -> None:
    async with store(database) as pool:
        await intake.accept(pool, [invoice("C1", 1)], now=NOW, partitions=PARTITIONS, sealer=None)
        again = [invoice("C1", 2), invoice("C1", 1), invoice("C1", 2)]
        done = await intake.accept(pool, again, now=NOW, partitions=PARTITIONS, sealer=None)

        assert (done.kept, done.duplicates, done.repeated) == (1, 2, frozenset({1, 2}))
        assert await pool.fetchval("select count(*) from intake") == 2


@pytest.mark.parametrize("where", ["intake", "events", "the batch"])
async def test_other_content_is_a_conflict_and_nothing_of_the_batch_is_kept(database: str, where: str) -> None:
    async with store(database) as pool:
        before = [payment("C2", 1), payment("C2", 2)]
        if where == "intake":
            await intake.accept(pool, [invoice("C1", 1)], now=NOW, partitions=PARTITIONS, sealer=None)
        if where == "events":
            await process(pool, invoice("C1", 1))
        if where == "the batch":
            before = [payment("C2", 1), invoice("C1", 1)]
        kept = await pool.fetchval("select count(*) from intake")
        with pytest.raises(Conflict) as refused:
            await intake.accept(pool, [*before, invoice("C1", 1, "999")], now=NOW, partitions=PARTITIONS, sealer=None)

        assert refused.value.index == 2
        assert await pool.fetchval("select count(*) from intake") == kept


async def test_parallel_posts_leave_no_gap_and_no_double(database: str) -> None:
    async with store(database) as pool:

        async def post(number: int) -> int:
            facts = [invoice(f"C{number % 5}", number % 20), payment(f"C{number % 7}", number % 11)]
            return (await intake.accept(pool, facts, now=NOW, partitions=PARTITIONS, sealer=None)).kept

        kept = await asyncio.gather(*[post(number) for number in range(80)])

        rows = await pool.fetch("select partition, position from intake order by 1, 2")
        assert len(rows) == sum(kept)
        for partition in range(PARTITIONS):
            positions = [row["position"] for row in rows if row["partition"] == partition]
            assert positions == list(range(1, len(positions) + 1))


async def test_of_parallel_posts_of_two_contents_one_wins_and_the_others_are_told(database: str) -> None:
    async with store(database) as pool:

        async def post(amount: str) -> str:
            try:
                await intake.accept(pool, [invoice("C1", 1, amount)], now=NOW, partitions=PARTITIONS, sealer=None)
            except Conflict:
                return "conflict"
            return amount

        done = await asyncio.gather(*[post(str(1 + number % 2)) for number in range(20)])
        assert set(done) in ({"1", "conflict"}, {"2", "conflict"})
        assert await pool.fetchval("select count(*) from intake") == 1


async def test_a_reference_fact_goes_to_every_partition_under_its_own_id(database: str) -> None:
    async with store(database) as pool:
        for _ in range(2):
            await intake.accept(pool, [rates(1, "7.1")], now=NOW, partitions=PARTITIONS, sealer=None)
        rows = await pool.fetch("select partition, stream, value from intake order by 1")
        assert [row["stream"] for row in rows] == [f"~reference/{number}" for number in range(PARTITIONS)]
        assert [codec.decode(row["value"]).id for row in rows] == [f"r1/{number}" for number in range(PARTITIONS)]


async def test_the_recorded_time_of_intake_is_believed_and_nobody_elses(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        await intake.accept(pool, [invoice("C1", 1)], now=NOW, partitions=PARTITIONS, sealer=None)
        await log.relay(pool)
        forged = codec.decode(
            codec.encode(invoice("C2", 2)).replace(b'"data"', b'"recordedtime":"2020-01-01T00:00:00Z","data"')
        )
        assert forged.recordedtime is not None
        log.add(forged)
        await drain(make_worker(pool, log))
        async with pool.acquire() as connection:
            ours, theirs = [await read_stream(connection, customer) for customer in ("C1", "C2")]
            assert await read_stream(connection, "C1", known_at=AT) == []

        assert ours[0].recorded_at == NOW
        assert theirs[0].recorded_at.year >= 2026


async def test_clean_drops_only_what_is_relayed_and_in_its_stream(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        await intake.accept(pool, [invoice("C1", 1), invoice("C1", 2)], now=NOW, partitions=PARTITIONS, sealer=None)
        async with pool.acquire() as connection:
            assert await intake.clean(connection) == 0
            await log.relay(pool)
            assert await intake.clean(connection) == 0
            await drain(make_worker(pool, log))
            await intake.accept(pool, [invoice("C1", 3)], now=NOW, partitions=PARTITIONS, sealer=None)
            assert await intake.clean(connection) == 2
        assert await pool.fetchval("select position from intake") == 3
