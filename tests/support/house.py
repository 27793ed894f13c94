"""An installation with three purposes: the real worker on a real database, day by day, and customers over two years."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import asyncpg
import msgspec

from services.rating.adapters import reviewing
from services.rating.adapters.context import Activations
from services.rating.adapters.projecting import CustomerProjector
from services.rating.core.brain import RatingBrain
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.edge import codec, settings
from shared.edge.store.days import open_days
from shared.edge.worker.loop import Worker
from tests.support.histories import Story
from tests.support.machine import BOX, PARTITIONS, SETTINGS, FakeLog, FakeSource, drain
from tests.support.several import level, rules, sold

FIRST = date(2024, 1, 1)
LAST = date(2025, 12, 31)
AT = datetime(2026, 1, 1, tzinfo=UTC)
REVIEW_DAYS = (date(2024, 7, 1), date(2025, 1, 1), date(2025, 7, 1))
SHARE = {"urban": "0.2", "default": "0.1"}
STRICT = {
    "shares": "{urban: 0.2, default: 0.1}",
    "fall": "  fall: at_once\n",
    "exceeded": "exceeded: lower ",
}
SECOND = level("2", **STRICT, bands="{grade: large, rank: 100, from: 40}")
HIGH = level(
    "3", **(STRICT | {"bands": "{grade: large, rank: 100, from: 95}", "middle": "{grade: medium, rank: 50, from: 65}"})
)
"""Under it some fall at once: no quota and no review holds them."""
LOADED = rules(level("1", **STRICT), SECOND)
BRAIN = RatingBrain(LOADED, Setting())
TOLD = settings.Settings(partitions=PARTITIONS, instance="main")


def customers(seed: int, count: int) -> dict[str, list[Event]]:
    """Facts of two years, by customer: who it is, and what it sells every month."""
    random = Random(seed)
    told: dict[str, list[Event]] = {}
    for number in range(count):
        story = Story(number, f"C{number:03}")
        story.tell("customer.registered", FIRST, name="甲", kind="company", region=random.choice(["urban", "rural"]))
        trend = random.choice([15, 30, 45, 60, 80])
        for month in range(24):
            on = date(2024 + month // 12, month % 12 + 1, random.choice([5, 14, 23]))
            sold(story, on, max(0, trend + random.randint(-25, 25)), random.randint(1, 99))
        if random.random() < 0.3:
            on = date(2024 + random.randint(0, 1), random.randint(4, 12), 14)
            story.tell("measure.reported", on, name="suspended", value="1", period_end=on)
        told[story.subject] = story.events
    return told


class House:
    """The machine of one installation, day by day."""

    def __init__(self, pool: asyncpg.Pool, first: date = FIRST, brain: RatingBrain = BRAIN) -> None:
        self.pool, self.log, self.brain = pool, FakeLog(), brain
        told = msgspec.structs.replace(SETTINGS, first_day=first, poll_seconds=0.001, pace_seconds=0.0)
        self.worker = Worker(
            brain, CustomerProjector(), FakeSource(self.log), pool, told, box=BOX, changes=Activations()
        )

    async def opens(self, day: date) -> None:
        """Open days up to *day*, each rated before the next, and hold the reviews that fall due."""
        await open_days(self.pool, day, now=AT, partitions=PARTITIONS, instance="main", most=1000)
        await self.runs()
        for run in await reviewing.to_hold(self.pool, self.brain.rulebook):
            await reviewing.hold(self.pool, self.brain, run, TOLD)
        await self.runs()

    async def runs(self) -> None:
        await self.log.relay(self.pool)
        await drain(self.worker, steps=4000)

    async def said(self) -> list[Any]:
        """Every published decision in the order of its customer's stream."""
        rows = await self.pool.fetch("select value from outbox order by partition, position")
        return [codec.decode(row["value"]) for row in rows]


async def imported(pool: asyncpg.Pool, count: int = 30, brain: RatingBrain = BRAIN) -> House:
    """A house that knows two years at once and stands at their end."""
    house = House(pool, LAST, brain)
    house.log.add(*itertools.chain(*customers(3, count).values()))
    await house.runs()
    return house
