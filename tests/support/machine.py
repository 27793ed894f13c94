"""A store and a worker for tests: facts made by hand, records as Kafka would give them, one worker step at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from shared.core.envelope import Event
from shared.core.events import PaymentRecorded, ReferencePublished, TransactionRecorded
from shared.edge import clock, codec
from shared.edge.kafka.partition import partition_of
from shared.edge.kafka.record import Batch, Headers, Place, Record
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from shared.edge.store.sealing import Box
from shared.edge.worker.loop import Worker
from shared.edge.worker.settings import WorkerSettings
from tests.support.toy_brain import ROWS, ToyBrain, ToyProjector

TOPIC = "credit.events"
DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BOX = Box(b"k" * 32)
PARTITIONS = 4
SETTINGS = WorkerSettings(first_day=DAY, partitions=PARTITIONS, poll_seconds=0.01, backoff_least_seconds=0.01)


@asynccontextmanager
async def store(dsn: str, *, size: int = 6, wait_seconds: float = 20.0) -> AsyncIterator[asyncpg.Pool]:
    """An upgraded rating schema with the toy projection."""
    await upgraded(dsn, "rating")
    pool = await open_pool(dsn, schema="rating", size=size, wait_seconds=wait_seconds)
    try:
        await pool.execute(ROWS)
        yield pool
    finally:
        await pool.close()


def invoice(customer: str, number: int, amount: str = "100", *, due: date | None = None, source: str = "/erp") -> Event:
    """A fact: one invoice."""
    data = TransactionRecorded(
        transaction_id=f"T{number}",
        kind="invoice",
        amount=Decimal(amount),
        currency="CNY",
        booked_on=DAY,
        due_on=due or DAY,
    )
    return event(customer, f"e{number}", data, source=source)


def payment(customer: str, number: int, amount: str = "100") -> Event:
    """A fact: one payment."""
    data = PaymentRecorded(payment_id=f"P{number}", amount=Decimal(amount), currency="CNY", paid_on=DAY)
    return event(customer, f"p{number}", data)


def rates(number: int, usd: str) -> Event:
    """A reference fact."""
    return event("~reference", f"r{number}", ReferencePublished(series="rates", as_of=DAY, values={"usd": usd}))


def event(subject: str, id_: str, data: Any, *, source: str = "/erp") -> Event:
    """Any event."""
    return Event(id=id_, source=source, type=data.TYPE, subject=subject, time=AT, data=data)


@dataclass
class FakeLog:
    """Records per partition, as one topic holds them; several sources can read it."""

    topic: str = TOPIC
    records: dict[int, list[Record]] = field(default_factory=dict)

    def add(self, *events: Event) -> None:
        """Append events to the partitions of their keys."""
        for one in events:
            self.raw(codec.encode(one), key=one.subject)

    def raw(self, value: bytes | None, *, key: str | None, partition: int | None = None, headers: Headers = ()) -> None:
        """Append any bytes."""
        where = partition_of(key or "", PARTITIONS) if partition is None else partition
        log = self.records.setdefault(where, [])
        at = int(clock.now().timestamp() * 1000)
        encoded = None if key is None else key.encode()
        log.append(Record(self.topic, where, len(log), encoded, value, headers, at))

    async def relay(self, pool: asyncpg.Pool) -> int:
        """Carry what intake holds to the log, as the relay does. Returns how many records that is."""
        rows = await pool.fetch(
            "select i.* from intake i left join relays r on r.name = 'intake' and r.partition = i.partition"
            " where i.position > coalesce(r.position, 0) order by i.partition, i.position"
        )
        for row in rows:
            subject = row["stream"].partition("/")[0] if row["stream"].startswith("~") else row["stream"]
            self.raw(row["value"], key=subject, partition=row["partition"])
            await pool.execute(
                "insert into relays values ('intake', $1, $2) on conflict (name, partition) do update set position = $2",
                row["partition"],
                row["position"],
            )
        return len(rows)


class FakeSource:
    """Reads FakeLogs as a group member would; resumes where it is told."""

    def __init__(self, log: FakeLog, partitions: Sequence[int] = range(PARTITIONS), *others: FakeLog) -> None:
        self._logs = {one.topic: one for one in (log, *others)}
        self._ours: set[Place] = {(topic, partition) for topic in self._logs for partition in partitions}
        self._fresh: set[Place] = set(self._ours)
        self._lost: set[Place] = set()
        self._at: dict[Place, int] = {}
        self.resumed = 0
        self.stopped = False

    async def start(self) -> None:
        """Every partition is assigned again."""
        self._at.clear()
        self._fresh = set(self._ours)

    async def stop(self) -> None:
        """Remember that the group was left."""
        self.stopped = True

    def move(self, *, lost: set[Place], assigned: set[Place]) -> None:
        """A rebalance."""
        self._ours = (self._ours | assigned) - lost
        self._lost |= lost
        self._fresh = (self._fresh - lost) | assigned
        for place in lost:
            self._at.pop(place, None)

    async def resume_at(self, places: Mapping[Place, int]) -> None:
        """Go on at the given offsets."""
        self.resumed += 1
        self._at.update(places)

    async def batch(self, max_records: int, timeout_s: float) -> Batch | None:
        """What there is, ownership first."""
        assigned, lost = frozenset(self._fresh), frozenset(self._lost)
        self._fresh, self._lost = set(), set()
        records: list[Record] = []
        for place, at in self._at.items():
            found = self._logs[place[0]].records.get(place[1], [])[at : at + max_records - len(records)]
            self._at[place] = at + len(found)
            records += found
        if not (records or assigned or lost):
            await asyncio.sleep(timeout_s)
            return None
        return Batch(records, assigned, lost)


def make_worker(
    pool: asyncpg.Pool,
    log: FakeLog,
    *,
    brain: ToyBrain | None = None,
    partitions: Sequence[int] = range(PARTITIONS),
    sealer: Any = None,
    **settings: Any,
) -> Worker:
    """A worker that reads *log*."""
    told = msgspec.structs.replace(SETTINGS, **settings)
    return Worker(brain or ToyBrain(), ToyProjector(), FakeSource(log, partitions), pool, told, box=BOX, sealer=sealer)


async def drain(worker: Worker, *, steps: int = 60) -> None:
    """Step until nothing moves any more."""
    quiet = 0
    for _ in range(steps):
        before = (worker.memory.batch, worker.memory.held, worker.sweeper.waiting())
        await worker.step()
        quiet = quiet + 1 if (worker.memory.batch, worker.memory.held, worker.sweeper.waiting()) == before else 0
        if quiet >= 2:
            break
    await worker.settle()


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    """*worker* at work as its process runs it; stopped at the end, whose error is raised here."""
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    try:
        yield running
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)


async def until(holds: Callable[[], Awaitable[object]], *, seconds: float = 20.0) -> None:
    """Wait until *holds* says so."""
    end = clock.monotonic() + seconds
    while not await holds():
        assert clock.monotonic() < end, "it never came"
        await asyncio.sleep(0.02)


async def process(pool: asyncpg.Pool, *events: Event, **settings: Any) -> Worker:
    """One worker, one log, all of *events*."""
    log = FakeLog()
    log.add(*events)
    worker = make_worker(pool, log, **settings)
    await drain(worker)
    return worker


async def totals(pool: asyncpg.Pool) -> dict[str, tuple[int, int]]:
    """Customer → (total, facts) of the projection."""
    return {row["stream"]: (int(row["total"]), row["facts"]) for row in await pool.fetch("select * from toy_rows")}
