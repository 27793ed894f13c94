"""Who waits is woken once what was written is committed, also after the session that listens was lost."""

from __future__ import annotations

import asyncio

from services.alerts.adapters.dispatching import keep_dispatching
from shared.edge.store.bell import Bell, idle, ring
from tests.support.dispatched import ZONE, queue
from tests.support.staffed import notice

HOUR = 3_600.0
LISTENING = "select pid from pg_stat_activity where query ilike 'listen %' and datname = current_database()"


async def test_a_commit_wakes_who_hears_it_and_nobody_else(database: str) -> None:
    async with queue(database) as q:
        stop, bell = asyncio.Event(), Bell(database, schema="alerts")
        one, other = bell.hears("one"), bell.hears("other")
        listening = asyncio.create_task(bell.run(stop))
        async with asyncio.timeout(30):
            await one.wait()  # it listens now
            await other.wait()
            one.clear()
            other.clear()
            async with q.pool.acquire() as connection:
                async with connection.transaction():
                    await ring(connection, "one")
                    assert not one.is_set()
                await one.wait()
            assert not other.is_set()
            one.clear()
            await q.pool.execute(f"select pg_terminate_backend(pid) from ({LISTENING}) s")
            await one.wait()  # what was rung meanwhile would be heard: it is rung at the return
            stop.set()
            await listening


async def test_notices_are_planned_as_soon_as_they_are_written_however_seldom_the_loop_looks(database: str) -> None:
    async with queue(database) as q:
        stop, bell = asyncio.Event(), Bell(database, schema="alerts")
        woken = bell.hears("notices")
        sent = bell.hears("email")
        loops = [asyncio.create_task(bell.run(stop))]
        async with asyncio.timeout(30):
            await sent.wait()
            sent.clear()
            loops.append(asyncio.create_task(keep_dispatching(q.pool, stop, zone=ZONE, pace=HOUR, woken=woken)))
            await q.arise(notice(1, severity="critical"))
            async with q.pool.acquire() as connection:
                await ring(connection, "notices")
            await idle(stop, HOUR, sent)  # who delivers mail is woken in turn
            assert len(await q.messages()) == 1
            stop.set()
            await asyncio.gather(*loops)
