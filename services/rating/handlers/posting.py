"""Makes posted facts durable. Single posts that arrive while a transaction runs share the next one (group commit)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.rating.handlers.ports import Ports
from shared.core.envelope import Event
from shared.core.errors import Conflict, Unavailable
from shared.edge import clock, metrics

GROUP_MAX = 500
"""Posts in one transaction: at 10 ms a transaction far more than arrive meanwhile, so that latency stays bounded."""
PACE_SECONDS = 0.008
"""From one group to the next under load: fewer, larger transactions cost less than they make anybody wait (measured)."""
WAITING_MAX = 5_000
"""Posts that may wait; more are sent away with 503 at once, before they time out."""
CONFLICTS_MAX = 5
"""Conflicting posts taken out of one group by trying again; after so many each post gets its own transaction."""


class Accepted(NamedTuple):
    """How many events were new, and how many were known already with the same content. All are durable."""

    accepted: int
    duplicates: int


class Posting:
    """One per process: `post` returns only after the commit of what was posted."""

    def __init__(self, ports: Ports) -> None:
        """Keep through *ports*."""
        self._ports = ports
        self._waiting: deque[tuple[Event, asyncio.Future[bool]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def post(self, events: Sequence[Event]) -> Accepted:
        """Keep *events*, all or none. Raises Conflict naming the index, Unavailable."""
        if not events:
            return Accepted(0, 0)
        if len(events) > 1:
            return await self._batch(events)
        known = await self._single(events[0])
        return Accepted(int(not known), int(known))

    async def _batch(self, events: Sequence[Event]) -> Accepted:
        kept = await self._ports.keep(self._ports.database(), events)
        known = kept.duplicates
        _count(event for at, event in enumerate(events) if at not in known)
        return Accepted(len(events) - len(known), len(known))

    async def _single(self, event: Event) -> bool:
        """Whether *event* was known already."""
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable("too many posts are waiting; try again in a second")
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, kept))
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="group commit")
        return await kept

    async def _run(self) -> None:
        """Commit group after group until nobody waits. It is a task of its own: a caller that leaves stops nobody."""
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(GROUP_MAX, len(self._waiting)))]
                begun = clock.monotonic()
                await self._commit(group)
                if len(group) > 1:  # who posts one after the other waits for nobody
                    await asyncio.sleep(max(0.0, begun + PACE_SECONDS - clock.monotonic()))
        finally:
            self._running = None

    async def _commit(self, group: list[tuple[Event, asyncio.Future[bool]]]) -> None:
        for _ in range(CONFLICTS_MAX):
            at = await self._try(group)
            if at is None:
                return
            del group[at]
            if not group:
                return
        for one in group:
            await self._try([one])

    async def _try(self, group: list[tuple[Event, asyncio.Future[bool]]]) -> int | None:
        """Settle every post of *group* in one transaction, or the one that conflicts, whose position is returned."""
        try:
            kept = await self._ports.keep(self._ports.database(), [event for event, _ in group])
        except Conflict as conflict:
            at = conflict.index or 0
            _settle(group[at][1], Conflict(conflict.message, index=0))
            return at
        except BaseException as error:
            for _, waiting in group:
                _settle(waiting, error if isinstance(error, Exception) else Unavailable("the service is stopping"))
            if not isinstance(error, Exception):
                raise
            return None
        metrics.EVENTS_GROUPED.observe(len(group))
        known = kept.duplicates
        _count(event for at, (event, _) in enumerate(group) if at not in known)
        for at, (_, waiting) in enumerate(group):
            _settle(waiting, at in known)
        return None


def _settle(waiting: asyncio.Future[bool], outcome: bool | Exception) -> None:
    if waiting.done():  # its caller has gone
        return
    if isinstance(outcome, Exception):
        waiting.set_exception(outcome)
    else:
        waiting.set_result(outcome)


def _count(events: Iterable[Event]) -> None:
    for event in events:
        metrics.EVENTS_ACCEPTED.labels(event.type).inc()
