"""Decisions in the log of the alerts service, appended as its worker appends them."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import asyncpg

from shared.core.envelope import Event
from shared.core.events.rating import GradeChanged, PolicyRef
from shared.edge import clock
from shared.edge.store.append import append
from shared.edge.store.rows import row_of
from shared.edge.store.write import StreamWrite, Write

PARTITIONS = 3


def grade(number: int, subject: str, *, purpose: str = "credit", **labels: str) -> Event:
    """A grade that changed."""
    data = GradeChanged(
        as_of=date(2026, 3, 2), cause="fact", method="rm-32", purpose=purpose, from_="A", to="B", direction="down",
        policy=PolicyRef(id="rm-32", version="1", sha256="0" * 64), labels=labels,
    )  # fmt: skip
    return Event(
        id=f"{subject}/{number}",
        source="/gradeline/main/rating",
        type=GradeChanged.TYPE,
        subject=subject,
        time=clock.now(),
        data=data,
    )


class Log:
    """Appends to streams, each in a partition of its own."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool, self.versions = pool, Counter[str]()

    async def begin(self) -> None:
        await self.pool.executemany(
            "insert into partitions (partition) values ($1) on conflict do nothing", [(n,) for n in range(PARTITIONS)]
        )

    async def say(self, *events: Event, now: datetime | None = None) -> None:
        """One transaction."""
        write, at = Write(), now or clock.now()
        for event in events:
            partition = sum(event.subject.encode()) % PARTITIONS
            before = (
                write.streams[event.subject].before if event.subject in write.streams else self.versions[event.subject]
            )
            self.versions[event.subject] += 1
            version = self.versions[event.subject]
            row = row_of(event, stream=event.subject, version=version, kind=0, partition=partition, recorded_at=at)
            write.events.append(row)
            told: dict[str, Any] = {
                "partition": partition,
                "before": before,
                "version": version,
                "wakes_on": None,
                "parked": False,
            }
            write.streams[event.subject] = StreamWrite(**told)
        async with self.pool.acquire() as connection, connection.transaction():
            await append(connection, write, now=at, projector=None)
