"""Several faults under one load, for a test that has no time for them one by one."""

from __future__ import annotations

import asyncio
import signal
from random import Random

from tests.faults.load import Load
from tests.faults.process import Process
from tests.faults.world import World


async def everything_dies(world: World, load: Load, rng: Random) -> None:
    """Rows 1-3, 5 and 29: each part dies where it hurts most and is started again at once, then the broker forgets."""
    first, second = world.workers[:2]
    armed = {
        first: f"before_db_commit:kill9:{rng.randint(1, 3)}",
        second: f"after_db_commit:kill9:{rng.randint(1, 3)}",
        world.relay: f"after_broker_ack:kill9:{rng.randint(1, 6)}",
        world.api: f"{rng.choice(('before', 'after'))}_intake_commit:kill9:{rng.randint(1, 6)}",
    }
    await asyncio.gather(*(asyncio.to_thread(process.stop) for process in armed))
    for process, failpoint in armed.items():
        process.start(failpoint=failpoint)
    async with load.flowing():
        await asyncio.gather(*(_died_and_back(process) for process in armed))
        world.broker.kill()
        world.fault()
        await asyncio.to_thread(world.broker.start)


async def _died_and_back(process: Process) -> None:
    assert await process.died() == -signal.SIGKILL, process.said()
    process.start()
