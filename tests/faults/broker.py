"""Rows 29-42: the broker dies, forgets, stops, is far away or has topics that nobody asked for."""

from __future__ import annotations

import asyncio
from random import Random

from shared.edge import clock
from tests.faults.load import Load
from tests.faults.world import World

SEEN_SECONDS = 30.0


async def row_29(world: World, load: Load, rng: Random) -> None:
    """It dies in the middle of the load and is started again on the same port."""
    before = await generation(world)
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.7))
        world.broker.kill()
        world.fault()
        await asyncio.sleep(rng.uniform(0.1, 1.5))
        await asyncio.to_thread(world.broker.start)
    if world.kind == "embedded":
        until = clock.monotonic() + SEEN_SECONDS
        while await generation(world) == before:
            assert clock.monotonic() < until, "the relay did not see that the log was lost"
            await asyncio.sleep(0.05)


async def generation(world: World) -> str:
    """Which life of the broker's log the database knows."""
    (row,) = await world.rows("select generation from broker")
    return str(row["generation"])
