"""Several faults under one load, for a test that has no time for them one by one."""

from __future__ import annotations

import asyncio
import signal
from random import Random

from tests.faults.load import Load
from tests.faults.process import Process
from tests.faults.seen import applied, until
from tests.faults.world import World

STILL_SECONDS = 1.5


async def everything_dies(world: World, load: Load, rng: Random) -> None:
    """Rows 1-3, 5 and 29: each part dies where it hurts most, and the broker forgets everything."""
    first, second = world.workers[:2]
    armed = {
        first: f"before_db_commit:kill9:{rng.randint(1, 3)}",
        second: f"after_db_commit:kill9:{rng.randint(1, 3)}",
        world.relay: f"after_broker_ack:kill9:{rng.randint(1, 6)}",
        world.api: f"{rng.choice(('before', 'after'))}_intake_commit:kill9:{rng.randint(1, 6)}",
    }
    await forgotten(world, *armed)
    for process, failpoint in armed.items():
        process.start(failpoint=failpoint)
    async with load.flowing():
        await asyncio.gather(_died(first), _died(second), _died_and_back(world.relay), _died_and_back(world.api))
        world.fault()
        await forgotten(world)
        first.start()
        second.start()


async def forgotten(world: World, *processes: Process) -> None:
    """Kill *processes*, and the embedded broker, which so forgets who was in the group: nobody waits for a session to end."""
    for process in processes:
        process.kill()
    world.broker.kill()
    await asyncio.to_thread(world.broker.start)


async def applied_so_far(world: World, load: Load, *, least: int, seconds: float = 60.0) -> None:
    """Wait until at least so many facts of the load are applied and no more follow."""
    before = -1

    async def still() -> bool:
        nonlocal before
        await asyncio.sleep(STILL_SECONDS)
        last, before = before, await applied(world, load)
        return before >= least and before == last

    await until(f"{least} facts are applied", still, seconds)


async def _died(process: Process) -> None:
    assert await process.died() == -signal.SIGKILL, process.said()


async def _died_and_back(process: Process) -> None:
    await _died(process)
    process.start()
