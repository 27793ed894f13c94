"""Rows 1-13: our own processes are killed, stopped, starved and started with nonsense."""

from __future__ import annotations

import signal
from random import Random

from tests.faults.load import Load
from tests.faults.process import Process
from tests.faults.world import World


async def row_1(world: World, load: Load, rng: Random) -> None:
    """The commit is there, the broker was not told."""
    await killed_at(world, load, world.workers[0], f"after_db_commit:kill9:{rng.randint(1, 8)}")


async def row_2(world: World, load: Load, rng: Random) -> None:
    """Everything was written, nothing committed."""
    await killed_at(world, load, world.workers[0], f"before_db_commit:kill9:{rng.randint(1, 8)}")


async def row_3(world: World, load: Load, rng: Random) -> None:
    """The broker has the records, the database does not know."""
    await killed_at(world, load, world.relay, f"after_broker_ack:kill9:{rng.randint(1, 20)}")


async def killed_at(world: World, load: Load, process: Process, failpoint: str) -> None:
    """While facts come in, *process* dies at *failpoint*, and is started again at once, as its supervisor would."""
    process.stop()
    process.start(failpoint=failpoint)
    async with load.flowing():
        assert await process.died() == -signal.SIGKILL, process.said()
        world.fault()
        process.start()
