"""Commands about one customer: decided on its folded stream, appended with the version checked (architecture, fact 7).

Commands about one customer take turns: by a lock of this process, and by one of the database for those of other processes,
which ends with the transaction. Workers take neither: fold and decide come before anything is written, rows are locked late,
and where the stream, the day of its partition or what else was read has moved by then, it is all done again. Of a customer
about whom facts come in without a pause a command would lose for ever, so after `LOSSES` attempts the writers of its
partition wait for the next one (`shared.edge.store.turns`), which can lose to nobody. Workers do the same against commands.

What follows for the customer is decided by the machine of the worker, in the same append, so it is published once; a worker
that holds the customer in memory finds its version moved and folds again.

What is decided about one stream may be told to others beside it, such as a group and its members. Turns are taken in one
order everywhere: those beside in C order, then the stream itself, then what the command takes as it begins, then partitions.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from weakref import WeakValueDictionary

import asyncpg

from shared.core.brain import Brain, Decided
from shared.core.errors import NotFound, Unavailable
from shared.edge import clock
from shared.edge.store import sql, turns
from shared.edge.store.append import Moved, Projector, append
from shared.edge.store.pool import Connection, begun
from shared.edge.store.read import Head, Loaded, head, read_stream
from shared.edge.store.rows import stream_of
from shared.edge.store.write import Write
from shared.edge.worker.cache import Cache, Entry
from shared.edge.worker.days import REFERENCE_SUBJECT
from shared.edge.worker.deciding import Decider
from shared.edge.worker.incoming import partition_for
from shared.edge.worker.jitter import LOSSES, MOVED_SECONDS, part_of
from shared.edge.worker.partition import Part
from shared.edge.worker.ports import Changes
from shared.edge.worker.settings import WorkerSettings

S = TypeVar("S")
C = TypeVar("C")

ATTEMPTS = 10
"""What is read besides the customer may still move under each of them: the staff register, the day."""
TURN_SECONDS = 8.0
"""How long a command waits for its turn; who asks has gone away by then."""
STATES = 64_000
"""kB that states in memory take together, about."""
BYTES_INLINE = 64_000
"""A customer of more bytes than this is folded on a thread: the loop would stand still for some milliseconds."""


class Found(NamedTuple, Generic[S, C]):
    """One customer as it stands, brought to its day."""

    state: S
    day: date
    context: C
    """The reference facts of its partition."""
    now: datetime
    version: int
    """Of its stream, with what bringing it to the day has added."""


class Command(Protocol[S, C]):
    """What somebody wants done with one customer. It is asked once an attempt, and keeps its own answer."""

    cause: str
    """Why what follows is decided (`shared.core.brain.Brain.decide`)."""

    async def begin(self, connection: Connection, /) -> None:
        """Take the turns that it needs besides those of its streams, before anything is read."""

    async def read(self, connection: Connection, /) -> None:
        """Read what it needs besides the customer."""

    def decide(self, found: Found[S, C], /) -> Sequence[Decided]:
        """What is to be appended; nothing: then nothing is, not even what the day brought. Raises what refuses it."""

    async def keep(self, connection: Connection, found: Found[S, C], /) -> None:
        """Write what else belongs to it, in the transaction of the append. Raises Moved where what it read has moved."""


class Beside(NamedTuple):
    """The streams that are told what is decided about another, in the same transaction: in C order."""

    streams: tuple[str, ...] = ()
    tells: Callable[[str, Sequence[Decided]], Sequence[Decided]] = lambda stream, decided: ()
    """What is appended to one of them, of what was decided; nothing: it is left alone."""


NOBODY = Beside()


class _Read(NamedTuple, Generic[S, C]):
    loaded: Loaded
    day: date
    context: C
    held: Entry[S] | None
    is_due: bool


@dataclass(slots=True)
class Commands(Generic[S, C]):
    """Carries commands out on PostgreSQL, with the brain and the projector of the worker."""

    brain: Brain[S, C]
    projector: Projector | None
    settings: WorkerSettings
    changes: Changes | None = None
    strangers: bool = False
    """Whether something may be decided about a customer of whom nothing is known."""
    attempts: int = ATTEMPTS
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    """The brain and the contexts are of one thread at a time."""
    _contexts: dict[int, tuple[int, C]] = field(default_factory=dict)
    """Partition → the reference facts that were read so far: their version, and what they come to."""
    _states: Cache[S] = field(default_factory=lambda: Cache(STATES))
    """Who was decided lately, as last committed: only what came since is read."""
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def __call__(
        self, pool: Any, customer_id: str, command: Command[S, C], beside: Beside = NOBODY, then: Sequence[str] = ()
    ) -> None:
        """Carry *command* out. Raises NotFound, Unavailable, and whatever it raises itself.

        *then*: the turns that it will probably take as it begins; who waits for them here holds no connection meanwhile.
        """
        moved: Moved | None = None
        streams = (*beside.streams, customer_id)
        async with contextlib.AsyncExitStack() as all_turns:
            for stream in (*streams, *then):
                await all_turns.enter_async_context(self._turn(stream))
            for attempt in range(self.attempts):
                await asyncio.sleep(part_of(MOVED_SECONDS * attempt) if attempt < LOSSES else 0)
                try:
                    async with pool.acquire() as connection, begun(connection, sql.PIN, turns.first(streams[0])):
                        entries = await self._attempt(connection, streams, command, beside, first=attempt >= LOSSES)
                    for entry in entries:
                        if entry.state is not None:
                            self._states.put(entry, self.brain.weight(entry.state))
                    self._states.evict(1)
                    return
                except Moved as error:
                    moved = error
                except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
                    raise Unavailable("somebody else decides this customer and does not end; try again") from error
        raise Unavailable("the customer is being decided all the time; try again") from moved

    @contextlib.asynccontextmanager
    async def _turn(self, customer_id: str) -> AsyncIterator[None]:
        """One command about *customer_id* at a time, in the order in which they came, holding no connection meanwhile."""
        lock = self._turns.setdefault(customer_id, asyncio.Lock())
        try:
            await asyncio.wait_for(lock.acquire(), TURN_SECONDS)
        except TimeoutError:
            raise Unavailable("too many ask about this customer; try again later") from None
        try:
            yield
        finally:
            lock.release()

    async def _attempt(
        self, connection: Connection, streams: Sequence[str], command: Command[S, C], beside: Beside, *, first: bool
    ) -> list[Entry[S]]:
        """Read, decide and append in the transaction that is open, and that has the turn of the first of *streams*.

        *first*: before all who write to the partitions. Returns the streams as they are once that is committed; those of
        which nothing can be said are left out.
        """
        partitions = [partition_for(stream, self.settings.partitions) for stream in streams]
        for stream in streams[1:]:
            await turns.take(connection, stream)
        await command.begin(connection)
        if first:
            await turns.alone(connection, set(partitions))
        elif len(streams) > 1:  # by number, before each is shared again with its stream
            await connection.execute(turns.shared(set(partitions)))
        read: list[_Read[S, C]] = []
        for stream, partition in zip(streams, partitions, strict=True):
            held = self._states.get(stream)
            self._states.drop([stream])  # what is done with it may not be kept
            read.append(await self._read(connection, stream, partition, held))
        await command.read(connection)
        write = Write()
        async with self._alone:
            if sum(one.loaded.size for one in read) > BYTES_INLINE:
                entries, found = await asyncio.to_thread(self._decided, partitions, read, command, beside, write)
            else:
                entries, found = self._decided(partitions, read, command, beside, write)
        if found is None:
            return [entry for entry, one in zip(entries, read, strict=True) if entry.version == one.loaded.version]
        await self.write(connection, write, found, [*zip(partitions, read, strict=True)])
        await command.keep(connection, found)
        return [entry for entry in entries if entry.stream in write.streams]

    async def write(
        self, connection: Connection, write: Write, found: Found[S, C], read: Sequence[tuple[int, _Read[S, C]]]
    ) -> None:
        """Append *write*, or raise Moved. Locks: the streams, then their partitions."""
        days = await append(connection, write, now=found.now, projector=self.projector, has_turns=True)
        # no other day can open before this is committed
        if any(one.day != days.get(partition, one.day) for partition, one in read):
            raise Moved("the day of the partition has changed")

    async def _read(
        self, connection: Connection, customer_id: str, partition: int, held: Entry[S] | None
    ) -> _Read[S, C]:
        """Raises NotFound for who is not known, Unavailable for who is set aside or while no day is open."""
        head = await self._head(connection, customer_id, partition, held)
        if (
            held is not None and head.loaded.version < held.version
        ):  # the database was brought back to what it was before
            held, head = None, await self._head(connection, customer_id, partition, None)
        loaded, day, referred, is_loading, is_due = head
        if is_loading:
            raise Unavailable("the history of this customer is still being loaded; try again later")
        if not loaded.version and not self.strangers:
            raise NotFound("there is no such customer, or nothing was known of it then")
        if loaded.parked:
            raise Unavailable("the customer is set aside and nothing is decided about it; see /v1/parked")
        if day is None:
            raise Unavailable("no business day is open here yet; try again later")
        return _Read(loaded, day, await self._context(connection, partition, day, referred), held, is_due)

    async def _head(self, connection: Connection, customer_id: str, partition: int, held: Entry[S] | None) -> Head:
        return await head(
            connection,
            customer_id,
            partition,
            fold_version=self.brain.fold_version,
            after=None if held is None else held.version,
            referring=stream_of(REFERENCE_SUBJECT, partition),
        )

    async def _context(self, connection: Connection, partition: int, day: date, referred: int) -> C:
        async with self._alone:
            reached, context = self._contexts.get(partition) or (0, self.brain.context())
            if reached < referred:
                for one in await read_stream(connection, stream_of(REFERENCE_SUBJECT, partition), after=reached):
                    self.brain.refer(context, one.event)
                    reached = one.version
            self._contexts[partition] = (reached, context)
            if self.changes is not None:
                await self.changes.bring(connection, context, None, day)
            return context

    def _decided(
        self,
        partitions: Sequence[int],
        read: Sequence[_Read[S, C]],
        command: Command[S, C],
        beside: Beside,
        write: Write,
    ) -> tuple[list[Entry[S]], Found[S, C] | None]:
        """Fold, bring to the day, decide, all into *write*; the stream itself is the last. None: nothing is to be appended."""
        entries = [self._entry(one, partition) for one, partition in zip(read, partitions, strict=True)]
        *others, (entry, one) = zip(entries, read, strict=True)
        decider = Decider(self.brain, self.settings, write, 1, clock.now())
        if one.is_due or (self.brain.walks and one.loaded.tail):
            _take(decider, entry, one, (), "day")
        assert entry.state is not None
        found = Found(entry.state, one.day, one.context, decider.now, entry.version)
        decisions = command.decide(found)
        if not decisions:
            return entries, None
        _take(decider, entry, one, decisions, command.cause)
        for other, its in others:
            if told := beside.tells(other.stream, decisions):
                _take(decider, other, its, told, command.cause)
        # of one stream the last says all
        write.rows = list({row[0]: row for row in write.rows}.values())
        write.snapshots = list({row[0]: row for row in write.snapshots}.values())
        return entries, found

    def _entry(self, read: _Read[S, C], partition: int) -> Entry[S]:
        loaded, entry = read.loaded, read.held
        if entry is None:
            raw = loaded.snapshot
            state = self.brain.load(raw) if raw is not None else self.brain.initial(loaded.stream)
            entry = Entry(loaded.stream, partition, state, 0, loaded.snapshot_version)
        assert entry.state is not None
        for event in loaded.tail:
            self.brain.evolve(entry.state, event)
        entry.version, entry.size = loaded.version, entry.size + loaded.size
        return entry


def _take(decider: Decider, entry: Entry[Any], read: _Read[Any, Any], own: Sequence[Decided], cause: str) -> None:
    part = Part(entry.partition, read.context, read.day, None, None, False)
    failed = decider.take(entry, part, (), own, cause=cause)
    if failed is not None:
        raise RuntimeError(f"{entry.stream} cannot be decided: {failed.reason}")
