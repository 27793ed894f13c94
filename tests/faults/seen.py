"""What a row waits for while it does harm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import httpx2

from shared.edge import clock
from shared.edge.store.pool import LOST
from tests.faults.load import Load
from tests.faults.world import World

LOOK_SECONDS = 0.05
APPLIED = "select count(*) as facts from events where kind = 0 and stream = any($1)"


async def applied(world: World, load: Load) -> int:
    """How many facts of this load are in the log of their customers."""
    (row,) = await world.rows(APPLIED, load.customers)
    return int(row["facts"])


async def until(what: str, holds: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> float:
    """Wait until *holds*. Returns how many seconds that took. Raises AssertionError, saying *what*, after *seconds*."""
    since = clock.monotonic()
    while True:
        try:
            if await holds():
                return clock.monotonic() - since
        except (asyncpg.PostgresError, httpx2.TransportError, *LOST):
            pass
        assert clock.monotonic() - since < seconds, f"{what}: not within {seconds:g} s"
        await asyncio.sleep(LOOK_SECONDS)


async def until_applied(world: World, load: Load, seconds: float = 60.0) -> float:
    """Wait until all that was acknowledged of this load is applied. Returns how many seconds that took."""

    async def all_of_it() -> bool:
        return await applied(world, load) >= len(load.acked)

    return await until("everything acknowledged is applied", all_of_it, seconds)


async def ready(world: World, seconds: float = 2.0) -> bool:
    """Whether the API says within *seconds* that it can serve."""
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=seconds) as http:
            return (await http.get(f"{world.url}/readyz")).status_code == 200
    except httpx2.TransportError:
        return False
