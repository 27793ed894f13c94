"""Which population reviews are to be held, and holding them: at the opening of their day, or later for a day that is past.

A review is held once every customer has been brought to its day. Where the days moved on before it could be held, the
customers are computed again as they stood on that day.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import date

import asyncpg
import structlog

from services.rating.adapters.context import activations
from services.rating.adapters.context import refolder as refolding
from services.rating.adapters.populations import (
    LIVE,
    NOT_THERE,
    Reviewed,
    Run,
    due_on,
    keep,
    placed,
    rankings_of,
    tell,
)
from services.rating.adapters.projecting import RATINGS, rating_columns
from services.rating.core.brain import RatingBrain
from shared.core.errors import GradelineError, Malformed, NotFound
from shared.core.policy.activation import in_force
from shared.core.policy.policy import Policy
from shared.core.policy.quota import Placed, Region
from shared.core.policy.rulebook import Rulebook
from shared.core.refusal import Refusal
from shared.edge import clock
from shared.edge.proof import EVERY
from shared.edge.settings import Settings
from shared.edge.store.days import last_opened
from shared.edge.store.pool import Connection
from shared.edge.worker.calendar import AWAY

LOOK_SECONDS = 5.0
THEN = "ratings_then"
PIECE = 20
"""So few customers at once: whoever else runs in this process has its turn in between."""

RATED = """
select date from business_days
where date <= (select case when bool_and(rated is not null) then min(rated) end from partitions where day is not null)
  and extract(day from date) = 1
order by date
"""
TOLD = "select method, holds, reviewed_on from population_reviews where told_at is not null"

ALONE = "select pg_advisory_lock(hashtextextended(current_schema() || '.population_reviews', 0))"
NOT_ALONE = "select pg_advisory_unlock(hashtextextended(current_schema() || '.population_reviews', 0))"

Heard = Callable[[int, int, str], None]

log = structlog.get_logger(__name__)


async def to_hold(pool: asyncpg.Pool, rules: Rulebook) -> list[Run]:
    """The reviews whose day every customer has been brought to and that were not held to their end, the earliest first."""
    if not any(policy.capped for book in rules.books.values() for policy in book.versions):
        return []
    async with pool.acquire() as connection:
        binding = in_force(rules, await activations(connection))
        days = [row["date"] for row in await connection.fetch(RATED)]
        held = {tuple(row) for row in await connection.fetch(TOLD)}
    runs = [run for day in days for book in binding.books.values() for run in _on(book.at(day), day)]
    return [run for run in runs if run.key not in held]


def _on(policy: object, day: date) -> list[Run]:
    return due_on(policy, day) if isinstance(policy, Policy) else []


async def hold(
    pool: asyncpg.Pool, brain: RatingBrain, run: Run, told: Settings, *, show: Heard = lambda done, of, what: None
) -> Reviewed:
    """Hold *run* to its end; one that was begun goes on with the places that were kept. Raises asyncpg errors."""
    async with pool.acquire() as connection:
        await connection.execute(
            ALONE
        )  # before the snapshot is taken: of two who come at once the second sees the first
        try:
            async with connection.transaction(isolation="repeatable_read"):
                table = await _table(connection, brain, run, show)
                await keep(connection, run, now=clock.now(), table=table)
        finally:
            await connection.execute(NOT_ALONE)
    return await tell(
        pool,
        run,
        instance=told.instance,
        partitions=told.partitions,
        now=clock.now,
        heard=lambda done, of: show(done, of, "places"),
    )


async def stood(connection: Connection, brain: RatingBrain, on: date, show: Heard) -> str:
    """Fill a table of this transaction with what every customer was rated on *on*, as it is known now. Returns its name."""
    await connection.execute(f"create temporary table {THEN} (like ratings including defaults) on commit drop")
    await connection.execute(f"create unique index on {THEN} (customer_id, purpose)")
    query = RATINGS.replace("into ratings", f"into {THEN}", 1)
    streams = [row["stream"] for row in await connection.fetch(EVERY)]
    refolder = refolding(connection, brain)
    for start in range(0, len(streams), PIECE):
        piece = streams[start : start + PIECE]
        folded = await refolder.each(piece, dict.fromkeys(piece, (None, on)))
        rows = [(one.stream, rated) for one in folded if one.row is not None for rated in one.row.ratings]
        if rows:
            await connection.execute(query, *rating_columns(rows))
        show(start + len(piece), len(streams), f"customers on {on}")
        await asyncio.sleep(0)
    return THEN


async def keep_reviewing(pool: asyncpg.Pool, stop: asyncio.Event, *, brain: RatingBrain, told: Settings) -> None:
    """Hold each review as its day has been rated, until *stop* is set. A database that is away is tried again."""
    while not stop.is_set():
        try:
            for run in await to_hold(pool, brain.rulebook):
                given = await hold(pool, brain, run, told)
                log.info(
                    "population reviewed", method=given.method, holds=given.holds, on=str(given.on), told=given.told
                )
        except GradelineError as error:
            log.warning("a population review could not be held", error=error.message)
        except AWAY as error:
            log.warning("no population can be reviewed now", error=repr(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)


async def runs_of(connection: Connection, brain: RatingBrain, method: str, on: date | None) -> list[Run]:
    """The reviews of *method* on *on*. Raises NotFound, Malformed where that is not a day of any of them."""
    book = in_force(brain.rulebook, await activations(connection)).books.get(method)
    if book is None:
        raise NotFound(f"there is no method {method!r}; choose one of {', '.join(brain.rulebook.books)}")
    policy = book.at(on) if on is not None else Refusal.POLICY_NOT_IN_FORCE
    if not isinstance(policy, Policy) or on is None:
        raise NotFound(f"{method} has no version in force on {on or 'any day: none was opened yet'}")
    if on > (opened := await last_opened(connection) or on):
        raise Malformed(
            f"--on {on}: that day has not been opened; the last one is {opened}", pointer="--on", rule="range"
        )
    if not policy.capped:
        raise Malformed(
            f"{method} has no quota of a grade, so there is nothing to review", pointer="METHOD", rule="quota"
        )
    runs = due_on(policy, on)
    if not runs:
        rhythms = ", ".join(sorted({quota.review.replace("_", "-") for quota in policy.capped}))
        message = f"--on {on}: the quota of {method} is reviewed {rhythms}, on the first day of the period"
        raise Malformed(message, pointer="--on", rule="review-day")
    return runs


async def tried(
    pool: asyncpg.Pool, brain: RatingBrain, run: Run, *, show: Heard = lambda done, of, what: None
) -> tuple[list[Region], list[Placed]]:
    """What *run* would give now, kept by nobody."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        table = await _table(connection, brain, run, show)
        rankings = await rankings_of(connection, run, table)
        found = [one async for _, one in placed(connection, run, rankings, table)]
    return [ranking.region for ranking in rankings.values()], found


async def _table(connection: Connection, brain: RatingBrain, run: Run, show: Heard) -> str:
    """Where the ranking reads: the projection where it stands at the day of the review, else what stood then."""
    await connection.execute("set local statement_timeout = 0")
    if await connection.fetchval(NOT_THERE, run.on):
        return await stood(connection, brain, run.on, show)
    return LIVE
