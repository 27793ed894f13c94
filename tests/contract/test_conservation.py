"""accepted − applied − quarantined − pending: 0 wherever a fact is on its way, and the count of those that are lost."""

from __future__ import annotations

import asyncpg
import msgspec
import pytest

from shared.edge import metrics
from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.kafka import relay as relays
from shared.edge.kafka.record import Record
from shared.edge.store import conservation, intake
from shared.edge.store.conservation import Conservation, pending
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import connect
from tests.support.machine import AT, PARTITIONS, FakeLog, drain, invoice, make_worker, store
from tests.support.relaying import eventually, relaying, take_in


async def accept(pool: asyncpg.Pool, *numbers: int, customer: str = "C1") -> None:
    facts = [invoice(customer, number) for number in numbers]
    await intake.accept(pool, facts, now=AT, partitions=PARTITIONS, sealer=None)


def lose(log: FakeLog, *places: int) -> list[Record]:
    """Spoil the records at *places* of the one partition that has any, as a fault of ours might; what they were."""
    (records,) = [records for records in log.records.values() if records]
    lost = [records[place] for place in places]
    for place in places:
        records[place] = msgspec.structs.replace(records[place], value=b"spoilt")
    return lost


async def looked(pool: asyncpg.Pool, looks: Conservation, times: int = 2) -> int:
    """The difference after so many looks."""
    async with pool.acquire() as connection:
        return [await looks.difference(connection) for _ in range(times)][-1]


async def test_nothing_is_missing_while_facts_are_on_their_way(database: str) -> None:
    async with store(database) as pool:
        looks, log = Conservation(), FakeLog()
        assert await looked(pool, looks) == 0
        for number in range(40):
            await accept(pool, number, customer=f"C{number}")
        assert await looked(pool, looks) == 0, "accepted"
        await log.relay(pool)
        assert await looked(pool, looks) == 0, "relayed"
        await accept(pool, *range(100, 110))
        await drain(make_worker(pool, log))
        async with pool.acquire() as connection:
            assert await pending(connection) == 10
        assert await looked(pool, looks) == 0, "applied, the last ten not relayed"
        async with pool.acquire() as connection:
            await intake.clean(connection)
        assert await looked(pool, looks) == 0, "cleaned"
        await log.relay(pool)
        await drain(make_worker(pool, log))
        assert await looked(pool, looks) == 0, "all applied"
        async with pool.acquire() as connection:
            assert await pending(connection) == 0


@pytest.mark.parametrize("cleaned", [False, True])
async def test_a_fact_that_was_overtaken_is_missing_until_it_is_applied(database: str, cleaned: bool) -> None:
    async with store(database) as pool:
        looks, log = Conservation(), FakeLog()
        await accept(pool, 1, 2, 3, 4)
        await log.relay(pool)
        (lost,) = lose(log, 1)
        await drain(make_worker(pool, log))
        if cleaned:
            async with pool.acquire() as connection:
                assert await intake.clean(connection) == 3
        assert await looked(pool, looks, 1) == 0, "one look may be too early"
        assert await looked(pool, looks, 1) == 1
        assert await looked(pool, looks, 5) == 1
        log.raw(lost.value, key="C1", partition=lost.partition)
        await drain(make_worker(pool, log))
        assert await looked(pool, looks, 1) == 0


async def test_the_last_facts_of_a_partition_may_still_come(database: str) -> None:
    async with store(database) as pool:
        looks, log = Conservation(), FakeLog()
        await accept(pool, 1, 2, 3)
        await log.relay(pool)
        lose(log, 1, 2)
        await drain(make_worker(pool, log))
        assert await looked(pool, looks) == 0
        await accept(pool, 4)
        await log.relay(pool)
        await drain(make_worker(pool, log))
        assert await looked(pool, looks) == 2, "the next fact has overtaken both"


async def test_what_is_set_aside_is_not_missing(database: str) -> None:
    async with store(database) as pool:
        looks, log = Conservation(), FakeLog()
        await accept(pool, 1, 2)
        log.add(invoice("C1", 1, "999"))  # straight to the broker, before ours has left
        await drain(make_worker(pool, log))
        await log.relay(pool)
        await drain(make_worker(pool, log))
        assert await pool.fetchval("select count(*) from quarantine") == 1
        assert await looked(pool, looks) == 0


async def test_a_partition_with_more_on_its_way_than_is_looked_at_shows_its_earliest_losses(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conservation, "LOOKED_AT", 3)
    async with store(database) as pool:
        looks, log = Conservation(), FakeLog()
        await accept(pool, *range(1, 9))
        await log.relay(pool)
        assert await looked(pool, looks) == 0, "what lies behind is not seen, and is no gap"
        lose(log, 0)
        await drain(make_worker(pool, log))
        assert await looked(pool, looks) == 1


@pytest.mark.parts
async def test_the_relay_shows_the_difference(
    database: str, private_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "TIDY_S", 0.1)
    await upgraded(database, "rating")
    connection = await connect(database, schema="rating", statement_seconds=20)
    shown = metrics.CONSERVATION_DIFFERENCE.labels("rating")
    try:
        for n in (1, 2, 3):
            await take_in(connection, "C1", n)
        async with relaying(database, private_broker.address) as relay:
            await eventually(lambda: relay.stats.published == 3)
            assert shown._value.get() == 0
            await connection.execute("delete from intake where position = 2")  # as a worker would that applied it
            await eventually(lambda: shown._value.get() == 1)
            await connection.execute("delete from intake where position = 1")
            await eventually(lambda: shown._value.get() == 0)
    finally:
        await connection.close()
