"""Makes posted facts durable. Single posts that arrive while a transaction runs share the next one (group commit)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.rating.handlers.ports import Ports
from shared.core.envelope import Event
from shared.core.errors import Conflict, Unavailable
from shared.edge import metrics
from shared.edge.group_commit import GroupCommit, Ticket

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
        self._singles: GroupCommit[Event, bool] = GroupCommit(self._commit, most=GROUP_MAX, pace_seconds=PACE_SECONDS)
        """Whether an event was known already."""

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
        if len(self._singles) >= WAITING_MAX:
            raise Unavailable("too many posts are waiting; try again in a second")
        return await self._singles(event)

    async def _commit(self, tickets: Sequence[Ticket[Event, bool]]) -> None:
        group = list(tickets)
        for _ in range(CONFLICTS_MAX):
            at = await self._try(group)
            if at is None:
                return
            del group[at]
            if not group:
                return
        for one in group:
            await self._try([one])

    async def _try(self, group: Sequence[Ticket[Event, bool]]) -> int | None:
        """Keep every event of *group* in one transaction, or say which one conflicts: its position is returned."""
        try:
            kept = await self._ports.keep(self._ports.database(), [one.asked for one in group])
        except Conflict as conflict:
            at = conflict.index or 0
            group[at].end(Conflict(conflict.message, index=0))
            return at
        metrics.EVENTS_GROUPED.observe(len(group))
        known = kept.duplicates
        _count(one.asked for at, one in enumerate(group) if at not in known)
        for at, one in enumerate(group):
            one.end(at in known)
        return None


def _count(events: Iterable[Event]) -> None:
    for event in events:
        metrics.EVENTS_ACCEPTED.labels(event.type).inc()
