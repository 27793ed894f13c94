"""Alerts as they change, for pages that stay open: read from the log's commits, so that none is missed and one can resume.

Where a reader stands is the position of every partition. What is told of an alert is how it stands now: one that changed twice
between two looks is told once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

import asyncpg

from services.alerts.core.listing import AlertListed, Reach
from shared.core.errors import GradelineError
from shared.edge.store.pool import LOST

EVERY_SECONDS = 1.0
BACK = 10_000
"""Commits that one may have missed and still resume; who was away longer reads the list anew."""
FAR = 1_000
"""After so many commits of which nothing was shown, the place is told alone."""
PAGE = 50

_HEADS = "select partition, log_position from partitions order by partition"
_CHANGED = """
select c.partition, c.position,
       array(select distinct convert_from(e.data, 'UTF8')::jsonb ->> 'alert_id'
             from unnest(c.streams, c.first, c.last) as u(stream, a1, a2)
             join events e on e.stream = u.stream and e.version between u.a1 and u.a2
             where e.kind = 1 and e.type like 'credit.alert.%' order by 1) as alerts
from unnest($1::smallint[], $2::bigint[]) as s(partition, position)
cross join lateral (
    select * from commits where commits.partition = s.partition and commits.position > s.position order by position limit $3) c
order by c.partition, c.position
"""

Positions = dict[int, int]


class One(Protocol):
    """Reads one alert as a caller may see it."""

    async def alert(self, pool: Any, alert_id: str, reach: Reach) -> AlertListed | None:
        """None: there is none, or it may not be seen."""


class Following:
    """What the open pages of one process share: how many there are, and one look a second at how far the log is."""

    def __init__(self, *, most: int = 200, every: float = EVERY_SECONDS) -> None:
        """*most* pages may be open at once."""
        self._most, self._every = most, every
        self.open = 0
        self._heads: Positions = {}
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Close every page: the process stops. Who reads comes back to another, or later, and misses nothing."""
        self._ended.set()

    def full(self) -> bool:
        """Whether no further page may be opened."""
        return self.open >= self._most

    async def heads(self, pool: Any) -> Positions:
        """How far the log is; at most one look a second, however many ask."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now - self._looked_at >= self._every:
                self._heads = {row["partition"]: row["log_position"] for row in await pool.fetch(_HEADS)}
                self._looked_at = now
            return dict(self._heads)

    async def changes(
        self, database: Callable[[], Any], reading: One, reach: Reach, since: Mapping[int, int] | None
    ) -> AsyncIterator[tuple[Positions, AlertListed | None]]:
        """Where the reader stands and the alert that changed; None: only where it stands.

        Until `end`. *since* None: from now on. One who was away too long is told None at once and reads on from now.
        """
        self.open += 1
        try:
            heads = await self.heads(database())
            stands = dict(heads) if since is None else {part: since.get(part, head) for part, head in heads.items()}
            if sum(max(0, head - stands[part]) for part, head in heads.items()) > BACK:
                stands = dict(heads)
            yield dict(stands), None
            told = sum(stands.values())
            while not self._ended.is_set():
                found: list[tuple[Positions, AlertListed]] = []
                with contextlib.suppress(*LOST, asyncpg.PostgresError, GradelineError):
                    found = await self._look(database(), reading, reach, stands)
                for where, alert in found:
                    yield where, alert
                if sum(stands.values()) - told >= FAR:
                    yield dict(stands), None  # one who sees little must not fall behind the log
                    told = sum(stands.values())
                if not found:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._ended.wait(), self._every)
        finally:
            self.open -= 1

    async def _look(
        self, pool: Any, reading: One, reach: Reach, stands: Positions
    ) -> list[tuple[Positions, AlertListed]]:
        heads = await self.heads(pool)
        for part in heads.keys() - stands.keys():
            stands[part] = 0  # it began after the page was opened
        if all(stands[part] >= head for part, head in heads.items()):
            return []
        rows = await pool.fetch(_CHANGED, list(stands), list(stands.values()), PAGE)
        told: dict[str, tuple[Positions, AlertListed]] = {}
        for row in rows:
            stands[row["partition"]] = row["position"]
            for alert_id in row["alerts"]:
                alert = await reading.alert(pool, alert_id, reach)
                if alert is not None:
                    told.pop(alert_id, None)
                    told[alert_id] = (dict(stands), alert)
        return list(told.values())
