"""Shows the figures of alerts: how many stand, how long the oldest waits, that no notice is lost."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg

from shared.core.errors import GradelineError
from shared.edge import clock, metrics
from shared.edge.store.pool import LOST

EVERY_SECONDS = 15.0
STANDING = """
select severity, count(*) as open, min(opened_at) filter (where state = 'open' and acknowledge_by is not null) as oldest
from alerts where state not in ('resolved', 'withdrawn') and delivered group by severity
"""
OPENED = "select count(*) from alerts where delivered"
NOTICES = "select state, count(*) as count from notices group by state"
LOST_NOTICES = """
select count(*) from notices n
where n.state not in ('waiting', 'planned', 'told', 'quiet', 'undelivered')
   or (n.state in ('planned', 'told') and not exists (select from message_notices m where m.notice_id = n.notice_id))
   or (n.state = 'quiet' and n.why = '')
"""


async def keep_watching(pool: asyncpg.Pool, stop: asyncio.Event, *, every: float = EVERY_SECONDS) -> None:
    """Look every so many seconds, until *stop* is set. Outlives every outage of the database."""
    while not stop.is_set():
        with contextlib.suppress(*LOST, asyncpg.PostgresError, GradelineError):
            await look(pool)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)


async def look(pool: asyncpg.Pool) -> None:
    """Show how it stands now."""
    found = {row["severity"]: row for row in await pool.fetch(STANDING)}
    now = clock.now()
    for severity in ("info", "warning", "critical"):
        row = found.get(severity)
        oldest = row["oldest"] if row else None
        metrics.ALERTS_OPEN.labels(severity).set(row["open"] if row else 0)
        metrics.ALERTS_OLDEST.labels(severity).set((now - oldest).total_seconds() if oldest else 0)
    metrics.ALERTS_OPENED.set(await pool.fetchval(OPENED))
    counted = {row["state"]: row["count"] for row in await pool.fetch(NOTICES)}
    for state in ("waiting", "planned", "told", "quiet", "undelivered"):
        metrics.ALERTS_NOTICES.labels(state).set(counted.get(state, 0))
    metrics.ALERTS_CONSERVATION.set(await pool.fetchval(LOST_NOTICES))
