"""Rows are numbered in the order in which they are committed, so who reads after a position misses none that comes late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from shared.edge import clock
from shared.edge.kafka import tail
from shared.edge.store import intake
from shared.edge.store.append import append
from shared.edge.store.write import Sent, Write
from tests.support.machine import AT, PARTITIONS, invoice, store, until

GENERATION = "one"


async def take_in(connection: asyncpg.Connection, number: int) -> None:
    """What a post does, inside its transaction."""
    await intake.keep(connection, [invoice("C1", number)], now=AT, partitions=PARTITIONS)


async def decide(connection: asyncpg.Connection, number: int) -> None:
    """What a worker does, inside its transaction."""
    write = Write(outbox=[Sent(1, "credit.ratings", "C1", f"e{number}", b'{"id":"e%d"}' % number)])
    await append(connection, write, now=clock.now(), projector=None)


async def relayed(pool: asyncpg.Pool, name: str) -> list[bytes]:
    """What one round of the relay carries away."""
    async with pool.acquire() as connection:
        found = await tail.read(connection, (name,), 100)
        if found.reached:
            assert await tail.advance(connection, found, GENERATION)
        return [record.value for record in found.records]


@pytest.mark.parametrize(("name", "writes"), [("intake", take_in), ("outbox", decide)], ids=["intake", "outbox"])
async def test_what_was_begun_first_and_committed_last_leaves_too(
    database: str, name: str, writes: Callable[[asyncpg.Connection, int], Awaitable[None]]
) -> None:
    async with store(database) as pool:
        await pool.execute("insert into broker (generation) values ($1)", GENERATION)
        async with pool.acquire() as connection:
            await tail.prepare(connection, name, PARTITIONS)

        async def later() -> None:
            async with pool.acquire() as connection, connection.transaction():
                await writes(connection, 2)

        async with pool.acquire() as first:
            began = first.transaction()
            await began.start()
            await writes(first, 1)
            second = asyncio.create_task(later())
            await until(lambda: done_or_waiting(pool, second))
            left = await relayed(pool, name)
            await began.commit()
        await second
        left += await relayed(pool, name)

        assert sorted(b'"id":"e1"' in value for value in left) == [False, True]


async def done_or_waiting(pool: asyncpg.Pool, task: asyncio.Task[None]) -> bool:
    """Whether *task* has committed, or waits for the other transaction."""
    waiting = (
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    )
    return task.done() or bool(await pool.fetchval(waiting))
