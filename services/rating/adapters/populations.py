"""Population reviews: the ranking under a quota, kept as one run, and its places told to the customers as facts.

A run is one transaction that ranks everybody of a method from the projection, region by region, through a cursor: the
database sorts, and no more than a page of customers is in memory. What it gives is kept before anybody hears of it, so
that a process that dies goes on with the same places. Each place that is given or taken is then one fact
`credit.review.completed.v1` of our own source in the stream of its customer, on the day of the review (decision 10).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, datetime
from hashlib import blake2b
from typing import NamedTuple

import asyncpg
import msgspec

from services.rating.core.moving import review_id
from shared.core.envelope import Event
from shared.core.events.conduct import ReviewCompleted
from shared.core.policy.movement import ReviewDay, is_review
from shared.core.policy.policy import Policy
from shared.core.policy.quota import Crowd, Member, Placed, Ranking, Region
from shared.core.policy.shape import Quota
from shared.edge.store import intake
from shared.edge.store.pool import Connection

PAGE = 500
LIVE = "ratings"
TOLD = ["place", "pushed_out"]
"""What changes a path, and is told."""
BY = "population-review"
REVIEWS: Mapping[str, ReviewDay] = {
    "monthly": "monthly_review",
    "quarterly": "quarterly_review",
    "half_yearly": "half_yearly_review",
    "yearly": "yearly_review",
}

COUNT = """
select case when populations[$4] = any($3::text[]) then populations[$4] else 'default' end as region,
       count(*) filter (where active) as active,
       count(*) filter (where grade = $2 and coalesce(due, grade) = $2) as holders
from {table} where method = $1 group by 1 order by 1
"""
WANTING = """
select customer_id, case when populations[$4] = any($3::text[]) then populations[$4] else 'default' end as region,
       coalesce(grade, '') as held
from {table} where method = $1 and coalesce(due, grade) = $2
order by region, {ranks}, customer_id
"""
NOT_THERE = (
    "select count(*) from partitions where day is not null and (day, rated) is distinct from ($1::date, $1::date)"
)
BEGIN = """
insert into population_reviews (method, holds, reviewed_on, version, sha256, ranked_at) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing returning 1
"""
RUN = "select ranked_at from population_reviews where method = $1 and holds = $2 and reviewed_on = $3"
REGIONS = """
select region, active, places, taken, exceeded from population_regions
where method = $1 and holds = $2 and reviewed_on = $3 order by region
"""
TO_TELL = """
select customer_id, why from population_places
where method = $1 and holds = $2 and reviewed_on = $3 and why = any($4::text[]) and customer_id > $5
order by customer_id limit $6
"""
TELLING = """
select count(*) from population_places
where method = $1 and holds = $2 and reviewed_on = $3 and why = any($4::text[])
"""
END = """
update population_reviews set told_at = coalesce(told_at, $4) where method = $1 and holds = $2 and reviewed_on = $3
"""
PLACES = ("method", "holds", "reviewed_on", "customer_id", "region", "place", "why", "gets")
REGION = ("method", "holds", "reviewed_on", "region", "active", "places", "taken", "exceeded")


class Run(NamedTuple):
    """Which review it is: of one quota of one version, on one day."""

    policy: Policy
    quota: Quota
    on: date

    @property
    def key(self) -> tuple[str, str, date]:
        """What the tables call it."""
        return (self.policy.method, self.quota.holds, self.on)


class Reviewed(msgspec.Struct, frozen=True):
    """What a review gave, region by region."""

    method: str
    holds: str
    on: date
    regions: tuple[Region, ...]
    told: int
    """How many customers were given a place, or lost theirs."""


def due_on(policy: Policy, on: date) -> list[Run]:
    """The reviews of *policy* that fall on *on*."""
    return [Run(policy, quota, on) for quota in policy.capped if is_review(on.month, on.day, REVIEWS[quota.review])]


async def rankings_of(connection: Connection, run: Run, table: str = LIVE) -> dict[str, Ranking]:
    """Every region of the population, counted, with nobody placed yet."""
    rows = await connection.fetch(COUNT.format(table=table), *_given(run))
    return {row["region"]: Ranking(run.quota, run.policy.grades, Crowd(**row)) for row in rows}


async def placed(
    connection: Connection, run: Run, rankings: Mapping[str, Ranking], table: str = LIVE
) -> AsyncIterator[tuple[str, Placed]]:
    """Yield region and place of each who holds or wants one, in the order of the ranking. Needs a transaction."""
    policy, quota, _ = run
    first = 1 + sum(len(one.rank_by) for one in policy.capped[: policy.capped.index(quota)])
    ranks = ", ".join(f"ranks[{at}] desc nulls last" for at in range(first, first + len(quota.rank_by)))
    async for row in connection.cursor(WANTING.format(table=table, ranks=ranks), *_given(run), prefetch=PAGE):
        region = row["region"]
        yield region, rankings[region].next(Member(row["customer_id"], region, row["held"], quota.holds, ()))


async def keep(connection: Connection, run: Run, *, now: datetime, table: str = LIVE) -> bool:
    """Rank everybody and keep the run, inside the caller's transaction. Returns False where it was kept before."""
    policy = run.policy
    if not await connection.fetchval(BEGIN, *run.key, policy.version, policy.sha256, now):
        return False
    rankings = await rankings_of(connection, run, table)
    page: list[tuple[object, ...]] = []
    async for region, one in placed(connection, run, rankings, table):
        page.append((*run.key, one.customer, region, one.place, one.why, one.gets))
        if len(page) == PAGE:
            await connection.copy_records_to_table("population_places", records=page, columns=PLACES)
            page.clear()
    await connection.copy_records_to_table("population_places", records=page, columns=PLACES)
    regions = [(*run.key, *msgspec.structs.astuple(ranking.region)) for ranking in rankings.values()]
    await connection.copy_records_to_table("population_regions", records=regions, columns=REGION)
    return True


async def tell(
    pool: asyncpg.Pool,
    run: Run,
    *,
    instance: str,
    partitions: int,
    now: Callable[[], datetime],
    heard: Callable[[int, int], None] = lambda done, of: None,
) -> Reviewed:
    """Tell every place of a kept run to its customer, a page a transaction; what was told before is told again unheard.

    *heard* hears how many were told, of how many. Raises asyncpg errors.
    """
    async with pool.acquire() as connection:
        ranked_at = await connection.fetchval(RUN, *run.key)
        wanted = await connection.fetchval(TELLING, *run.key, TOLD)
    after, done = "", 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(TO_TELL, *run.key, TOLD, after, PAGE)
            facts = [fact(run, row["customer_id"], row["why"], ranked_at, instance) for row in rows]
            await intake.keep(connection, facts, now=now(), partitions=partitions)
            if len(rows) < PAGE:
                await connection.execute(END, *run.key, now())
        done += len(rows)
        heard(done, wanted)
        if len(rows) < PAGE:
            return await reviewed(pool, run)
        after = rows[-1]["customer_id"]


async def reviewed(pool: asyncpg.Pool, run: Run) -> Reviewed:
    """What a kept run gave."""
    async with pool.acquire() as connection:
        regions = tuple(Region(**row) for row in await connection.fetch(REGIONS, *run.key))
        told = await connection.fetchval(TELLING, *run.key, TOLD)
    return Reviewed(*run.key, regions, told)


def fact(run: Run, customer: str, outcome: str, at: datetime, instance: str) -> Event:
    """The recorded input of the path of *customer*: the same for the same run, whenever it is told."""
    named = review_id(run.policy.method, run.quota.holds, run.on)
    digest = blake2b(named.encode(), digest_size=8).hexdigest()
    return Event(
        id=f"{run.on}/{digest}/{customer}",
        source=f"/gradeline/{instance}/rating",
        type=ReviewCompleted.TYPE,
        subject=customer,
        time=at,
        data=ReviewCompleted(review_id=named, completed_on=run.on, by=BY, outcome=outcome),
    )


def _given(run: Run) -> tuple[object, ...]:
    policy, quota, _ = run
    return (policy.method, quota.holds, list(quota.shares), policy.capped.index(quota) + 1)
