"""Commands of people about the rules: decided on the stream `~policy`, appended while no day can open.

As for customers (`deciding`): read and decide before the transaction, compare in it what was read, or do it all again. An
activation is recorded in the transaction of the last grant, so both stand or fall together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from services.rating.adapters import activating
from services.rating.adapters.context import activations
from services.rating.core import policy_requests as requests
from services.rating.core.activating import Wanted
from services.rating.core.policy_requests import SUBJECT, Act, Found
from shared.core.approval.chain import Rests, in_force
from shared.core.approval.commands import Desk
from shared.core.errors import Unavailable
from shared.core.events.approval import ApprovalDecision
from shared.core.policy.rulebook import Rulebook
from shared.edge import clock
from shared.edge.approval_chains import Versions
from shared.edge.kafka.partition import partition_of
from shared.edge.store import approvals
from shared.edge.store.append import Moved
from shared.edge.store.days import last_opened, no_day_opens
from shared.edge.store.pool import Connection
from shared.edge.store.read import read_stream
from shared.edge.store.rows import stream_of
from shared.edge.worker.jitter import MOVED_SECONDS, part_of
from shared.edge.worker.settings import WorkerSettings

ATTEMPTS = 20
PAUSES = 3
"""The pause between two attempts grows so often."""


class _Read(NamedTuple):
    """What was read at one moment."""

    found: Found
    version: int
    day: date


@dataclass(frozen=True, slots=True)
class PolicyDeciding:
    """Implements `services.rating.handlers.ports.DecidePolicy` on PostgreSQL."""

    rules: Rulebook
    settings: WorkerSettings
    chains: Versions
    rests: Rests

    async def __call__(self, pool: Any, command: Callable[[Found], Act]) -> None:
        """Decide *command* and append what follows. Raises Unavailable, and whatever *command* raises."""
        moved: Moved | None = None
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(part_of(MOVED_SECONDS * min(attempt, PAUSES)))
            read = await self._read(pool)
            act = command(read.found)
            if not act.decisions:
                return
            try:
                await self._commit(pool, read, act)
                return
            except Moved as error:
                moved = error
        raise Unavailable("the rules are being decided all the time; try again") from moved

    @property
    def stream(self) -> str:
        """Where decisions about the rules lie."""
        return stream_of(SUBJECT, partition_of(SUBJECT, self.settings.partitions))

    async def _read(self, pool: Any) -> _Read:
        async with pool.acquire() as connection, connection.transaction(readonly=True, isolation="repeatable_read"):
            day = await last_opened(connection)
            stored = await read_stream(connection, self.stream)
            binding = await activations(connection)
            register = await approvals.register(connection)
        if day is None:
            raise Unavailable("no business day is open yet; try again later")
        desk = Desk(day, in_force(self.chains, day), self.rests, register, {"cause": "policy", "labels": {}})
        told = requests.told(one.event for one in stored)
        return _Read(Found(told, desk, self.rules, binding), stored[-1].version if stored else 0, day)

    async def _commit(self, pool: Any, read: _Read, act: Act) -> None:
        """Write all of it, or raise Moved. Locks: the opening of days, the stream, its partition."""
        now = clock.now()
        async with pool.acquire() as connection, connection.transaction():
            await no_day_opens(connection)
            if await last_opened(connection) != read.day:
                raise Moved("a day has been opened")
            await activating.say(connection, act.decisions, self.settings, read.version, now)
            if await approvals.register(connection) != read.found.desk.register:
                raise Moved("the staff register has changed")
            await self._activate(connection, act, now)
            await self._project(connection, read, act)

    async def _activate(self, connection: Connection, act: Act, now: datetime) -> None:
        one = act.activates
        if one is None:
            return
        wanted = Wanted(one.method, one.version, one.effective, one.sha256)
        await activating.record(
            connection, self.rules, wanted, self.settings, by=one.by, approval=act.approval_id, now=now
        )

    async def _project(self, connection: Connection, read: _Read, act: Act) -> None:
        touched = dict.fromkeys(one.approval_id for one in act.decisions if isinstance(one, ApprovalDecision))
        for one in act.decisions:
            read.found.told.hear(one)
        if touched:
            held = read.found.told.approvals
            await approvals.write(connection, [(SUBJECT, held[name]) for name in touched])
