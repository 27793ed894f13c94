"""Rows 1-9: our own processes are killed, ended and stopped, one by one and all at once."""

from __future__ import annotations

import asyncio
import re
import signal
from random import Random

import httpx2

from shared.edge import clock
from shared.edge.embedded.process import free_port
from tests.faults.load import Load
from tests.faults.process import Process
from tests.faults.seen import applied, ready, until, until_applied
from tests.faults.world import World

ZOMBIE_SECONDS = 9.0
"""Longer than a session of the group lasts, shorter than the database waits for who does nothing in a transaction."""
STOPPED_SECONDS = 10.0
DUPLICATES = re.compile(r'^gradeline_events_duplicate_total\{service="rating"\} (\S+)$', re.MULTILINE)


async def row_1(world: World, load: Load, rng: Random) -> None:
    """The commit is there, the broker was not told."""
    await killed_at(world, load, world.workers[0], f"after_db_commit:kill9:{rng.randint(1, 8)}")


async def row_2(world: World, load: Load, rng: Random) -> None:
    """Everything was written, nothing committed."""
    await killed_at(world, load, world.workers[0], f"before_db_commit:kill9:{rng.randint(1, 8)}")


async def row_3(world: World, load: Load, rng: Random) -> None:
    """The broker has the records, the database does not know."""
    await killed_at(world, load, world.relay, f"after_broker_ack:kill9:{rng.randint(1, 20)}")


async def row_5(world: World, load: Load, rng: Random) -> None:
    """The client has no answer; before the commit nothing is kept, after it everything is. It sends the same again."""
    place = rng.choice(("before_intake_commit", "after_intake_commit"))
    world.note(place=place)
    await killed_at(world, load, world.api, f"{place}:kill9:{rng.randint(1, 12)}")


async def row_6(world: World, load: Load, rng: Random) -> None:
    """Each of them is told to end, and does: with its work done, and status 0."""
    longest, ports = 0.0, [free_port() for _ in world.workers]
    for worker, port in zip(world.workers, ports, strict=True):
        worker.stop()
        worker.start(GRADELINE_METRICS_PORT=str(port))
    async with load.flowing():
        await until("the workers work", lambda: _any(world, load))
        for number, process in enumerate(rng.sample(world.processes, len(world.processes))):
            await load.reached(0.15 + 0.2 * number)
            since = clock.monotonic()
            process.send(signal.SIGTERM)
            assert await process.died() == 0, f"{process.name} ended with {process.exit_status}: {process.said()}"
            longest = max(longest, clock.monotonic() - since)
            world.fault()
            more = (
                {"GRADELINE_METRICS_PORT": str(ports[world.workers.index(process)])} if process in world.workers else {}
            )
            process.start(**more)
    await until_applied(world, load)
    for port in ports:
        await until("the worker shows its figures", lambda port=port: _shows(port))  # type: ignore[misc]
    again = sum([await _duplicates(port) for port in ports])
    world.note(longest_drain_s=round(longest, 2), delivered_again=again)
    assert again == 0, f"{again} facts were delivered again"


async def row_7(world: World, load: Load, rng: Random) -> None:
    """A worker is stopped, in the middle of a transaction or anywhere, its partitions go to another, and it wakes up."""
    zombie, inside = world.workers[0], rng.random() < 0.5
    if inside:
        zombie.stop()
        zombie.start(failpoint=f"before_db_commit:pause:{rng.randint(1, 6)}")
    async with load.flowing():
        await load.reached(rng.uniform(0.3, 0.6))
        if not inside:
            zombie.send(signal.SIGSTOP)
        await asyncio.sleep(ZOMBIE_SECONDS)
    if not inside:  # else the rows it has locked hold up the others until it wakes up
        await until_applied(world, load)
    zombie.send(signal.SIGCONT)
    world.fault()
    await load.post(_once_more(load, rng))
    await until_applied(world, load)
    await asyncio.sleep(1.0)
    world.note(
        stopped="inside a transaction" if inside else "anywhere", refused_writes=zombie.said(60_000).count("Fenced")
    )


async def row_8(world: World, load: Load, rng: Random) -> None:
    """The API stands still; its clients wait, give up and send again."""
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.6))
        world.api.send(signal.SIGSTOP)
        assert not await ready(world), "it said that it can serve"
        await asyncio.sleep(STOPPED_SECONDS)
        world.api.send(signal.SIGCONT)
        world.fault()


async def row_9(world: World, load: Load, rng: Random) -> None:
    """All at once; they come back in any order."""
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.7))
        for process in world.processes:
            process.kill()
        world.fault()
        for process in rng.sample(world.processes, len(world.processes)):
            process.start()
            await asyncio.sleep(rng.uniform(0.0, 1.0))


async def killed_at(world: World, load: Load, process: Process, failpoint: str) -> None:
    """While facts come in, *process* dies at *failpoint*, and is started again at once, as its supervisor would."""
    process.stop()
    process.start(failpoint=failpoint)
    async with load.flowing():
        assert await process.died() == -signal.SIGKILL, process.said()
        world.fault()
        process.start()


async def _any(world: World, load: Load) -> bool:
    return await applied(world, load) > 0


def _once_more(load: Load, rng: Random) -> list[dict[str, object]]:
    """Some of the facts that were acknowledged already."""
    return rng.sample(sorted(load.acked.values(), key=lambda fact: str(fact["id"])), 10)


async def _shows(port: int) -> bool:
    return await _duplicates(port) >= 0


async def _duplicates(port: int) -> int:
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
        shown = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
    return int(sum(float(count) for count in DUPLICATES.findall(shown)))
