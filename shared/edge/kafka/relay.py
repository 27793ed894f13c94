"""The relay: what the database says is to be published goes to Kafka, in order per partition, at least once.

One owner a schema (an advisory lock on the session that also moves the positions, so that who loses the lock cannot
move them); a second instance waits. A crash between the broker's acknowledgement and the new position publishes the
same rows again, under the same ids.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from shared.core.errors import Unavailable
from shared.edge import clock, metrics
from shared.edge.kafka import refill, tail
from shared.edge.kafka.generation import KEPT, Generation, current
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import MAX_RECORD_BYTES
from shared.edge.kafka.record import Outgoing
from shared.edge.store import dead, sql
from shared.edge.store.conservation import Conservation, left
from shared.edge.store.pool import LOST, connect
from shared.edge.worker.failpoints import failpoint

POLL_S = 0.1
PACE_S = 0.008
"""From one round to the next: what comes meanwhile leaves together, at a fraction of the cost (measured)."""
STANDBY_S = 0.5
CHECK_S = 3.0
TIDY_S = 10.0
PRUNE_ROWS = 2_000
CHUNK = 1_000
STATEMENT_S = 30.0
BACKOFF_S = (0.2, 5.0)
TRANSIENT: tuple[type[BaseException], ...] = (Unavailable, asyncpg.PostgresError, *LOST)
CHANNELS = ("outbox", "intake", "relay")
"""Notifications `<schema>_<channel>` that wake the relay; without them it looks every POLL_S."""
Clean = Callable[[asyncpg.Connection], Awaitable[object]]
log = logging.getLogger(__name__)


class RelayStats(msgspec.Struct):
    """Counts since the start."""

    published: int = 0
    refilled: int = 0
    """Facts published again after the broker lost its log."""
    oversize: int = 0
    """Rows that no broker would take: passed over, so that the others flow, and logged."""
    pruned: int = 0
    forgotten: int = 0
    """Dead letters dropped because of their age."""
    failures: int = 0
    owner: bool = False


class Relay:
    """Carries outbox and intake of one schema to Kafka for as long as it owns them."""

    def __init__(self, dsn: str, *, schema: str, publisher: Publisher, generation: Generation, partitions: int,
                 names: Sequence[str] = ("outbox",), clean: Clean | None = None) -> None:  # fmt: skip
        """*names* of `intake` and `outbox`; *clean* is called now and then with the relay's own connection."""
        self._dsn = dsn
        self._schema = schema
        self._publisher = publisher
        self._generation = generation
        self._partitions = partitions
        self._names = tuple(names)
        self._clean = clean
        self._conservation = Conservation()
        self._woken = asyncio.Event()
        self._check_at = 0.0
        self._log: str | None = None
        self._again: tuple[datetime, datetime] | None = None
        self._tidy_at = 0.0
        self._window = timedelta(seconds=1)
        self.stats = RelayStats()

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until *stop* is set. Outlives every outage of database and broker; raises Misconfigured."""
        pause = BACKOFF_S[0]
        while not stop.is_set():
            try:
                async with self._session() as connection:
                    while not stop.is_set() and not await self._owned(connection):
                        await wait(stop, STANDBY_S)
                    self.stats.owner = not stop.is_set()
                    await self._serve(connection, stop)
                pause = BACKOFF_S[0]
            except TRANSIENT as error:
                self.stats.failures += 1
                log.warning("relay of %s: %r; again in %.1f s", self._schema, error, pause)
                await wait(stop, pause)
                pause = min(pause * 2, BACKOFF_S[1])
            finally:
                self.stats.owner = False

    def wake(self) -> None:
        """Look now; also called by the database's notification."""
        self._woken.set()

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[asyncpg.Connection]:
        # what this session writes may be lost with the server: then the same rows are published again
        connection = await connect(self._dsn, schema=self._schema, statement_seconds=STATEMENT_S, durable=False)
        try:
            await connection.execute(sql.PIN_SESSION)
            for channel in CHANNELS:
                await connection.add_listener(f"{self._schema}_{channel}", lambda *_: self.wake())
            yield connection
        finally:
            connection.terminate()  # the server drops the lock with the session, also where it no longer answers

    async def _owned(self, connection: asyncpg.Connection) -> bool:
        """Whether this session is the relay of the schema. A session that ended has lost it, and can move nothing."""
        return bool(
            await connection.fetchval("select pg_try_advisory_lock(hashtextextended($1, 0))", f"relay:{self._schema}")
        )

    async def _serve(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        for name in self._names:
            await tail.prepare(connection, name, self._partitions)
        self._check_at = 0.0
        while not stop.is_set():
            self._woken.clear()
            if clock.monotonic() >= self._check_at:
                await self._check(connection)
            begun = clock.monotonic()
            moved = await self._round(connection)
            await self._tidy(connection)
            if not moved:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), POLL_S)
            elif moved < CHUNK:
                await asyncio.sleep(max(0.0, begun + PACE_S - clock.monotonic()))

    async def _check(self, connection: asyncpg.Connection) -> None:
        """Look whether the broker still has its log."""
        await self._generation.ensure(connection)
        await self._orient(connection)
        self._check_at = clock.monotonic() + CHECK_S

    async def _orient(self, connection: asyncpg.Connection) -> None:
        """Read which log positions are of, and what is to be published again. Only the owner of the relay changes either."""
        self._log = await current(connection)
        self._again = await refill.pending(connection) if "intake" in self._names else None

    async def _round(self, connection: asyncpg.Connection) -> int:
        """Publish what there is now, a bounded piece of each kind. Returns how many records that was."""
        if self._log is None:
            raise Unavailable("no broker has been seen yet")
        found = await tail.read(connection, self._names, CHUNK)
        if found.reached:
            await self._publish(found.records)
            failpoint("after_broker_ack")
            await tail.advance(connection, found, self._log)
            self.stats.published += len(found.records)
        return len(found.records) + (0 if self._again is None else await self._refill(connection, self._again))

    async def _refill(self, connection: asyncpg.Connection, span: tuple[datetime, datetime]) -> int:
        records, reached, self._window = await refill.read(connection, span, self._window, CHUNK)
        await self._publish(records)
        await refill.advance(connection, span, reached)
        self._again = await refill.pending(connection)
        self.stats.refilled += len(records)
        return max(len(records), 1)

    async def _publish(self, records: list[Outgoing]) -> None:
        fitting = [record for record in records if record.size <= MAX_RECORD_BYTES]
        if len(fitting) < len(records):
            # standing still would stop the partition for ever; the row stays in its table for seven days
            self.stats.oversize += len(records) - len(fitting)
            log.error("%d records are larger than a broker takes and were passed over", len(records) - len(fitting))
        await self._publisher.publish(fitting)

    async def _tidy(self, connection: asyncpg.Connection) -> None:
        if clock.monotonic() < self._tidy_at:
            return
        self._tidy_at = clock.monotonic() + TIDY_S
        if "outbox" in self._names:
            self.stats.pruned += await tail.prune(connection, clock.now() - KEPT, PRUNE_ROWS)
            oldest = await tail.oldest(connection)
            metrics.OUTBOX_OLDEST.labels(self._schema).set((clock.now() - oldest).total_seconds() if oldest else 0)
        self.stats.forgotten += await dead.forget_old(connection, now=clock.now(), limit=PRUNE_ROWS)
        if self._clean is not None:
            await self._clean(connection)
        if "intake" in self._names:
            difference = await self._conservation.difference(connection)
            metrics.CONSERVATION_DIFFERENCE.labels(self._schema).set(difference)
            metrics.EVENTS_PENDING.labels(self._schema).set(await left(connection))


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, less where *stop* is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
