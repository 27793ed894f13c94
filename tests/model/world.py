"""The real parts under one roof: database, intake, relay, two workers. What is not real is the broker, a list of records."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import msgspec

from services.rating.adapters.keeping import Keeper
from services.rating.adapters.lists import Lists
from services.rating.adapters.log import Log, unsealing
from services.rating.adapters.projecting import CustomerProjector
from services.rating.adapters.viewing import Viewer
from services.rating.core.brain import RatingBrain
from services.rating.handlers.ports import Ports
from services.rating.handlers.posting import Posting
from shared.core.envelope import Event
from shared.core.errors import Fenced, Unavailable
from shared.edge import clock, codec, settings
from shared.edge.kafka.partition import partition_of
from shared.edge.kafka.record import Outgoing
from shared.edge.kafka.relay import Relay
from shared.edge.kafka.tail import prepare
from shared.edge.store.days import last_opened, open_days
from shared.edge.store.keys import SubjectKeys
from shared.edge.store.pool import open_pool
from shared.edge.worker import failpoints
from shared.edge.worker.committing import Committer
from shared.edge.worker.culprit import Unstorable
from shared.edge.worker.loop import PASSING, Worker
from shared.edge.worker.settings import WorkerSettings
from tests.model.truth import Truth
from tests.support.machine import BOX, PARTITIONS, SETTINGS, TOPIC, FakeLog, FakeSource

WRAPPING = b"w" * 64
GENERATION = "one"
ROUNDS = 400
UNLOOKED = """
select exists (select from partitions p left join identities_checked c using (partition)
               where p.log_position > coalesce(c.position, 0))
    or exists (select from doubles where raised_at is null)
"""


class Wire:
    """What the relay publishes to: facts go to the log that workers read, decisions to a list."""

    def __init__(self, log: FakeLog, truth: Truth) -> None:
        self._log, self._truth = log, truth
        self.published: list[Outgoing] = []

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Keep *records*, in order."""
        for one in records:
            if one.topic != TOPIC:
                self.published.append(one)
                continue
            assert one.key is not None
            self._log.raw(one.value, key=one.key.decode(), partition=one.partition)
            self._truth.appended(one.partition, one.value)


@dataclass
class Asleep:
    """A committer whose process was stopped: it writes when it is awake again."""

    committer: Committer
    awake: asyncio.Event

    async def commit(self, prepared: Any) -> None:
        """Wait, then write what was prepared long ago."""
        await self.awake.wait()
        await self.committer.commit(prepared)


async def no_trials(_: Any) -> None:
    """Nobody tries a method here."""


@dataclass
class World:
    """Everything of one example, on an empty database of its own."""

    dsn: str
    brain: RatingBrain
    bounds: dict[str, Any]
    truth: Truth = field(default_factory=Truth)
    log: FakeLog = field(default_factory=FakeLog)
    workers: list[Worker] = field(default_factory=list)
    owned: list[set[int]] = field(default_factory=lambda: [set(range(0, PARTITIONS, 2)), set(range(1, PARTITIONS, 2))])
    fenced: int = 0

    async def open(self) -> None:
        """Connect, name the generation of the log, start two workers."""
        self.pool = await open_pool(self.dsn, schema="rating", size=8)
        told = settings.load(postgres=self.dsn, partitions=PARTITIONS)
        self.keys = SubjectKeys(self.pool, WRAPPING)
        self.view = Viewer(self.brain, told)
        self.posting = Posting(
            Ports(view=self.view, keep=Keeper(partitions=PARTITIONS, sealer=lambda _: self.keys), log=Log(unsealing(WRAPPING)),
                  lists=Lists(), decide=None, decide_policy=None, policies=(), attempt=no_trials, compare=no_trials,
                  rules=self.brain.rulebook, partitions=PARTITIONS, pool=self.pool)
        )  # fmt: skip
        self.wire = Wire(self.log, self.truth)
        self.relay = Relay(self.dsn, schema="rating", publisher=self.wire, generation=None, partitions=PARTITIONS,
                           names=("intake", "outbox"))  # type: ignore[arg-type]  # fmt: skip
        await self.pool.execute("insert into broker (generation) values ($1)", GENERATION)
        async with self.pool.acquire() as connection:
            for name in ("intake", "outbox"):
                await prepare(connection, name, PARTITIONS)
        self.workers = [self._worker(owned) for owned in self.owned]

    async def close(self) -> None:
        """Let everything go."""
        failpoints.arm(None)
        for worker in self.workers:
            await end(worker)
        self.pool.terminate()
        gc.unfreeze()  # workers set aside for good what is alive; here that is one example of many

    def _worker(self, partitions: set[int]) -> Worker:
        told: WorkerSettings = msgspec.structs.replace(SETTINGS, poll_seconds=0.001, **self.bounds)
        source = FakeSource(self.log, sorted(partitions))
        sealer = SubjectKeys(self.pool, WRAPPING)
        return Worker(self.brain, CustomerProjector(), source, self.pool, told, box=BOX, sealer=sealer)

    # facts come in

    async def post(self, event: Event) -> bool:
        """Post *event* over HTTP. Returns whether it was new. Raises Conflict."""
        return (await self.posting.post([event])).accepted == 1

    def produce(self, event: Event) -> None:
        """Send *event* straight to the topic."""
        self.raw(codec.encode(event), event.subject)

    def raw(self, value: bytes, subject: str) -> None:
        """Send any bytes under the key *subject*."""
        before = {partition: len(records) for partition, records in self.log.records.items()}
        self.log.raw(value, key=subject)
        partition = next(p for p, records in self.log.records.items() if len(records) != before.get(p, 0))
        readable = value.startswith(b'{"specversion"')
        self.truth.appended(partition, value if readable else None)

    async def carry(self) -> bool:
        """One round of the relay. Returns whether it moved anything. Raises Unavailable at a failpoint."""
        async with self.pool.acquire() as connection:
            await self.relay._orient(connection)
            return bool(await self.relay._round(connection))

    async def positions(self) -> dict[int, int]:
        """How far each partition is consumed."""
        return {row["partition"]: row["next_offset"] for row in await self.pool.fetch("select * from positions")}

    async def open_days(self, days: int) -> date:
        """Open the next *days*. Returns the last."""
        async with self.pool.acquire() as connection:
            last = await last_opened(connection) or SETTINGS.first_day
        upto = last + timedelta(days=days)
        await open_days(self.pool, upto, now=clock.now(), partitions=PARTITIONS, instance="main")
        return upto

    # workers go on, die, and lose partitions

    async def attempt(self, worker: Worker, what: Callable[[], Awaitable[Any]]) -> None:
        """What `Worker.run` does around one step."""
        reached = worker.memory.committed
        try:
            try:
                await what()
            except Unstorable as found:
                await worker._set_aside(found)
            worker._failures = 0 if worker.memory.committed > reached else worker._failures
        except PASSING as error:
            self.fenced += isinstance(error, Fenced)
            await worker._recover(error, asyncio.Event())

    async def step(self, at: int) -> None:
        """One step of a worker."""
        await self.attempt(self.workers[at], self.workers[at].step)

    async def settle(self) -> None:
        """Let every write that is under way end."""
        for worker in self.workers:
            await self.attempt(worker, worker.settle)

    async def die(self, at: int, failpoint: str | None, steps: int) -> bool:
        """A worker dies, at *failpoint* if it gets there; another process takes its place. Returns whether it got there."""
        worker, reached = self.workers[at], False
        failpoints.arm(failpoint)
        try:
            for _ in range(steps):
                await worker.step()
        except Unavailable as error:
            reached = "failpoint" in error.message
        except PASSING:
            reached = False
        finally:
            failpoints.arm(None)
        await end(worker)
        self.workers[at] = self._worker(self.owned[at])
        return reached

    def owner(self, customer: str) -> int:
        """The worker that the partition of *customer* was given to."""
        return next(at for at, owned in enumerate(self.owned) if partition_of(customer, PARTITIONS) in owned)

    async def rebalance(self, giver: int, partitions: set[int]) -> None:
        """The group gives *partitions* of one worker to the other."""
        moved = self.owned[giver] & partitions
        places = {(TOPIC, partition) for partition in moved}
        self.owned[giver] -= moved
        self.owned[1 - giver] |= moved
        source_of(self.workers[giver]).move(lost=places, assigned=set())
        source_of(self.workers[1 - giver]).move(lost=set(), assigned=places)

    async def oversleep(self, at: int) -> bool:
        """A worker stops with a batch in its hands; the other takes everything over; it wakes up and goes on.

        Returns whether it held a batch.
        """
        worker, heir = self.workers[at], self.workers[1 - at]
        await self.attempt(worker, worker.settle)
        batch = await worker.source.batch(worker.settings.batch_records, 0.0)
        if batch is None:
            return False
        records = await worker._ownership(batch)
        awake, committer = asyncio.Event(), worker.committer
        worker.committer = Asleep(committer, awake)
        await worker.work(records)
        held, places = worker._writing is not None, {(TOPIC, partition) for partition in self.owned[at]}
        source_of(heir).move(lost=set(), assigned=places)
        self.owned[1 - at] |= self.owned[at]
        self.owned[at] = set()
        for _ in range(3):
            await self.attempt(heir, heir.step)
        await self.attempt(heir, heir.settle)
        awake.set()
        worker.committer = committer
        await self.attempt(worker, worker.settle)
        source_of(worker).move(lost=places, assigned=set())
        return held

    async def snapshot(self, customer: str) -> None:
        """Whoever has *customer* leaves a snapshot of it now."""
        for worker in self.workers:
            await self.attempt(worker, worker.settle)
            entry = worker.memory.cache.get(customer)
            part = worker.memory.parts.get(entry.partition) if entry is not None and entry.state is not None else None
            if part is not None:
                prepared = await worker.preparer.streams([customer], cause="fact", snapshots=True)
                await self.attempt(worker, lambda w=worker, p=part, x=prepared: w.sweeper._refusal(p, x))

    async def drain(self) -> None:
        """Relay and step until nothing moves any more."""
        for _ in range(ROUNDS):
            for at in range(len(self.workers)):
                await self.step(at)
            if (
                not await self.carry()
                and all(self._idle(at) for at in range(len(self.workers)))
                and not await self._looks()
            ):
                return
        raise AssertionError(f"{ROUNDS} rounds were not enough to bring everything to rest")

    async def _looks(self) -> bool:
        """Whether there is something left to look through for identities that two customers share."""
        return not self.bounds["identity_seconds"] and bool(await self.pool.fetchval(UNLOOKED))

    def _idle(self, at: int) -> bool:
        worker = self.workers[at]
        memory = worker.memory
        behind = any(len(self.log.records.get(p, ())) != memory.next_offsets.get((TOPIC, p)) for p in self.owned[at])
        return not (behind or worker._writing or memory.held or worker.sweeper.waiting() or worker.sweeper.behind())


def source_of(worker: Worker) -> FakeSource:
    """The source of *worker*, which reads our log."""
    assert isinstance(worker.source, FakeSource)
    return worker.source


async def end(worker: Worker) -> None:
    """What `kill -9` does: nothing is finished, the session ends, an open transaction is rolled back."""
    writing = worker._writing
    if writing is not None:
        writing.cancel()
        with suppress(asyncio.CancelledError, *PASSING):
            await writing
