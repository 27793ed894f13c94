"""Ends the reservations whose instant has passed, once a minute: a command for each customer that has one.

A question does not wait for this: whether a reservation still counts follows from the instant of the question.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import structlog

from shared.core.brain import Decided
from shared.core.errors import GradelineError
from shared.edge import clock
from shared.edge.commanding.command import Found
from shared.edge.commanding.commands import Commands
from shared.edge.store.pool import LOST, Connection

EVERY_SECONDS = 60.0
AT_ONCE = 500

OVER = "select distinct customer_id from reservations where expires_at <= $1 order by customer_id limit $2"

log = structlog.get_logger(__name__)


class Ending:
    """Implements `shared.edge.commanding.command.Command`: what is over by the instant of the command is written down."""

    cause = "day"

    def __init__(self, over: Callable[[Found[Any, Any]], Sequence[Decided]]) -> None:
        """*over* says what that is."""
        self._over = over

    async def begin(self, connection: Connection) -> None:
        """It waits for nobody else."""

    async def read(self, connection: Connection) -> None:
        """Nothing else."""

    def decide(self, found: Found[Any, Any]) -> Sequence[Decided]:
        """That they are over."""
        return self._over(found)

    async def keep(self, connection: Connection, found: Found[Any, Any]) -> None:
        """Nothing else."""


async def keep_expiring(
    pool: asyncpg.Pool,
    stop: asyncio.Event,
    *,
    commands: Commands[Any, Any],
    over: Callable[[Found[Any, Any]], Sequence[Decided]],
    every: float = EVERY_SECONDS,
) -> None:
    """Look every so many seconds, until *stop* is set. Outlives every outage of the database."""
    while not stop.is_set():
        with contextlib.suppress(*LOST, asyncpg.PostgresError, GradelineError):
            while await expire(pool, commands=commands, over=over) == AT_ONCE and not stop.is_set():
                continue
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)


async def expire(
    pool: asyncpg.Pool, *, commands: Commands[Any, Any], over: Callable[[Found[Any, Any]], Sequence[Decided]]
) -> int:
    """End what is over now, of a bounded number of customers. Returns how many had something.

    One that cannot be decided now does not keep the others waiting.
    """
    customers = [row["customer_id"] for row in await pool.fetch(OVER, clock.now(), AT_ONCE)]
    failed = 0
    for customer in customers:
        try:
            await commands(pool, customer, Ending(over))
        except GradelineError as error:
            failed += 1
            log.warning("a reservation could not be ended", error=error.message)
    return 0 if failed else len(customers)
