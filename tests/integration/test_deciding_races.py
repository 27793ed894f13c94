"""Commands of people and a worker at one customer: whoever comes second folds again, and both decide the same bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from services.rating.adapters import catalogue
from services.rating.adapters.deciding import Deciding
from services.rating.adapters.projecting import CustomerProjector
from services.rating.core.brain import RatingBrain
from services.rating.core.requests import Act, Found
from shared.core.customer.state import Setting
from shared.core.envelope import canonical
from shared.core.errors import NotFound, Unavailable
from shared.core.events.approval import OverrideSet
from shared.core.events.rating import GradeChanged
from shared.edge.store.keys import SubjectKeys
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from shared.edge.store.read import read_stream
from shared.edge.worker.loop import Worker
from tests.support.customer import Customer
from tests.support.machine import BOX, DAY, SETTINGS, FakeLog, FakeSource, drain

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]


class Both:
    """A worker and the API's decider on one store."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool, self.log = pool, FakeLog()
        self.worker = Worker(
            RatingBrain(catalogue.shipped(), Setting()),
            CustomerProjector(),
            FakeSource(self.log),
            pool,
            SETTINGS,
            box=BOX,
        )
        self.api = Deciding(
            brain=RatingBrain(catalogue.shipped(), Setting()),
            projector=CustomerProjector(),
            settings=SETTINGS,
            chains=catalogue.chains(),
            keys=lambda pool: SubjectKeys(pool, b"w" * 64),
        )
        self.customer = Customer("C-1")
        self.told = 0

    async def hears(self) -> None:
        """The worker hears what was told since."""
        self.log.add(*self.customer.events[self.told :])
        self.told = len(self.customer.events)
        await drain(self.worker)

    async def overrides(self, name: str, grade: str) -> None:
        await self.api(self.pool, "C-1", setting(name, grade))

    async def decisions(self) -> list[Any]:
        async with self.pool.acquire() as connection:
            stored = await read_stream(connection, "C-1")
        assert [one.version for one in stored] == list(range(1, len(stored) + 1))
        return [one.event.data for one in stored if one.kind == 1]


def setting(name: str, grade: str) -> Callable[[Found], Act]:
    def command(found: Found) -> Act:
        day = found.desk.day
        override = OverrideSet(
            **found.desk.common,
            as_of=day,
            override_id=name,
            grade=grade,
            expires_on=day + timedelta(days=9),
            reason="r",
        )
        return Act((override,) if name not in found.state.overrides else ())

    return command


@asynccontextmanager
async def both(database: str) -> AsyncIterator[Both]:
    await upgraded(database, "rating")
    pool = await open_pool(database, schema="rating", size=6)
    try:
        made = Both(pool)
        made.customer.registered("2024-01-02", opened_on="2024-01-02", segment="dealer")
        made.customer.months("2024-01-05", 24)
        made.customer.visited("2026-02-20")
        await made.hears()
        yield made
    finally:
        await pool.close()


async def test_a_worker_that_holds_the_customer_in_memory_folds_it_again(database: str) -> None:
    async with both(database) as one:
        assert "C-1" in one.worker.memory.cache
        await one.overrides("OV-1", "D")
        assert await one.pool.fetchval("select companies from customers") == []
        one.customer.invoice("X-1", "10.00", DAY, company="CN02")
        one.customer.invoice("X-2", "10.00", DAY, company="CN01")
        await one.hears()
        assert await one.pool.fetchval("select companies from customers") == ["CN01", "CN02"]
        changes = [data for data in await one.decisions() if isinstance(data, GradeChanged)]
        assert [(c.cause, c.to) for c in changes].count(("override", "D")) == 1
        assert changes[-1].to == "D"
        assert await one.pool.fetchval("select count(*) from outbox where topic = 'credit.ratings'") >= 2
        assert await one.pool.fetchval("select grade from customers") == "D"
        assert one.worker.source.resumed == 1, "nothing was read again from the broker"


async def test_what_the_api_decided_is_what_the_worker_would_have(database: str) -> None:
    async with both(database) as one:
        await one.overrides("OV-1", "D")
        async with one.pool.acquire() as connection:
            stored = await read_stream(connection, "C-1")
        at = next(n for n, kept in enumerate(stored) if isinstance(kept.event.data, OverrideSet))
        brain = one.worker.preparer.brain
        state = brain.initial("C-1")
        for kept in stored[: at + 1]:
            brain.evolve(state, kept.event)
        outcome = brain.decide(state, DAY, brain.context(), cause="override")
        assert [canonical(made.data) for made in outcome.decisions] == [
            canonical(kept.event.data) for kept in stored[at + 1 :]
        ]
        row = await one.pool.fetchrow("select grade, underlying, override_id, version from customers")
        assert tuple(row) == (outcome.row.grade, outcome.row.underlying, "OV-1", len(stored))


async def test_commands_at_once_and_facts_between_them_are_all_kept_once(database: str) -> None:
    async with both(database) as one:
        for number in range(30):
            one.customer.invoice(f"X-{number}", "10.00", DAY)
        names = [f"OV-{number}" for number in range(6)]
        await asyncio.gather(one.hears(), *[one.overrides(name, "D") for name in names])
        await one.hears()
        said = await one.decisions()
        assert sorted(data.override_id for data in said if isinstance(data, OverrideSet)) == names
        changes = [data for data in said if isinstance(data, GradeChanged)]
        assert all(a.to == b.from_ for a, b in pairwise(changes)), "each goes on from the one before"
        assert await one.pool.fetchval("select count(*) from events where kind = 0 and stream = 'C-1'") == one.told


async def test_a_customer_that_is_not_there_and_one_that_is_set_aside_are_not_decided(database: str) -> None:
    async with both(database) as one:
        with pytest.raises(NotFound):
            await one.api(one.pool, "C-0", setting("OV-1", "D"))
        await one.pool.execute("update streams set parked = true where stream = 'C-1'")
        with pytest.raises(Unavailable, match="set aside"):
            await one.overrides("OV-1", "D")
        await one.pool.execute("update streams set parked = false where stream = 'C-1'")
        one.api.commands.attempts = 0
        with pytest.raises(Unavailable, match="try again"):
            await one.overrides("OV-1", "D")
