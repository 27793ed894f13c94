"""What an event costs while the store grows: the same customers and traffic, first among few events, then among many.

The database copies the logs of the customers under other names; nobody asks for the copies, they are in the way.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from shared.edge import clock
from tests.bench import traffic
from tests.bench.ingest import measured, told, working
from tests.bench.parts import ZONE, Parts, started
from tests.bench.report import Report
from tests.bench.scale import Scale

COPIED = {
    "events": "stream, version, identity, content, kind, type, source, id, time, utc_offset, business_on, recorded_at, "
    "partition, data",
    "streams": "stream, partition, version",
    "customers": "customer_id, version, as_of, currency, grade, method, score, since, receivable_balance, overdue_amount",
}
"""Table → its columns, of which the first is the customer."""
SIZE = "select sum(pg_total_relation_size(c.oid)) / 2 ^ 30 from pg_class c where relname ~ '^events_[0-9]+$'"


async def stored(scale: Scale, folder: Path, report: Report) -> None:
    """Measure the same traffic at each size of the store, smallest first."""
    today, events = clock.today(ZONE), scale.events // 4
    async with started(folder, report) as parts:
        with working(parts, scale.workers) as workers:
            known = await told(parts, workers, traffic.quarter(scale.large, today))
            facts = traffic.live(scale.large, events * len(scale.stored), today)
            base = int(await parts.session.fetchval("select count(*) from events"))
            copies, first = 0, 0.0
            for size in scale.stored:
                wanted = max(round(size / base), copies + 1)
                await copy(parts, scale.large, range(copies + 1, wanted))
                copies = max(copies, wanted - 1)
                before, after = await measured(parts, workers, known, islice(facts, events))
                known += events
                done = (after.facts - before.facts) / 1000
                worker, postgres = (after.worker - before.worker) / done, (after.postgres - before.postgres) / done
                cost = worker + postgres
                first = first or cost
                await tell(report, parts, scale.large, size, (cost, worker, postgres, cost / first),
                           1000 * done / (after.at - before.at))  # fmt: skip


async def copy(parts: Parts, customers: int, numbers: range) -> None:
    """Copy the log as it is of the *customers* that are known, once for each of *numbers*."""
    await parts.session.execute("set statement_timeout = 0")
    for number in numbers:
        for table, columns in COPIED.items():
            name, _, others = columns.partition(", ")
            await parts.session.execute(
                f"insert into {table} ({columns}) select {name} || '.{number}', {others} from {table} "
                f"where {name} >= 'B' and {name} < 'C' and length({name}) = {len(traffic.subject_of(0))}",
                timeout=600.0,
            )
        print(f"    copy {number} of the log of {customers:,} customers", flush=True)
    for table in COPIED:
        await parts.session.execute(f"vacuum (analyze) {table}", timeout=1_800.0)


async def tell(
    report: Report, parts: Parts, active: int, size: int, costs: tuple[float, float, float, float], rate: float
) -> None:
    """Tell what an event cost at this size."""
    cost, worker, postgres, share = costs
    events = int(await parts.session.fetchval("select sum(version) from streams"))
    customers = int(await parts.session.fetchval("select count(*) from streams"))
    gib = float(await parts.session.fetchval(SIZE))
    key, name = f"stored_{size}", f"{events / 1e6:.3g} million events of {customers:,} customers stored"
    note = f"{active:,} customers active; {gib:.1f} GiB with indexes"
    report.figure(f"{key}_cost", f"CPU of workers and database, {name}", cost, "s per 1,000 events", note)
    report.figure(f"{key}_worker", f"of this the workers, {name}", worker, "s per 1,000 events")
    report.figure(f"{key}_postgres", f"of this the database, {name}", postgres, "s per 1,000 events")
    report.figure(f"{key}_rate", f"facts to committed grade, {name}", rate, "events/s")
    report.figure(f"{key}_growth", f"cost of an event against the smallest store, {name}", share, "times")
