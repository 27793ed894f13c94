"""Whether what waits moves on: asked of a database whose relay and worker are there, are away, or stand still."""

from __future__ import annotations

import asyncio

import pytest

from gradeline.progress import stuck
from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import connect
from tests.support import machine
from tests.support.relaying import decide, eventually, relayed, relaying, take_in

pytestmark = pytest.mark.parts
SHORT = 1.0


async def about(dsn: str, *words: str) -> bool:
    """Whether what is said to stand still is about exactly *words*, in this order."""
    said = await stuck(dsn, seconds=SHORT)
    return len(said) == len(words) and all(word in one for word, one in zip(words, said, strict=True))


async def test_what_waits_for_a_relay_or_a_worker_that_does_nothing_is_said(
    database: str, private_broker: EmbeddedBroker
) -> None:
    await upgraded(database, "rating")
    assert await about(database, "the relay of rating does not run")
    connection = await connect(database, schema="rating")
    await connection.execute("insert into partitions (partition, day) values (0, '2026-03-02')")
    await connection.execute("insert into intake_heads (partition, position) values (0, 0)")
    async with relaying(database, private_broker.address):
        await eventually(lambda: about(database))
        await take_in(connection, "C-1", 1)
        await decide(connection, 1)
        await eventually(lambda: relayed(connection, "intake", 0))
        await eventually(lambda: about(database, "rating-worker: facts wait to be applied"))
        await connection.execute("delete from intake")  # as the relay does once they are applied
        assert await about(database)
        await connection.execute("update partitions set sweep_after = ''")
        assert await about(database, "rating-worker")
        await connection.execute("update partitions set sweep_after = null")
    await take_in(connection, "C-1", 2)
    await decide(connection, 1, start=2)
    assert await about(database, "the relay of rating does not run", "accepted facts wait", "decisions wait")
    await connection.close()


async def test_a_service_that_follows_is_well_once_it_has_the_last_fact(database: str) -> None:
    async with machine.store(database) as leader:
        await upgraded(database, "exposure")
        await machine.process(leader, *(machine.invoice("C-1", number) for number in range(3)))
        follower = await connect(database, schema="exposure")
        await follower.execute("select pg_advisory_lock(hashtextextended('relay:exposure', 0))")

        async def said() -> list[str]:
            return await stuck(database, schema="exposure", seconds=SHORT)

        assert ["exposure-worker: facts wait" in one for one in await said()] == [True]
        await follower.execute("insert into events select * from rating.events where kind = 0")
        assert await said() == []
        await follower.execute("insert into positions values ('~export', 0, 'loading', 0)")
        assert ["exposure-worker" in one for one in await said()] == [True]
        await follower.close()
        assert any("the relay of exposure does not run" in one for one in await said())


async def test_a_service_that_hears_decisions_is_well_once_it_has_the_day_that_was_rated(database: str) -> None:
    await upgraded(database, "rating")
    await upgraded(database, "alerts")
    connection = await connect(database, schema="alerts")
    await connection.execute("select pg_advisory_lock(hashtextextended('relay:alerts', 0))")
    insert = "insert into {}.partitions (partition, day, rated) values (0, '2026-03-02', {})"
    await connection.execute(insert.format("rating", "null"))

    async def said() -> list[str]:
        return await stuck(database, schema="alerts", seconds=SHORT)

    assert await said() == [], "no day was rated yet"
    await connection.execute("update rating.partitions set rated = '2026-03-02'")
    assert ["alerts-worker: facts wait" in one for one in await said()] == [True]
    await connection.execute(insert.format("alerts", "null"))
    assert await said() == []
    await connection.close()


async def test_a_queue_that_moves_is_well_however_long_it_is(database: str) -> None:
    await upgraded(database, "rating")
    connection = await connect(database, schema="rating")
    await connection.execute("insert into intake_heads (partition, position) values (0, 0)")
    await connection.execute("select pg_advisory_lock(hashtextextended('relay:rating', 0))")
    for n in range(1, 4):
        await take_in(connection, "C-1", n)
    assert await about(database, "accepted facts wait")
    looking = asyncio.create_task(stuck(database, seconds=30))
    await asyncio.sleep(0)
    await connection.execute("insert into relays (name, partition, position) values ('intake', 0, 1)")
    moves = 1
    while not looking.done():  # a worker that is slow commits now and then; the relay has more to send
        moves += 1
        await connection.execute("insert into positions values ('credit.events', 0, 'g', $1) on conflict (topic, partition)"
                                 " do update set next_offset = $1", moves)  # fmt: skip
        await connection.execute("update relays set position = 1 + ($1 % 2)", moves)
        await asyncio.sleep(0.02)
    assert looking.result() == []
    await connection.close()
