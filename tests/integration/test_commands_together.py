"""Commands about different customers that wait at the same time are one transaction; none pays for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from shared.core.brain import Decided
from shared.core.errors import NotFound, Unavailable
from shared.edge.commanding import commands
from shared.edge.commanding.command import Found, Look
from shared.edge.commanding.commands import Commands
from shared.edge.store import turns
from shared.edge.worker.loop import Worker
from tests.integration.test_commanding import Spend, several
from tests.support.machine import SETTINGS, FakeLog, drain, invoice, make_worker, store
from tests.support.toy_brain import ToyBrain, ToyProjector, ToyState

pytestmark = [pytest.mark.parts, pytest.mark.timeout(120)]

NAMES = [f"C{number}" for number in range(40)]
OF = "select count(*) from events where stream = $1 and kind = 1 and type like '%quarantined%'"
TRANSACTIONS = """
select count(distinct xmin::text) from events where kind = 1 and type like '%quarantined%'
"""


def desk(tell: Any = lambda command, row: row["one"] == command.one, columns: str = "1 as one") -> Commands[Any, Any]:
    return Commands(ToyBrain(), ToyProjector(), SETTINGS, look=Look(columns, tell))


class One(Spend):
    """A command that is told what the look found."""

    one = 1


class Refuses(One):
    def decide(self, found: Found[ToyState, Any]) -> Sequence[Decided]:
        raise PermissionError("no")


async def known(pool: asyncpg.Pool, names: Sequence[str] = NAMES) -> tuple[FakeLog, Worker]:
    """One fact about each of *names*; and what takes more."""
    log = FakeLog()
    log.add(*(invoice(name, number) for number, name in enumerate(names)))
    worker = make_worker(pool, log)
    await drain(worker)
    return log, worker


async def each(pool: asyncpg.Pool, names: Sequence[str] = NAMES) -> list[int]:
    return [await pool.fetchval(OF, name) for name in names]


async def test_who_waits_goes_together_and_each_is_answered_once(database: str) -> None:
    async with store(database) as pool, several(database, 1) as (apart,):
        await known(pool)
        way, asked = desk(), [One() for _ in NAMES]
        await asyncio.gather(*[way(apart, name, one, shares=True) for name, one in zip(NAMES, asked, strict=True)])
        assert [(one.answer, one.asked) for one in asked] == [(True, 0)] * len(NAMES), "nothing else was read"
        assert await each(pool) == [1] * len(NAMES)
        assert await pool.fetchval(TRANSACTIONS) <= 3 + len(NAMES) // commands.MOST


async def test_each_alone_has_a_transaction_of_its_own(database: str) -> None:
    """What the test above would see if nothing was shared."""
    async with store(database) as pool, several(database, 1) as (apart,):
        await known(pool)
        way = desk()
        await asyncio.gather(*[way(apart, name, One()) for name in NAMES])
        assert await pool.fetchval(TRANSACTIONS) == len(NAMES)


async def test_who_is_refused_or_not_known_takes_nobody_along(database: str) -> None:
    async with store(database) as pool, several(database, 1) as (apart,):
        await known(pool)
        way = desk()
        asked: list[tuple[str, Spend]] = [
            (name, Refuses() if number % 3 == 0 else One()) for number, name in enumerate(NAMES)
        ]
        answers = await asyncio.gather(
            *[way(apart, name, one, shares=True) for name, one in [*asked, ("nobody", One())]], return_exceptions=True
        )
        assert isinstance(answers.pop(), NotFound)
        assert [type(one) for one in answers] == [
            PermissionError if number % 3 == 0 else type(None) for number in range(len(NAMES))
        ]
        assert await each(pool) == [int(number % 3 != 0) for number in range(len(NAMES))]


async def test_nobody_waits_for_the_turn_of_a_customer_that_somebody_else_has(database: str) -> None:
    async with store(database) as pool, several(database, 1) as (apart,):
        await known(pool)
        way, other = desk(), await asyncpg.connect(database, server_settings={"search_path": "rating"})
        try:
            async with other.transaction():
                await turns.take(other, NAMES[0])
                first = asyncio.create_task(way(apart, NAMES[0], One(), shares=True))
                await asyncio.wait_for(
                    asyncio.gather(*[way(apart, name, One(), shares=True) for name in NAMES[1:]]), 30
                )
                assert await each(pool) == [0] + [1] * (len(NAMES) - 1)
                assert not first.done()
            await asyncio.wait_for(first, 30)
        finally:
            await other.close()
        assert await pool.fetchval(OF, NAMES[0]) == 1


async def test_what_moved_meanwhile_is_done_again_and_nothing_twice(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, lost, alone = Commands.write, list[int](), list[str]()

    async def late(self: Any, connection: Any, prepared: Any, now: datetime, read: Any) -> None:
        if not lost and NAMES[3] in prepared.streams:
            lost.append(len(prepared.streams))
            log.add(invoice(NAMES[3], 99))
            await drain(worker)
        elif len(prepared.streams) == 1:
            alone.extend(prepared.streams)
        await write(self, connection, prepared, now, read)

    async with store(database) as pool, several(database, 1) as (apart,):
        log, worker = await known(pool)
        monkeypatch.setattr(Commands, "write", late)
        way = desk()
        await asyncio.gather(*[way(apart, name, One(), shares=True) for name in NAMES])
        assert await each(pool) == [1] * len(NAMES)
        assert lost[0] > 1, "some were together"
        assert len(alone) >= lost[0], "who lost with others goes by itself"
        assert NAMES[3] in alone


async def test_who_needs_more_than_was_believed_goes_by_itself(database: str) -> None:
    async with store(database) as pool, several(database, 1) as (apart,):
        await known(pool, NAMES[:6])
        asked = [One() for _ in range(6)]
        way = desk(lambda command, row: command is not asked[2])
        await asyncio.gather(*[way(apart, name, one, shares=True) for name, one in zip(NAMES, asked, strict=False)])
        assert [one.asked for one in asked] == [0, 0, 1, 0, 0, 0], "it alone has read for itself"
        assert await each(pool, NAMES[:6]) == [1] * 6


async def test_who_goes_away_keeps_nobody_waiting(database: str) -> None:
    async with store(database) as pool, several(database, 1) as (apart,):
        await known(pool)
        way = desk()
        tasks = [asyncio.create_task(way(apart, name, One(), shares=True)) for name in NAMES]
        await asyncio.sleep(0)
        for task in tasks[::4]:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        gone = [isinstance(one, asyncio.CancelledError) for one in ended]
        assert not any(isinstance(one, Exception) for one in ended)
        assert sum(gone) == len(tasks[::4])
        assert all(count == 1 for count, left in zip(await each(pool), gone, strict=True) if not left)


async def test_who_waits_too_long_for_its_turn_is_told_so_and_the_turn_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store(database) as pool, several(database, 1) as (apart,):
        await known(pool, NAMES[:2])
        way, slow = desk(), One()
        slow.reading = lambda _: asyncio.sleep(1.0)
        first = asyncio.create_task(way(apart, NAMES[0], slow))
        await asyncio.sleep(0.1)
        monkeypatch.setattr(commands, "TURN_SECONDS", 0.1)
        with pytest.raises(Unavailable, match="too many"):
            await way(apart, NAMES[0], One(), then=[NAMES[1]])
        await way(apart, NAMES[1], One(), shares=True)
        await first
        await way(apart, NAMES[0], One(), shares=True)
        assert await each(pool, NAMES[:2]) == [2, 1]
