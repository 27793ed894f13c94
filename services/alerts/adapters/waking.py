"""Carries out what falls due at an instant: escalations, repeats, ends of snoozes. A command for each case that has one.

What is due follows from the instants of the alert, so a late loop says the same, as of the same instants.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog

from services.alerts.core.brain import AlertsBrain
from services.alerts.core.case import Case, case_of
from shared.core.brain import Decided
from shared.core.errors import GradelineError
from shared.edge import clock
from shared.edge.commanding.command import Found
from shared.edge.commanding.commands import Commands
from shared.edge.store.pool import LOST, Connection

EVERY_SECONDS = 5.0
AT_ONCE = 200
DUE = "select alert_id, subject from alerts where wakes_at <= $1 order by wakes_at limit $2"

log = structlog.get_logger(__name__)


class Waking:
    """Implements `shared.edge.commanding.command.Command`: what is due at the instant of the command is said."""

    cause = "day"

    def __init__(self, brain: AlertsBrain) -> None:
        """*brain* says what that is."""
        self._brain = brain

    async def begin(self, connection: Connection) -> None:
        """It waits for nobody else."""

    async def read(self, connection: Connection) -> None:
        """Nothing else."""

    def decide(self, found: Found[Case, None]) -> Sequence[Decided]:
        """What is due."""
        return self._brain.due(found.state, found.day, found.now)

    async def keep(self, connection: Connection, found: Found[Case, None]) -> None:
        """Nothing else."""


async def keep_waking(
    pool: asyncpg.Pool,
    stop: asyncio.Event,
    *,
    brain: AlertsBrain,
    commands: Commands[Case, None],
    every: float = EVERY_SECONDS,
) -> None:
    """Look every so many seconds, until *stop* is set. Outlives every outage of the database."""
    while not stop.is_set():
        with contextlib.suppress(*LOST, asyncpg.PostgresError, GradelineError):
            while await wake(pool, brain=brain, commands=commands) == AT_ONCE and not stop.is_set():
                continue
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)


async def wake(pool: asyncpg.Pool, *, brain: AlertsBrain, commands: Commands[Case, None]) -> int:
    """Say what is due now, of a bounded number of alerts. Returns how many there were.

    One that cannot be decided now does not keep the others waiting.
    """
    found: list[Any] = await pool.fetch(DUE, clock.now(), AT_ONCE)
    failed = 0
    for stream in dict.fromkeys(case_of(row["alert_id"]) for row in found):
        try:
            await commands(pool, stream, Waking(brain))
        except GradelineError as error:
            failed += 1
            log.warning("what is due for a case could not be said", error=error.message)
    return 0 if failed else len(found)
