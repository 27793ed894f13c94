"""The worker of alerts on a database, with what an API process and a relay have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from services.alerts.adapters.bounds import BOUNDS, SCHEMA
from services.alerts.adapters.deciding import Deciding
from services.alerts.adapters.projecting import AlertProjector
from services.alerts.core.brain import AlertsBrain
from services.alerts.core.saying import Saying
from shared.core.envelope import Event
from shared.edge import clock
from shared.edge.commanding.commands import Commands
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from shared.edge.worker.dropping import Dropper
from shared.edge.worker.loop import Worker
from tests.integration.test_following import rated
from tests.support import machine
from tests.support.alert_desk import HOURS, RULES
from tests.support.machine import BOX, DAY, PARTITIONS, FakeLog, FakeSource, drain

TOLD = msgspec.structs.replace(machine.SETTINGS, service=SCHEMA, first_day=None, **BOUNDS)
TOPICS = ("credit.ratings", "credit.limits", "credit.restricted")


def brain() -> AlertsBrain:
    return AlertsBrain(RULES, HOURS)


@dataclass
class House:
    """The parts."""

    pool: asyncpg.Pool
    logs: dict[str, FakeLog]
    worker: Worker
    desk: Deciding
    said: dict[str, int] = field(default_factory=dict)

    def restart(self) -> None:
        """Another worker process."""
        self.worker = _worker(self.pool, self.logs)

    async def hears(self, *told: Any, subject: str = "C-1") -> list[str]:
        """Decisions of others about *subject*, in one batch; returns their ids."""
        ids = []
        for data in told:
            number = self.said[subject] = self.said.get(subject, 0) + 1
            service = "exposure" if data.topic == "credit.limits" else "rating"
            event = Event(
                id=f"{subject}/{number}", source=f"/gradeline/main/{service}", type=data.TYPE, subject=subject,
                time=clock.now(), data=data,
            )  # fmt: skip
            self.logs[data.topic].add(event)
            ids.append(event.id)
        await drain(self.worker)
        return ids

    async def opens(self, day: Any) -> None:
        """A day is rated everywhere."""
        for partition in range(PARTITIONS):
            raw = machine.codec.encode(rated(day, partition))
            self.logs["credit.ratings"].raw(raw, key="~day", partition=partition)
        await drain(self.worker)

    async def does(self, alert_id: str, act: Callable[[Saying, datetime], None]) -> None:
        await self.desk(self.pool, alert_id, act)

    async def alerts(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.pool.fetch("select * from alerts order by alert_id")]

    async def notices(self, state: str = "waiting") -> list[str]:
        rows = await self.pool.fetch("select notice from notices where state = $1 order by at, notice_id", state)
        return [msgspec.json.decode(row["notice"])["what"] for row in rows]

    async def published(self) -> list[str]:
        """What left for a topic, in order."""
        rows = await self.pool.fetch("select topic, value from outbox order by partition, position")
        return [
            f"{row['topic']} {msgspec.json.decode(row['value'])['type'].removeprefix('credit.').removesuffix('.v1')}"
            for row in rows
        ]

    async def logged(self, stream: str = "C-1") -> list[str]:
        rows = await self.pool.fetch("select type from events where stream = $1 and kind = 1 order by version", stream)
        return [row["type"].removeprefix("credit.").removesuffix(".v1") for row in rows]


def _worker(pool: asyncpg.Pool, logs: dict[str, FakeLog]) -> Worker:
    source = FakeSource(logs["credit.ratings"], range(PARTITIONS), logs["credit.limits"], logs["credit.restricted"])
    return Worker(brain(), AlertProjector(RULES.routes), source, pool, TOLD, box=BOX, sealer=Dropper())


@asynccontextmanager
async def house(database: str) -> AsyncIterator[House]:
    """A worker on an empty database, whose day is open."""
    await upgraded(database, SCHEMA)
    pool = await open_pool(database, schema=SCHEMA, size=8)
    logs = {topic: FakeLog(topic) for topic in TOPICS}
    one = brain()
    try:
        made = House(pool, logs, _worker(pool, logs), Deciding(one, Commands(one, AlertProjector(RULES.routes), TOLD)))
        await made.opens(DAY)
        yield made
    finally:
        await pool.close()
