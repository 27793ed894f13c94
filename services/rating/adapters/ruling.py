"""What a day that opens says about the rules: requests that waited too long, and methods that are overridden too often."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import date

import asyncpg
import structlog

from services.rating.adapters.policy_deciding import PolicyDeciding
from services.rating.core import model_review
from services.rating.core.model_review import Share
from services.rating.core.policy_requests import Act, passed
from shared.core.errors import GradelineError
from shared.edge.worker.calendar import AWAY

LOOK_SECONDS = 5.0
RATED = """
select case when bool_and(rated is not null) then min(rated) end from partitions where day is not null
"""
"""The day to which every customer has been brought."""
SHARES = """
with set_by_people as (
    select o.customer_id, (o.payload::jsonb)->>'method' as method
    from approvals o
    where o.kind = 'override' and o.place = 'granted' and ((o.payload::jsonb)->>'expires_on')::date >= $1
      and not exists (
          select from approvals e
          where e.customer_id = o.customer_id and e.kind = 'override-end' and e.place = 'granted'
            and (e.payload::jsonb)->>'override_id' = o.approval_id)
)
select method, 'credit' as purpose, count(*) as grades, count(*) filter (where override_id is not null) as overridden
from customers where grade is not null and method is not null group by method
union all
select r.method, r.purpose, count(*), count(*) filter (where exists (
    select from set_by_people s where s.customer_id = r.customer_id and s.method = r.method))
from ratings r where r.purpose <> 'credit' and r.grade is not null and r.method is not null group by r.method, r.purpose
order by method
"""

log = structlog.get_logger(__name__)


async def shares(pool: asyncpg.Pool, day: date) -> list[Share]:
    """Of each method: the grades in force on *day*, and how many of them are overridden."""
    return [Share(**dict(row)) for row in await pool.fetch(SHARES, day)]


async def rule(pool: asyncpg.Pool, decide: PolicyDeciding) -> date | None:
    """Say what the last day that was rated everywhere says about the rules. Returns that day. Said once, it is not said again."""
    day: date | None = await pool.fetchval(RATED)
    if day is not None:
        counted = await shares(pool, day)
        await decide(pool, lambda found: Act([*passed(found), *model_review.due(found, counted)]))
    return day


async def keep_ruling(pool: asyncpg.Pool, stop: asyncio.Event, *, decide: PolicyDeciding) -> None:
    """Do so as each day has been rated, until *stop* is set. A database that is away is tried again."""
    done: date | None = None
    while not stop.is_set():
        try:
            if await pool.fetchval(RATED) != done:
                done = await rule(pool, decide)
        except GradelineError as error:
            log.warning("what the day says about the rules could not be said", error=error.message)
        except AWAY as error:
            log.warning("nothing can be said about the rules now", error=repr(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
