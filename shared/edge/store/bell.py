"""Wakes what waits in this process as soon as another writes that there is something to do.

Only a hint: whoever waits looks by itself now and then, so that a bell which is not heard costs time and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from typing import Any

import asyncpg

from shared.edge.store.pool import LOST, Connection, connect

AGAIN_SECONDS = 1.0
ALIVE_SECONDS = 15.0
"""So often a session that says nothing is asked whether it still lives."""
_RING = "select pg_notify(current_schema() || '_bell', $1)"


async def ring(connection: Connection, name: str) -> None:
    """Wake whoever hears *name*, once the transaction of *connection* is committed."""
    await connection.execute(_RING, name)


class Bell:
    """One session of the database that listens for all who wait in this process."""

    def __init__(self, dsn: str, *, schema: str) -> None:
        """Of the tables in *schema*."""
        self._dsn, self._schema = dsn, schema
        self._waiting: defaultdict[str, list[asyncio.Event]] = defaultdict(list)

    def hears(self, name: str) -> asyncio.Event:
        """What is set whenever *name* is rung; who waits for it clears it."""
        event = asyncio.Event()
        self._waiting[name].append(event)
        return event

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until *stop* is set. Outlives every outage of the database."""
        while not stop.is_set():
            with contextlib.suppress(*LOST, asyncpg.PostgresError):
                await self._listen(stop)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AGAIN_SECONDS)

    async def _listen(self, stop: asyncio.Event) -> None:
        connection = await connect(self._dsn, schema=self._schema, statement_seconds=ALIVE_SECONDS)
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(f"{self._schema}_bell", self._rung)
            for name in self._waiting:  # what was rung meanwhile
                self._ring(name)
            while not stop.is_set():
                await idle(stop, ALIVE_SECONDS, lost)
                await connection.execute("select 1")
        finally:
            connection.terminate()

    def _rung(self, _connection: Any, _pid: int, _channel: str, name: object) -> None:
        self._ring(str(name))

    def _ring(self, name: str) -> None:
        for event in self._waiting.get(name, ()):
            event.set()


async def idle(stop: asyncio.Event, seconds: float, woken: asyncio.Event | None, *others: asyncio.Task[Any]) -> None:
    """Wait until *stop*, *woken* or the end of one of *others*, and so many *seconds* at most."""
    waits = [asyncio.create_task(one.wait()) for one in (stop, woken) if one is not None]
    try:
        await asyncio.wait({*waits, *others}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
        if woken is not None:
            woken.clear()
