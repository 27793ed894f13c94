"""What is measured about delivery: how much waits, how old it is, and that nothing is called delivered that nobody took."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from services.alerts.adapters.queue import PEOPLE, SYSTEMS
from shared.core.errors import GradelineError
from shared.edge import clock, metrics
from shared.edge.store.pool import LOST

EVERY_SECONDS = 15.0
BACK = timedelta(days=1)
_WAITING = "select channel, count(*) as waiting, min(created_at) as oldest from {table} where state = 'waiting' group by channel"
_DIFFERENCE = """
select count(*) from {table} m
where (m.state in ('delivered', 'unconfirmed') and m.settled_at > $1 and not exists (
          select from attempts a where a.message_id = m.message_id and a.outcome = m.state))
   or m.state not in ('waiting', 'delivered', 'unconfirmed', 'undelivered')
"""


async def difference(pool: Any, *, now: datetime) -> int:
    """Messages of the last day that are called delivered without an answer that says so, or are in no known state: 0."""
    found = [await pool.fetchval(_DIFFERENCE.format(table=queue.table), now - BACK) for queue in (PEOPLE, SYSTEMS)]
    return sum(found)


async def keep_measuring(
    pool: Any, stop: asyncio.Event, *, channels: Iterable[str], now: Callable[[], datetime] = clock.now
) -> None:
    """Measure every quarter of a minute, until *stop* is set."""
    names = list(channels)
    while not stop.is_set():
        with contextlib.suppress(*LOST, asyncpg.PostgresError, GradelineError):
            at = now()
            rows = [row for queue in (PEOPLE, SYSTEMS) for row in await pool.fetch(_WAITING.format(table=queue.table))]
            found = {row["channel"]: row for row in rows}
            for name in names:
                row = found.get(name)
                metrics.ALERT_MESSAGES_WAITING.labels(name).set(row["waiting"] if row else 0)
                age = (at - row["oldest"]).total_seconds() if row else 0.0
                metrics.ALERT_UNDELIVERED_OLDEST.labels(name).set(age)
            metrics.DELIVERY_DIFFERENCE.set(await difference(pool, now=at))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
