"""Commands of people about one customer: decided on its folded stream, appended with the version checked (architecture, fact 7).

Fold and decide before the transaction, lock late, compare: the version of the stream, the day of its partition and the staff
register are those that were read, or it is all done again. What follows for the grade is decided by the machine of the worker,
in the same append, so it is published once; a worker that holds the customer in memory finds its version moved and folds again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from services.rating.adapters import approvals
from services.rating.adapters.context import Activations
from services.rating.core.announce import labels
from services.rating.core.brain import RatingBrain
from services.rating.core.context import Context
from services.rating.core.requests import Act, Found, policies_of
from services.rating.core.state import State
from shared.core.approval.chain import in_force
from shared.core.approval.commands import Desk
from shared.core.approval.steps import Register
from shared.core.errors import NotFound, Unavailable
from shared.edge import clock
from shared.edge.approval_chains import Versions
from shared.edge.kafka.partition import partition_of
from shared.edge.store import erasing, intake
from shared.edge.store.append import Moved, Projector, append
from shared.edge.store.keys import SubjectKeys
from shared.edge.store.pool import Connection
from shared.edge.store.read import Loaded, load, read_stream
from shared.edge.store.rows import stream_of
from shared.edge.store.write import Write
from shared.edge.worker.cache import Entry
from shared.edge.worker.days import REFERENCE_SUBJECT
from shared.edge.worker.deciding import Decider
from shared.edge.worker.jitter import MOVED_SECONDS, part_of
from shared.edge.worker.partition import Part
from shared.edge.worker.settings import WorkerSettings

ATTEMPTS = 40
"""Of a customer about whom facts come in all the time each attempt may lose; a person waits a few seconds at most."""
PAUSES = 3
"""The pause between two attempts grows so often."""
DAY = "select day from partitions where partition = $1"


class _Read(NamedTuple):
    """What was read at one moment."""

    loaded: Loaded
    day: date
    context: Context
    register: Register


@dataclass(slots=True)
class _Prepared:
    """What is to be written, and what it was decided from."""

    write: Write
    now: datetime
    read: _Read
    act: Act
    customer_id: str
    partition: int
    entry: Entry[State]


@dataclass(slots=True)
class Deciding:
    """Implements `services.rating.handlers.ports.Decide` on PostgreSQL."""

    brain: RatingBrain
    projector: Projector
    settings: WorkerSettings
    chains: Versions
    keys: Callable[[Any], SubjectKeys]
    attempts: int = ATTEMPTS
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    _contexts: dict[int, tuple[int, Context]] = field(default_factory=dict)
    """Partition → the reference facts that were read so far: their version, and what they come to."""

    async def __call__(self, pool: Any, customer_id: str, command: Callable[[Found], Act]) -> None:
        """Decide *command* and append what follows. Raises NotFound, Unavailable, and whatever *command* raises."""
        moved: Moved | None = None
        for attempt in range(self.attempts):
            await asyncio.sleep(part_of(MOVED_SECONDS * min(attempt, PAUSES)))
            async with self._alone:  # the brain and the contexts are of one thread at a time
                read = await self._read(pool, customer_id)
                prepared = await asyncio.to_thread(self._prepared, customer_id, read, command)
            if prepared is None:
                return
            try:
                await self._commit(pool, prepared)
                return
            except Moved as error:
                moved = error
        raise Unavailable("the customer is being decided all the time; try again") from moved

    async def put_staff(self, pool: Any, person: str, roles: Sequence[str], *, reason: str, by: str) -> None:
        """Say which roles *person* holds from now on; none: the person has left."""
        await approvals.put_staff(pool, person, roles, reason=reason, by=by, now=clock.now())

    async def _read(self, pool: Any, customer_id: str) -> _Read:
        """Raises NotFound for who is not known, Unavailable for who is set aside or while no day is open."""
        partition = partition_of(customer_id, self.settings.partitions)
        async with pool.acquire() as connection, connection.transaction(readonly=True, isolation="repeatable_read"):
            loaded = (await load(connection, [customer_id], fold_version=self.brain.fold_version))[customer_id]
            day = await connection.fetchval(DAY, partition)
            context = await self._context(connection, partition, day)
            register = await approvals.register(connection)
        if not loaded.version:
            raise NotFound("there is no such customer, or nothing was known of it then")
        if loaded.parked:
            raise Unavailable("the customer is set aside and nothing is decided about it; see /v1/parked")
        if day is None:
            raise Unavailable("no business day is open here yet; try again later")
        return _Read(loaded, day, context, register)

    async def _context(self, connection: Connection, partition: int, day: date | None) -> Context:
        reached, context = self._contexts.get(partition) or (0, self.brain.context())
        for one in await read_stream(connection, stream_of(REFERENCE_SUBJECT, partition), after=reached):
            self.brain.refer(context, one.event)
            reached = one.version
        self._contexts[partition] = (reached, context)
        if day is not None:
            await Activations().bring(connection, context, None, day)
        return context

    def _prepared(self, customer_id: str, read: _Read, command: Callable[[Found], Act]) -> _Prepared | None:
        """Fold, bring to the day, decide. None: nothing is to be appended."""
        partition = partition_of(customer_id, self.settings.partitions)
        entry = self._entry(customer_id, partition, read.loaded)
        part = Part(partition, read.context, read.day, None, None, False)
        now = clock.now()
        decider = Decider(self.brain, self.settings, Write(), 1, now)
        self._take(decider, entry, part, (), cause="day")
        assert entry.state is not None
        act = command(self._found(entry.state, read))
        if not act.decisions and act.erase is None:
            return None
        self._take(decider, entry, part, act.decisions, cause="override")
        write = decider.write
        write.rows, write.snapshots = write.rows[-1:], write.snapshots[-1:]  # of one stream the last says all
        return _Prepared(write, now, read, act, customer_id, partition, entry)

    def _entry(self, customer_id: str, partition: int, loaded: Loaded) -> Entry[State]:
        raw = loaded.snapshot
        state = self.brain.load(raw) if raw is not None else self.brain.initial(customer_id)
        for event in loaded.tail:
            self.brain.evolve(state, event)
        return Entry(customer_id, partition, state, loaded.version, loaded.snapshot_version, size=loaded.size)

    def _take(self, decider: Decider, entry: Entry[State], part: Part[Context], own: Any, *, cause: str) -> None:
        failed = decider.take(entry, part, (), own, cause=cause)
        if failed is not None:
            raise RuntimeError(f"{entry.stream} cannot be decided: {failed.reason}")

    def _found(self, state: State, read: _Read) -> Found:
        desk = Desk(
            day=read.day,
            chains=in_force(self.chains, read.day),
            rests=self.brain.setting.calendar.rests,
            register=read.register,
            common={"cause": "override", "labels": labels(state)},
        )
        return Found(state, desk, policies_of(state, self.brain.rulebook))

    async def _commit(self, pool: Any, prepared: _Prepared) -> None:
        """Write all of it, or raise Moved. Locks: the stream, its partition, then the head of intake."""
        async with pool.acquire() as connection, connection.transaction():
            await append(connection, prepared.write, now=prepared.now, projector=self.projector)
            # the row of the partition is locked by now: no day can open before this is committed
            if await connection.fetchval(DAY, prepared.partition) != prepared.read.day:
                raise Moved("the day of the partition has changed")
            if await approvals.register(connection) != prepared.read.register:
                raise Moved("the staff register has changed")
            if prepared.act.erase is not None:
                await self._erase(connection, pool, prepared)

    async def _erase(self, connection: Connection, pool: Any, prepared: _Prepared) -> None:
        """As `gradeline erase`: the request is kept as a fact, the key destroyed, in the transaction of the last grant."""
        (granted, *_) = prepared.act.decisions
        at = prepared.now.astimezone(ZoneInfo(self.settings.zone))
        fact = erasing.request(
            prepared.customer_id,
            str(getattr(granted, "approval_id", "")),
            prepared.act.erase or "",
            at=at,
            instance=self.settings.instance,
        )
        await intake.keep(connection, [fact], now=prepared.now, partitions=self.settings.partitions)
        await erasing.destroy(connection, self.keys(pool), prepared.customer_id, now=prepared.now)
