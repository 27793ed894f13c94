"""Facts from Kafka to committed grade and projection, by real worker processes, with nothing else running.

The workers, one a core, share the partitions. They first take in the past of every customer, so that all are known and graded. Then the traffic of today is
produced; what is timed begins when all of it is in the broker and ends when the last of it is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from shared.edge import clock
from shared.edge.embedded.process import Child
from tests.bench import traffic
from tests.bench.parts import STOP, ZONE, Parts, cpu_seconds, resident, started
from tests.bench.report import Report
from tests.bench.scale import Scale

Past = Callable[[int, date], Iterator[traffic.Keyed]]
NAMES = {"worker": "the workers", "postgres": "the postgres", "broker": "the broker"}
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 400.0


class Reading(NamedTuple):
    """What was used and done up to one moment."""

    at: float
    facts: int
    worker: float
    postgres: float
    broker: float


async def small(scale: Scale, folder: Path, report: Report) -> None:
    """Few customers with half a year behind them, much traffic each. Leaves its database for the replay."""
    await run(scale, folder, report, key="ingest_small", customers=scale.small, past=traffic.half_a_year)


async def large(scale: Scale, folder: Path, report: Report) -> None:
    """Many customers with the least past that gives a grade, little traffic each."""
    scale = msgspec.structs.replace(scale, events=scale.events // 2)
    await run(scale, folder, report, key="ingest_large", customers=scale.large, past=traffic.quarter)


async def run(scale: Scale, folder: Path, report: Report, *, key: str, customers: int, past: Past) -> None:
    """Measure one mixture."""
    today = clock.today(ZONE)
    async with started(folder, report) as parts:
        with working(parts, scale.workers) as workers:
            since = clock.monotonic()
            known = await told(parts, workers, past(customers, today))
            took = clock.monotonic() - since
            before, after = await measured(parts, workers, known, traffic.live(customers, scale.events, today))
            memory = max(resident(worker.pid) for worker in workers)
        await tell(report, parts, key, customers, before, after, memory)
        report.figure(f"{key}_past", f"the past of {customers:,} customers, start of the workers included", known / took,
                      "events/s", f"{known:,} facts")  # fmt: skip


@contextmanager
def working(parts: Parts, count: int) -> Iterator[list[Child]]:
    """*count* workers, started, and ended afterwards."""
    workers = [parts.worker(number=number) for number in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.stop(*STOP)


async def told(parts: Parts, workers: Sequence[Child], past: Iterator[traffic.Keyed]) -> int:
    """Produce *past*, and wait until all of it is decided. Returns how many facts it has."""
    known = await parts.produce(past)
    await until(parts, known, *workers, decided=True)
    return known


async def measured(
    parts: Parts, workers: Sequence[Child], known: int, facts: Iterator[traffic.Keyed]
) -> tuple[Reading, Reading]:
    """Produce *facts* after the *known* ones. Returns the readings at the first commit after that and at the last one."""
    total = known + await parts.produce(facts)
    before = await next_commit(parts, workers, total)
    await until(parts, total, *workers)
    after = read(parts, workers, total)
    assert not await parts.put_off(), "decisions about live facts were put off"
    return before, after


def read(parts: Parts, workers: Sequence[Child], facts: int) -> Reading:
    """Take a reading."""
    return Reading(
        clock.monotonic(), facts, sum(cpu_seconds(worker.pid) for worker in workers), cpu_seconds(parts.postgres.pid),
        cpu_seconds(parts.broker.pid),
    )  # fmt: skip


async def until(
    parts: Parts, count: int, *workers: Child, decided: bool = False, seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until *count* records are committed; *decided*: and no decision that was put off is still to be taken.

    Raises RuntimeError where a worker ends or they take far too long.
    """
    patience = clock.monotonic() + seconds
    while (reached := await parts.reached()) < count or (decided and await parts.put_off()):
        for worker in workers:
            if not worker.alive:
                raise RuntimeError(f"a worker ended: {worker.output().strip()[-300:]}")
        if clock.monotonic() > patience:
            raise RuntimeError(f"{reached:,} of {count:,} records after {seconds:.0f} s")
        await asyncio.sleep(LOOK_SECONDS)


async def next_commit(parts: Parts, workers: Sequence[Child], total: int) -> Reading:
    """The reading at the next commit, so that no batch is counted in part."""
    reached = now = await parts.reached()
    while now == reached < total and all(worker.alive for worker in workers):
        await asyncio.sleep(LOOK_SECONDS / 4)
        now = await parts.reached()
    if now >= total:
        raise RuntimeError("the workers were as fast as the facts were produced; take more --events")
    return read(parts, workers, now)


async def tell(
    report: Report, parts: Parts, key: str, customers: int, before: Reading, after: Reading, memory: float
) -> None:
    """Tell the rate and what it cost."""
    facts, seconds = after.facts - before.facts, after.at - before.at
    name = f"{customers:,} customers"
    batches = await parts.session.fetchval(
        "select count(distinct committed_at) from commits where committed_at > clock_timestamp() - $1 * interval '1 s'",
        clock.monotonic() - before.at,
    )
    decided = await parts.session.fetchval("select count(*) from customers where grade is not null")
    report.figure(key, f"facts to committed grade, {name}", facts / seconds, "events/s",
                  f"{facts:,} facts in {seconds:.1f} s, {decided:,} customers graded")  # fmt: skip
    thousand = 1000 / facts
    for part in ("worker", "postgres", "broker"):
        used = getattr(after, part) - getattr(before, part)
        report.figure(f"{key}_cpu_{part}", f"CPU of {NAMES[part]}, {name}", used * thousand, "s per 1,000 events")
    report.figure(f"{key}_batch", f"facts in one transaction, {name}", facts / max(batches, 1), "facts")
    report.figure(f"{key}_memory", f"memory of one worker, {name}", memory, "MiB")
