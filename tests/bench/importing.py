"""A large ledger from one file into a running instance: rate, memory of the import, and whether its bar tells the truth.

The file has one row for each settled invoice, in the layout of the mapping `receivables-2012`. The import runs in a
process of its own, as `gradeline import` does it; what its bar is told is compared with the time that it really took.
"""

from __future__ import annotations

import csv
import multiprocessing
import resource
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from gradeline.importing import mapping as mappings
from gradeline.importing.job import Job
from gradeline.target import Target
from shared.edge import clock
from shared.edge.embedded.process import wait_until
from shared.edge.store.conservation import PENDING
from tests.bench.parts import PUT_OFF, ZONE
from tests.bench.report import Report
from tests.bench.scale import Scale
from tests.support.instance import up

MAPPING = "receivables-2012"
HEADER = ("countryCode", "customerID", "PaperlessDate", "invoiceNumber", "InvoiceDate", "DueDate", "InvoiceAmount",
          "Disputed", "SettledDate", "PaperlessBill", "DaysToSettle", "DaysLate")  # fmt: skip
ROWS_EACH = 50
DAYS = 730
"""Of trade, up to now."""
PATIENCE_SECONDS = 3_000.0
DONE = f"select ({PENDING}) = 0 as done"
"""Every fact is in the log. Deciding two years of a customer, day by day, goes on behind the line."""
BEHIND = f"select ({PUT_OFF}) as behind, (select count(*) from streams where version > 0) as customers"


class Told(NamedTuple):
    """What the process of the import found."""

    rows: int
    refused: int
    facts: int
    seconds: float
    most_mb: float
    begin_mb: float
    off: float
    """The largest difference between the share that a bar showed and the share of its time, 0 to 1."""


def rows(count: int, today: date) -> Iterator[tuple[str, ...]]:
    """*count* rows, customers mixed, dates in order."""
    random, customers, begin = Random(7), max(1, count // ROWS_EACH), today - timedelta(days=DAYS + 60)
    for number in range(count):
        booked = begin + timedelta(days=number * DAYS // count)
        due, days = booked + timedelta(days=30), random.randint(10, 60)
        paid, late = booked + timedelta(days=days), max(0, days - 30)
        yield (
            "391", f"L{number % customers:05d}", _day(booked), f"{number}", _day(booked), _day(due),
            f"{random.randint(100, 99_999)}.{random.randint(0, 99):02d}", "No", _day(paid), "Paper", f"{days}", f"{late}",
        )  # fmt: skip


def _day(on: date) -> str:
    return f"{on.month}/{on.day}/{on.year}"


def imported(scale: Scale, folder: Path, report: Report) -> None:
    """Write the file, import it, and wait until the last of it is decided."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "ledger.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        writer.writerows(rows(scale.rows, clock.today(ZONE)))
    with up(folder / "instance") as instance:
        since = clock.monotonic()
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        to = Target(instance.url, instance.token("integrator"))
        child = context.Process(target=carry_out, args=(file, to, answers), daemon=True)
        child.start()
        found: Told = answers.get(timeout=PATIENCE_SECONDS)
        child.join(10.0)
        if found.refused or found.rows != scale.rows:
            raise RuntimeError(f"{found.refused} of {found.rows} rows were refused, {scale.rows} were written")
        if not wait_until(lambda: bool(instance.rows(DONE)[0]["done"]), PATIENCE_SECONDS, pause=2.0):
            raise RuntimeError(f"not in the log within {PATIENCE_SECONDS:.0f} s")
        whole = clock.monotonic() - since
        (kept,) = instance.rows(BEHIND)
    megabytes = file.stat().st_size / 1e6
    report.figure("import_rows", f"a ledger of {found.rows:,} rows, {megabytes:.0f} MB, checked and posted",
                  found.rows / found.seconds, "rows/s", f"{found.facts:,} facts in {found.seconds:.0f} s")  # fmt: skip
    report.figure("import_whole", "the same, until the last of it is in the log", found.facts / whole, "facts/s",
                  f"of {kept['customers']:,} customers {kept['behind']:,} then wait for their two years to be decided")  # fmt: skip
    report.figure("import_memory", "most memory of the process that imports", found.most_mb, "MB",
                  f"{found.begin_mb:.0f} MB before the first row")  # fmt: skip
    report.figure("import_bar", "farthest that a bar was from the time that its work really took", 100 * found.off, "%")


def carry_out(file: Path, to: Target, answers: Any) -> None:
    """Import *file*, noting when the bars were told what."""
    shown: dict[str, list[tuple[float, float]]] = {}

    def show(done: int, total: int, what: str) -> None:
        shown.setdefault(what, []).append((clock.monotonic(), done / total if total else 0.0))

    job = Job(mappings.load(MAPPING), to, 500)
    begin = _most()
    done = job.carry_out(file, (), show).summary
    answers.put(
        Told(done.rows, done.rows_refused, sum(done.facts.values()), done.seconds, _most(), begin,
             max(map(_off, shown.values())))
    )  # fmt: skip


def _most() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _off(told: list[tuple[float, float]]) -> float:
    """How far the shares that were told were from the shares of the time, at most."""
    begin, end = told[0][0], told[-1][0]
    return max((abs((at - begin) / (end - begin) - share) for at, share in told), default=0.0) if end > begin else 0.0
