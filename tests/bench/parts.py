"""The parts of one step: a fresh database and broker, a worker process, and what they cost."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import psutil

from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.embedded.postgres import EmbeddedPostgres
from shared.edge.embedded.process import Child, spawn
from shared.edge.kafka import topics
from shared.edge.kafka.partition import partition_of
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.record import Outgoing
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import connect
from tests.bench.report import Report
from tests.bench.traffic import Keyed

EVENTS = "credit.events"
PARTITIONS = 12
ZONE = "Asia/Shanghai"
PUT_OFF = "select count(*) from streams s join partitions p using (partition) where s.wakes_on <= p.day"
CHUNK = 5_000
STOP = ((signal.SIGTERM, 20.0),)
WORK = ("-m", "gradeline", "work", "rating")


class Parts:
    """A database with rating's tables, a broker with our topics, and a session in the database."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres, broker: EmbeddedBroker, session: asyncpg.Connection):
        self.folder, self.postgres, self.broker, self.session = folder, postgres, broker, session
        self.carried: dict[int, int] = {}
        """Partition → the position in intake up to which a step has carried facts to the broker."""

    async def produce(self, facts: Iterable[Keyed]) -> int:
        """Publish *facts* to credit.events, in order. Returns how many."""
        publisher = Publisher(self.broker.address, EMBEDDED)
        count, waiting = 0, list[Outgoing]()
        try:
            for subject, value in facts:
                waiting.append(Outgoing(EVENTS, partition_of(subject, PARTITIONS), subject.encode(), value))
                count += 1
                if len(waiting) == CHUNK:
                    await publisher.publish(waiting)
                    waiting.clear()
            await publisher.publish(waiting)
        finally:
            await publisher.close()
        return count

    async def reached(self) -> int:
        """How many records the worker has committed."""
        return int(await self.session.fetchval("select coalesce(sum(next_offset), 0) from positions"))

    async def put_off(self) -> int:
        """How many customers wait for a decision of the day that is open."""
        return int(await self.session.fetchval(PUT_OFF))

    def worker(self, *program: str, number: int = 1) -> Child:
        """Start a rating worker as `gradeline` does, or *program* instead of it, which is told the same."""
        words = [sys.executable, *(program or WORK)]
        return spawn(
            words, log=self.folder / f"worker-{number}.log", die_with=signal.SIGTERM, environment=self.environment()
        )

    def environment(self) -> dict[str, str]:
        """What a process of ours is told."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GRADELINE_")}
        return ours | {
            "GRADELINE_POSTGRES": self.postgres.dsn,
            "GRADELINE_KAFKA": self.broker.address,
            "GRADELINE_DATA": str(self.folder),
            "GRADELINE_EMBEDDED": "1",
            "GRADELINE_ZONE": ZONE,
            "GRADELINE_LOG_LEVEL": "warning",
        }


@asynccontextmanager
async def started(folder: Path, report: Report) -> AsyncIterator[Parts]:
    """Fresh parts whose files are in *folder*, with the settings an instance has; stopped at the end."""
    with EmbeddedPostgres(folder / "postgres") as postgres, EmbeddedBroker(folder / "broker") as broker:
        await upgraded(postgres.dsn, "rating")
        topics.apply(broker.address, EMBEDDED, topics.load(partitions=PARTITIONS))
        session = await connect(postgres.dsn, schema="rating")
        try:
            report.version("PostgreSQL", await postgres.version())
            report.version("broker", broker.describe().partition(" sha256")[0])
            yield Parts(folder, postgres, broker, session)
        finally:
            session.terminate()


def cpu_seconds(pid: int | None) -> float:
    """What the process and everything it started have used of the CPUs, ended children included."""
    total = 0.0
    with suppress(psutil.Error):
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
    return total


def resident(pid: int) -> float:
    """Resident memory of one process in MiB."""
    return psutil.Process(pid).memory_info().rss / 2**20
