"""The scheduler of days: at 00:00 of the installation's zone the day opens, and after an outage every missed one."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg
import structlog

from shared.core.errors import Conflict, Unavailable
from shared.edge import clock
from shared.edge.store.days import open_days
from shared.edge.store.pool import LOST

LOOK_SECONDS = 5.0
"""How late a day may open. Several schedulers may run: a day is opened by one of them."""

AWAY: tuple[type[BaseException], ...] = (Unavailable, asyncpg.PostgresError, *LOST)

log = structlog.get_logger(__name__)


async def keep_opening(pool: asyncpg.Pool, stop: asyncio.Event, *, zone: str, partitions: int, instance: str) -> None:
    """Open each day of *zone* as it begins, until *stop* is set. A database that is away is tried again."""
    while not stop.is_set():
        try:
            opened = await open_days(pool, clock.today(zone), now=clock.now(), partitions=partitions, instance=instance)
            if opened:
                log.info("days opened", first=str(opened[0]), last=str(opened[-1]))
        except Conflict as error:
            log.warning("the clock is behind the last day opened", error=error.message)
        except AWAY as error:
            log.warning("no day can be opened now", error=repr(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
