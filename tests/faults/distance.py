"""Rows 22 and 23: the way between our processes and the database swallows everything, or tears every connection."""

from __future__ import annotations

import asyncio
from random import Random

from shared.edge import clock
from tests.faults.load import Load
from tests.faults.tools import Reader
from tests.faults.world import World

SILENT_SECONDS = 25.0
"""Longer than a statement may take, and its session be waited for."""


async def row_22(world: World, load: Load, rng: Random) -> None:
    """Nothing gets through and nobody is told; whoever reads waits no longer than its own patience."""
    way = world.ways["database"]
    async with load.flowing(), Reader(world) as reader:
        await load.reached(rng.uniform(0.2, 0.6))
        way.suffer(blackhole=True)
        end, longest, refused = clock.monotonic() + SILENT_SECONDS, 0.0, 0
        while clock.monotonic() < end:
            since = clock.monotonic()
            answer = await reader.answer("/v1/customers")
            longest = max(longest, clock.monotonic() - since)
            assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:200]}"
            refused += 1
        way.suffer()
        world.fault()
    world.note(longest_answer_s=round(longest, 1), refusals=refused)


async def row_23(world: World, load: Load, rng: Random) -> None:
    """Every connection is torn with RST, again and again."""
    torn = 0
    async with load.flowing():
        for share in sorted(rng.uniform(0.1, 0.8) for _ in range(5)):
            await load.reached(share)
            torn += world.ways["database"].reset()
            world.fault()
            await asyncio.sleep(rng.uniform(0.0, 0.5))
    assert torn > 0
    world.note(ends_torn=torn)
