"""Shows the figures of the dispatcher: what is due and how long, by what became of it, and that nothing is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asyncpg

from shared.core.errors import GradelineError
from shared.edge import clock, metrics
from shared.edge.store.pool import LOST

EVERY_SECONDS = 15.0
STATES = ("pending", "planned", "told", "quiet", "passed", "undelivered")
OLDEST = """
select least((select min(at) from notices where state = 'waiting' and resolved_at is null),
             (select min(due_at) from hearings where state = 'pending' and due_at <= $1))
"""
HEARINGS = "select state, count(*) as count from hearings group by state"
DIFFERENCE = """
select count(*) from notices n
where (n.state = 'waiting' and n.resolved_at is not null
       and not exists (select from hearings h where h.notice_id = n.notice_id and h.state = 'pending'))
   or (n.state = 'planned' and not exists (
       select from hearings h join messages m using (message_id)
       where h.notice_id = n.notice_id and h.state = 'planned' and not m.passed_on))
"""


async def keep_counting(
    pool: Any, stop: asyncio.Event, *, now: Callable[[], datetime] = clock.now, every: float = EVERY_SECONDS
) -> None:
    """Look every so many seconds, until *stop* is set. Outlives every outage of the database."""
    while not stop.is_set():
        with contextlib.suppress(*LOST, asyncpg.PostgresError, GradelineError):
            await look(pool, now())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)


async def look(pool: Any, now: datetime) -> None:
    """Show how it stands at *now*."""
    oldest = await pool.fetchval(OLDEST, now)
    metrics.ALERTS_DISPATCH_OLDEST.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
    counted = {row["state"]: row["count"] for row in await pool.fetch(HEARINGS)}
    for state in STATES:
        metrics.ALERTS_HEARINGS.labels(state).set(counted.get(state, 0))
    metrics.ALERTS_DISPATCH_DIFFERENCE.set(await pool.fetchval(DIFFERENCE))
