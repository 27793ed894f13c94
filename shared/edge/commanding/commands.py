"""Carrying commands out: read, decide and append in one transaction, again where something has moved meanwhile.

Commands about one customer take turns: by a lock of this process, and by one of the database for those of other processes,
which ends with the transaction. Workers take neither: fold and decide come before anything is written, rows are locked late,
and where the stream, the day of its partition or what else was read has moved by then, it is all done again. Of a customer
about whom facts come in without a pause a command would lose for ever, so after `LOSSES` attempts the writers of its
partition wait for the next one (`shared.edge.store.turns`), which can lose to nobody. Workers do the same against commands.

Commands about different customers that wait at the same time share a transaction where they need little besides their
customer (`shared.edge.group_commit`). None waits there for a turn that somebody else has; it is done again by itself, as
is what moved meanwhile.

What follows for the customer is decided by the machine of the worker, in the same append, so it is published once; a worker
that holds the customer in memory finds its version moved and folds again.

What is decided about one stream may be told to others beside it, such as a group and its members. Turns are taken in one
order everywhere: those beside in C order, then the stream itself, then what the command takes as it begins, then partitions.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Generic
from weakref import WeakKeyDictionary, WeakValueDictionary

import asyncpg

from shared.core.brain import Brain
from shared.core.errors import GradelineError, Unavailable
from shared.edge import clock, metrics
from shared.edge.commanding.command import NOBODY, Asked, Beside, C, Command, Look, S
from shared.edge.commanding.reading import Read, Reader, Reads
from shared.edge.commanding.thinking import Thinker, Thought, apart
from shared.edge.group_commit import GroupCommit, Ticket
from shared.edge.store import sql, turns
from shared.edge.store.append import Moved, Projector, append
from shared.edge.store.pool import Connection, begun
from shared.edge.store.write import Write
from shared.edge.worker.incoming import partition_for
from shared.edge.worker.jitter import LOSSES, MOVED_SECONDS, part_of
from shared.edge.worker.ports import Changes
from shared.edge.worker.settings import WorkerSettings

ATTEMPTS = 10
"""What is read besides the customer may still move under each of them: the staff register, the day."""
AT_ONCE = 2
"""Transactions of several commands under way: more of them would each carry less."""
SEVERAL = 3
"""So many must wait for a second one to begin: for fewer the first is over soon, and each costs as much (measured)."""
MOST = 32
"""Commands of one transaction: the others have a second one to go by meanwhile."""
TURN_SECONDS = 8.0
"""How long a command waits for its turn; who asks has gone away by then."""


@dataclass(slots=True)
class Commands(Generic[S, C]):
    """Carries commands out on PostgreSQL, with the brain and the projector of the worker."""

    brain: Brain[S, C]
    projector: Projector | None
    settings: WorkerSettings
    changes: Changes | None = None
    strangers: bool = False
    """Whether something may be decided about a customer of whom nothing is known."""
    look: Look | None = None
    """None: every command has a transaction of its own."""
    attempts: int = ATTEMPTS
    _reader: Reader[S, C] = field(init=False)
    _thinker: Thinker[S, C] = field(init=False)
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _groups: WeakKeyDictionary[Any, GroupCommit[Asked, None]] = field(default_factory=WeakKeyDictionary)

    def __post_init__(self) -> None:
        self._reader = Reader(
            self.brain,
            self.settings.partitions,
            self.changes,
            self.strangers,
            sql.heads(self.look.columns if self.look else ""),
        )
        self._thinker = Thinker(self.brain, self.settings)

    async def __call__(
        self,
        pool: Any,
        customer_id: str,
        command: Command[S, C],
        beside: Beside = NOBODY,
        then: Sequence[str] = (),
        *,
        shares: bool = False,
    ) -> None:
        """Carry *command* out. Raises NotFound, Unavailable, and whatever it raises itself.

        *then*: the turns that it will probably take as it begins; who waits for them here holds no connection meanwhile.
        *shares*: it probably needs no more than `look` tells, and may share a transaction.
        """
        moved: Moved | None = None
        asked = Asked(command, customer_id, beside)
        async with self._in_turn((*asked.streams, *then)):
            for attempt in range(self.attempts):
                if 0 < attempt < LOSSES:
                    await asyncio.sleep(part_of(MOVED_SECONDS * attempt))
                try:
                    if shares and not attempt:
                        await self._with_others(pool, asked)
                    else:
                        await self._alone(pool, asked, first=attempt >= LOSSES)
                    return
                except Moved as error:
                    moved = error
                except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
                    raise Unavailable("somebody else decides this customer and does not end; try again") from error
        raise Unavailable("the customer is being decided all the time; try again") from moved

    @contextlib.asynccontextmanager
    async def _in_turn(self, streams: Sequence[str]) -> AsyncIterator[None]:
        """One command about each of *streams* at a time, in the order in which they came, holding no connection meanwhile."""
        taken = list[asyncio.Lock]()
        try:
            for stream in streams:
                lock = self._turns.setdefault(stream, asyncio.Lock())
                async with asyncio.timeout(TURN_SECONDS):
                    await lock.acquire()
                taken.append(lock)
            yield
        except TimeoutError:
            if len(taken) == len(streams):  # it is not ours
                raise
            raise Unavailable("too many ask about this customer; try again later") from None
        finally:
            for lock in reversed(taken):
                lock.release()

    async def _alone(self, pool: Any, asked: Asked, *, first: bool) -> None:
        """Carry one out in a transaction of its own. *first*: before all who write to its partitions."""
        async with pool.acquire() as connection, begun(connection, sql.PIN, turns.first(asked.streams[0])):
            thought = await self._attempt(connection, asked, first=first)
        self._reader.keep(thought.entries)

    async def _attempt(self, connection: Connection, asked: Asked, *, first: bool) -> Thought[S, C]:
        """Read, decide and append in the transaction that is open, and that has the turn of the first of its streams."""
        streams = asked.streams
        for stream in streams[1:]:
            await turns.take(connection, stream)
        await asked.command.begin(connection)
        partitions = {partition_for(stream, self.settings.partitions) for stream in streams}
        if first:
            await turns.alone(connection, partitions)
        else:
            await connection.execute(turns.shared(partitions))
        found = await self._reader.read(connection, streams)
        read = [_required(found[stream]) for stream in streams]
        if self.look is not None:
            self.look.tell(asked.command, read[-1].row)
        await asked.command.read(connection)
        async with self._reader.alone:
            now = clock.now()
            thought = await apart(read, lambda: self._thinker.think(asked, read, now))
        if thought.found is not None:
            await self.write(connection, thought.write, now, read)
            await asked.command.keep(connection, thought.found)
        return thought

    async def write(self, connection: Connection, write: Write, now: datetime, read: Reads) -> None:
        """Append *write*, or raise Moved. Locks: the streams, then their partitions."""
        days = await append(connection, write, now=now, projector=self.projector, has_turns=True)
        # no other day can open before this is committed
        if any(one.day != days.get(one.partition, one.day) for one in read):
            raise Moved("the day of the partition has changed")

    async def _with_others(self, pool: Any, asked: Asked) -> None:
        grouped = self._groups.get(pool)
        if grouped is None:
            grouped = GroupCommit(
                partial(self._several, weakref.proxy(pool)), most=MOST, at_once=AT_ONCE, several=SEVERAL
            )
            self._groups[pool] = grouped
        await grouped(asked)

    async def _several(self, pool: Any, tickets: Sequence[Ticket[Asked, None]]) -> None:
        """Carry out what several ask for in one transaction. Raises what came of all whose tickets it did not end."""
        metrics.COMMANDS_GROUPED.labels(self.settings.service).observe(len(tickets))
        streams = sorted(one.asked.customer_id for one in tickets)
        partitions = {partition_for(stream, self.settings.partitions) for stream in streams}
        async with pool.acquire() as connection, begun(connection, sql.PIN, turns.shared(partitions)):
            found = await self._reader.read(connection, streams)
            going = [
                (one, read) for one in tickets if (read := self._told(one, found[one.asked.customer_id])) is not None
            ]
            write, now, thoughts = Write(), clock.now(), []
            async with self._reader.alone:
                for ticket, read in going:
                    await asyncio.sleep(0)  # one after the other, or nobody would be heard meanwhile
                    try:
                        thought = await apart([read], partial(self._thinker.think, ticket.asked, [read], now))
                    except Exception as error:  # whatever refuses one is none of the others' business
                        ticket.end(error)
                    else:
                        thoughts.append(thought)
                        if thought.found is not None:
                            write.add(thought.write)
            if not write.empty:
                await self.write(connection, write, now, [read for _, read in going])
        self._reader.keep([entry for thought in thoughts for entry in thought.entries])
        for ticket, _ in going:
            ticket.end(None)

    def _told(self, ticket: Ticket[Asked, None], found: Read[S, C] | GradelineError | None) -> Read[S, C] | None:
        """What was read for one of several; None where it cannot go with them, and who asked is told why."""
        if not isinstance(found, Read):
            ticket.end(found or Moved("it is somebody else's turn"))
            return None
        assert self.look is not None, "who shares has something that lets it"
        if not self.look.tell(ticket.asked.command, found.row):
            ticket.end(Moved("it needs more than it was believed to"))
            return None
        return found


def _required(found: Read[S, C] | GradelineError | None) -> Read[S, C]:
    """What was read of a stream whose turn was taken. Raises why nothing is decided about it."""
    assert found is not None, "nobody else has its turn"
    if isinstance(found, GradelineError):
        raise found
    return found
