"""Lays what was decided into the queue of each subscription, as the log has it: none missed, none out of order.

The log is read in the order of its commits (`shared.edge.store.export`): positions are gapless and a page never changes. A page
and the position behind it are kept in one transaction, compared and set; two processes do not lay the same twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

import asyncpg
import structlog

from services.alerts.adapters.subscriptions import CHANNEL, FORGET_AT_ONCE, KEPT, forget, wanted
from services.alerts.core.subscribing import Filter, posted
from shared.core.envelope import Event
from shared.core.errors import GradelineError
from shared.edge import clock
from shared.edge.store import export
from shared.edge.store.pool import LOST
from shared.edge.store.rows import Stored
from shared.edge.worker.jitter import part_of

EVERY_SECONDS = 1.0
FORGET_EVERY = timedelta(hours=1)
WAITING = 1_000
"""So many of one subscription wait in the queue at most; the rest waits in the log, where it is anyway."""
PAGE = 500

_BEHIND = """
select s.subscription_id, p.partition, coalesce(s.position, 0) as position
from subscription_positions s join partitions p using (partition)
where p.log_position > s.position and s.subscription_id = any($1::text[])
  and (select count(*) from postings w where w.address = s.subscription_id and w.state = 'waiting') < $2
order by s.subscription_id, p.partition
"""
_NEW = """
insert into subscription_positions (subscription_id, partition, position)
select s.subscription_id, p.partition, 0 from subscriptions s cross join partitions p on conflict do nothing
"""
_MOVED = """
update subscription_positions set position = $4 where subscription_id = $1 and partition = $2 and position = $3
returning position
"""
_LAY = """
insert into postings (message_id, address, channel, lane, lane_at, type, message, created_at, next_at)
select m, $1, $2, l, a, t, b, $3, $3 from unnest($4::text[], $5::text[], $6::bigint[], $7::text[], $8::bytea[]) as x(m, l, a, t, b)
on conflict (message_id) do update
set state = 'waiting', next_at = $3, schedule_from = postings.attempts, settled_at = null where postings.state <> 'waiting'
"""

log = structlog.get_logger(__name__)


def message_id_of(subscription_id: str, event: Event) -> str:
    """The id under which *event* is posted to a subscription: the same whenever, and without what headers do not take."""
    name = "\0".join((subscription_id, event.source, event.id)).encode()
    return f"msg_{blake2b(name, digest_size=16).hexdigest()}"


class Feeder:
    """Follows the log for every subscription."""

    def __init__(self, pool: Any, *, console: str, now: Callable[[], datetime] = clock.now) -> None:
        """*console* is where links lead."""
        self._pool, self._console, self._now = pool, console, now

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until *stop* is set. Outlives every outage of the database."""
        forgotten_at = None
        while not stop.is_set():
            laid, now = 0, self._now()
            with contextlib.suppress(*LOST, asyncpg.PostgresError, GradelineError):
                laid = await self.feed()
                if forgotten_at is None or now - forgotten_at > FORGET_EVERY:
                    forgotten_at = now if await forget(self._pool, now - KEPT) < FORGET_AT_ONCE else None
            if not laid:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), part_of(EVERY_SECONDS))

    async def feed(self) -> int:
        """One page of each partition for each subscription that is behind. Returns how many pages were read."""
        async with self._pool.acquire() as connection:
            wants = await wanted(connection)
            if not wants:
                return 0
            await connection.execute(_NEW)  # a partition that began after the subscription
            behind = await connection.fetch(_BEHIND, list(wants), WAITING)
            for row in behind:
                page = await export.page(connection, partition=row["partition"], after=row["position"], limit=PAGE)
                kept = await self._keep(connection, row, page, *wants[row["subscription_id"]])
                if not kept:
                    log.info("another process laid the page", subscription=row["subscription_id"])
            return len(behind)

    async def _keep(self, connection: Any, row: Any, page: export.Page, wants: Filter, full: bool) -> bool:
        """Lay what is wanted of *page* into the queue. False where the position moved meanwhile: then nothing is."""
        name, chosen = row["subscription_id"], [one for one in page.events if wants.wants(one.event)]
        columns = self._columns(name, chosen, full)
        async with connection.transaction():
            moved = await connection.fetchval(_MOVED, name, row["partition"], row["position"], page.position)
            if moved is not None and chosen:
                await connection.execute(_LAY, name, CHANNEL, self._now(), *columns)
            return moved is not None

    def _columns(self, name: str, chosen: Sequence[Stored], full: bool) -> tuple[list[Any], ...]:
        return (
            [message_id_of(name, one.event) for one in chosen],
            [one.stream for one in chosen],
            [one.version for one in chosen],
            [one.event.type for one in chosen],
            [posted(one.event, full=full, link=self._link(one.event)) for one in chosen],
        )

    def _link(self, event: Event) -> str:
        subject = event.subject or ""
        if not self._console or subject.startswith("~"):
            return ""
        return f"{self._console}/customers/{quote(subject, safe='')}"
