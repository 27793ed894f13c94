"""A population review of many customers: the day of the review opens, everybody is brought to it, ranked, and told.

The workers are real processes, one a core, with a level under a quota beside the shipped methods. What is timed begins
when the day is in the broker and ends when the last place that moved is committed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from time import process_time

import asyncpg

from services.rating.adapters import reviewing
from services.rating.adapters.context import Activations, context_of
from services.rating.adapters.projecting import CustomerProjector
from services.rating.core.brain import RatingBrain, bring
from services.rating.core.state import State
from services.rating.worker import TOPICS
from shared.core.customer.state import Setting
from shared.edge import clock, settings
from shared.edge.embedded.process import Child
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.record import Outgoing
from shared.edge.store.days import open_days
from shared.edge.store.pool import open_pool
from shared.edge.store.read import load
from shared.edge.workdays import china
from shared.edge.worker import assembly
from shared.edge.worker.settings import WorkerSettings
from tests.bench import traffic
from tests.bench.ingest import Reading, read, until
from tests.bench.parts import EVENTS, PARTITIONS, STOP, ZONE, Parts, resident, started
from tests.bench.report import Report
from tests.bench.scale import Scale
from tests.support.several import level, rules

PATIENCE_SECONDS = 900.0
"""Making a hundred thousand customers known, with the path of a hundred days under three purposes, takes longest."""
SAMPLE = 200
ROUNDS = 5
PROGRAM = ("-m", "tests.bench.reviewing")
RULES = rules(level(fall="  fall: at_once\n"))
WAITING = "select count(*) from partitions where (day, rated) is distinct from ($1::date, $1::date)"
INTAKE = """
select partition, position, stream, value from intake where position > ($1::bigint[])[partition + 1]
order by partition, position
"""


def brain() -> RatingBrain:
    """The rules with the level."""
    return RatingBrain(RULES, Setting(calendar=china()))


def review_day() -> date:
    """The last half-year's first day: the days before it are over, whatever the clock says."""
    today = clock.today(ZONE)
    return date(today.year, 7 if today.month >= 7 else 1, 1)


async def populations(scale: Scale, folder: Path, report: Report) -> None:
    """Measure one review of `scale.large` customers."""
    day, count = review_day(), scale.large
    async with started(folder, report) as parts:
        known = await parts.produce(past(count, day - timedelta(days=1)))
        workers = [parts.worker(*PROGRAM, number=number) for number in range(scale.workers)]
        pool = await open_pool(parts.postgres.dsn, schema="rating", size=3, statement_seconds=120.0)
        try:
            await until(parts, known, *workers, decided=True, seconds=PATIENCE_SECONDS)
            began = read(parts, workers, known)
            await open_days(pool, day, now=clock.now(), partitions=PARTITIONS, instance="main")
            known += await relayed(parts, pool)
            await brought(parts, known, day, *workers)
            swept = read(parts, workers, known)
            (run,) = await reviewing.to_hold(pool, RULES)
            given = await reviewing.hold(pool, brain(), run, settings.Settings(partitions=PARTITIONS))
            told = read(parts, workers, known)
            known += await relayed(parts, pool)
            await until(parts, known, *workers)
            ended = read(parts, workers, known)
            memory = max(resident(worker.pid) for worker in workers)
            lines = [(began, swept), (swept, told), (told, ended)]
            await tell(report, parts, pool, count, lines, given.told)
        finally:
            for worker in workers:
                worker.stop(*STOP)
            await pool.close()
        report.figure("review_memory", f"memory of one worker, a review of {count:,} customers", memory, "MiB")


def past(customers: int, today: date) -> Iterator[traffic.Keyed]:
    """Customers whose sales and score another system reported, with the least past that gives a grade.

    Who deserves the level under the quota deserves it from its first day on, so that all of them wait for the review.
    """
    for number, (subject, facts) in enumerate(groupby(traffic.quarter(customers, today), key=lambda fact: fact[0])):
        on = (today - timedelta(days=101)).isoformat()
        yield subject, traffic.profile(subject, number, on, region="urban" if number % 3 else "rural")
        for name, value in (
            ("monthly_sales_last_quarter", 20 + number * 7 % 60),
            ("half_year_score", number * 13 % 100),
        ):
            yield subject, traffic.reported(subject, number, on, name, value)
        yield from facts


async def relayed(parts: Parts, pool: asyncpg.Pool) -> int:
    """Carry what intake holds, and carried before has not, to the broker. Returns how many records that is."""
    sent = [parts.carried.get(partition, 0) for partition in range(PARTITIONS)]
    rows = await pool.fetch(INTAKE, sent)
    publisher = Publisher(parts.broker.address, EMBEDDED)
    try:
        await publisher.publish(
            [Outgoing(EVENTS, r["partition"], r["stream"].partition("/")[0].encode(), r["value"]) for r in rows]
        )
    finally:
        await publisher.close()
    for row in rows:
        parts.carried[row["partition"]] = row["position"]
    return len(rows)


async def brought(parts: Parts, known: int, day: date, *workers: Child) -> None:
    """Wait until every customer has been brought to *day*."""
    await until(parts, known, *workers)
    while await parts.session.fetchval(WAITING, day):
        await until(parts, known, *workers)


async def tell(
    report: Report, parts: Parts, pool: asyncpg.Pool, count: int, lines: Sequence[tuple[Reading, Reading]], told: int
) -> None:
    """Tell how long it took, and what it was spent on."""
    began, ended = lines[0][0], lines[-1][1]
    seconds = ended.at - began.at
    report.figure("review", f"a population review of {count:,} customers", seconds, "s", f"{told:,} places moved")
    for (before, after), what in zip(
        lines, ("bringing everybody to its day", "ranking and keeping", "telling who moved"), strict=True
    ):
        report.figure(f"review_{what.split()[0]}", f"of these, {what}", after.at - before.at, "s")
    measures, evaluation = await costs(pool)
    database = ended.postgres - began.postgres
    whole = database + ended.worker - began.worker
    for key, what, used in (
        ("measures", "the measures", measures * count),
        ("evaluation", "the evaluation", evaluation * count),
        ("database", "the database", database),
    ):
        report.figure(f"review_share_{key}", f"share of {what} in the CPU time of a review", 100 * used / whole, "%")


async def costs(pool: asyncpg.Pool) -> tuple[float, float]:
    """Seconds of the measures and of the evaluation of one customer, all purposes together, by themselves."""
    made = brain()
    async with pool.acquire() as connection:
        streams = [traffic.subject_of(number) for number in range(SAMPLE)]
        loaded = await load(connection, streams, fold_version="")
        context = await context_of(connection, made, 0)
    engine, states = made.engine(context), list[State]()
    for stream, one in loaded.items():
        state = made.initial(stream)
        for event in one.tail:
            made.evolve(state, event)
        bring(state, review_day().toordinal(), engine)
        states.append(state)
    since = process_time()
    sheets = [engine.sheet(_anew(state)) for state in states for _ in range(ROUNDS)]
    measured = process_time()
    for sheet in sheets:
        for one in (sheet, *sheet.besides):
            one.judge(0)
    return (measured - since) / len(sheets), (process_time() - measured) / len(sheets)


def _anew(state: State) -> State:
    state.side = None
    return state


def main() -> int:
    """The worker of this step: `gradeline work rating` with rules of our own, standing a day before the review."""
    told = settings.load()
    bounds = WorkerSettings(
        service="rating",
        instance=told.instance,
        partitions=told.partitions,
        zone=told.zone,
        cache_weight=told.cache_mb * 1_000,
        first_day=review_day() - timedelta(days=1),
    )
    return assembly.run(
        told,
        service="rating",
        brain=brain(),
        projector=CustomerProjector(),
        topics=TOPICS,
        worker=bounds,
        changes=Activations(),
    )


if __name__ == "__main__":
    sys.exit(main())
