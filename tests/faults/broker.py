"""Rows 29-32, 38 and 39: the broker dies, forgets, stops, is restarted, cannot be reached or is far away."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from random import Random

import psutil

from shared.edge import clock
from tests.faults import brokers
from tests.faults.load import Load
from tests.faults.process import Process
from tests.faults.seen import applied, until, until_applied
from tests.faults.world import World
from tests.support.downstream import subscribed

SEEN_SECONDS = 30.0
APART_SECONDS = 25.0
"""The matrix says 60: longer than every timeout of the embedded profile is enough to be past them all."""
WAITING = """
select count(*) as facts from intake i left join relays r on r.name = 'intake' and r.partition = i.partition
where i.position > coalesce(r.position, 0)
"""


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
        await until_lost(world, before)


async def row_30(world: World, load: Load, rng: Random) -> None:
    """It comes back with nothing, and for a while nobody says so: every position is beyond the end of its log."""
    before = await generation(world)
    async with load.flowing():
        await load.reached(rng.uniform(0.3, 0.7))
        world.relay.kill()
        world.broker.kill()
        brokers.wipe(world.folder / "broker")
        await asyncio.to_thread(world.broker.start)
        await asyncio.sleep(rng.uniform(1.0, 5.0))
        world.relay.start()
        world.fault()
    await until_lost(world, before)


async def row_31(world: World, load: Load, rng: Random) -> None:
    """It stands still, for less or for more than a request may take, and goes on."""
    seconds = rng.choice((7, 13))
    async with load.flowing():
        await load.reached(rng.uniform(0.2, 0.6))
        brokers.send(world.broker, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        brokers.send(world.broker, signal.SIGCONT)
        world.fault()
    await until_applied(world, load)
    world.note(stopped_s=seconds, repeated_on_the_topic=await asyncio.to_thread(_repeated, world, load))


async def row_32(world: World, load: Load, rng: Random) -> None:
    """It is ended and started in good order, under a producer that lives on."""
    some = load.facts[: rng.randint(20, 80)]
    await load.post(some)
    await until_applied(world, load)
    await asyncio.to_thread(world.broker.stop)
    await asyncio.to_thread(world.broker.start)
    world.fault()

    async def more() -> bool:
        return await applied(world, load) > len(some)

    async with load.flowing():
        world.note(applies_again_s=round(await until("a further fact is applied", more), 1))


async def row_38(world: World, load: Load, rng: Random) -> None:
    """Nobody reaches it, and nobody is told so; the API goes on taking facts, which wait in the database."""
    async with load.flowing():
        await load.reached(rng.uniform(0.1, 0.4))
        world.ways["broker"].suffer(blackhole=True)
        since, before = clock.monotonic(), [_seconds_of(one) for one in (world.relay, *world.workers)]
        await asyncio.sleep(APART_SECONDS)
    lasted = clock.monotonic() - since
    used = [_seconds_of(one) - then for one, then in zip((world.relay, *world.workers), before, strict=True)]
    (waiting,) = await world.rows(WAITING)
    world.ways["broker"].suffer()
    world.fault()
    relay, worker = (round(100 * seconds / lasted, 1) for seconds in (used[0], max(used[1:])))
    world.note(waiting=waiting["facts"], relay_cpu_percent=relay, worker_cpu_percent=worker)
    world.note(drained_s=round(await until_applied(world, load), 1))
    assert waiting["facts"] > 0, "nothing had to wait"
    assert relay < 5.0, f"the relay used {relay} % of a core while nobody answered"


async def row_39(world: World, load: Load, rng: Random) -> None:
    """It is far away, behind a narrow line that carries small pieces."""
    latency = rng.choice((0.05, 0.2))
    way = world.ways["broker"]
    way.suffer(latency_seconds=latency, bytes_per_second=125_000, slice_bytes=rng.choice((256, 1_400)))
    since = clock.monotonic()
    async with load.flowing():
        pass
    behind = await until_applied(world, load)
    facts = round(len(load.acked) / (clock.monotonic() - since), 1)
    world.fault()
    world.note(latency_ms=int(latency * 1_000), facts_per_s=facts, behind_s=round(behind, 1))


async def generation(world: World) -> str:
    """Which life of the broker's log the database knows."""
    (row,) = await world.rows("select generation from broker")
    return str(row["generation"])


async def until_lost(world: World, before: str) -> None:
    """Wait until the relay has seen that the log is another one than *before*."""

    async def another() -> bool:
        return await generation(world) != before

    await until("the relay sees that the log was lost", another, SEEN_SECONDS)


def _repeated(world: World, load: Load) -> int:
    """How many records of this load are on the topic of facts more than once."""
    with subscribed(world.broker.address, "credit.events") as subscriber:
        ours = {(fact["subject"], fact["id"]) for fact in load.acked.values()}
        seen: Counter[tuple[str, str]] = Counter()

        def all_of_them() -> bool:
            seen.clear()
            seen.update((event["subject"], event["id"]) for event in subscriber.heard)
            return ours <= seen.keys()

        assert subscriber.until(all_of_them, seconds=20), "not every fact is on the topic"
        subscriber.listen(1.0)
        all_of_them()
        return sum(seen[one] - 1 for one in ours)


def _seconds_of(process: Process) -> float:
    """Processor time that it has used."""
    used = psutil.Process(process.pid).cpu_times()
    return float(used.user + used.system)
