"""`make faults`: every row on every kind of broker, each in a process, a network and a time of its own; then the page.

python -m tests.faults [--rows 1,3,29-35] [--seeds N] [--broker embedded|kafka|both] [--jobs N] [--quick] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.edge import clock
from shared.edge.embedded.process import spawn
from tests.architecture.tree import ROOT
from tests.faults import page, table
from tests.faults.result import Line, merged, read, write
from tests.faults.run import commit, machine
from tests.faults.table import BROKERS, Row
from tests.faults.world import prepare
from tests.support.parts import why_no_kafka

DOCS = ROOT / "docs"
STOP = ((signal.SIGTERM, 20.0),)
START_SECONDS = 60.0
FIRST_SEED = 1


class Job(NamedTuple):
    """One row on one kind of broker."""

    row: Row
    broker: str


def main(words: list[str]) -> int:
    """Run, write data and page. Returns 0 only where every run passed, or could not be had here."""
    told = _parsed(words)
    seeds = list(range(FIRST_SEED, FIRST_SEED + (1 if told.quick else told.seeds)))
    kinds = BROKERS if told.broker == "both" else (told.broker,)
    jobs = [Job(row, kind) for row in _chosen(told.rows) for kind in row.brokers if kind in kinds]
    no_kafka = why_no_kafka() if any(job.broker == "kafka" for job in jobs) else None
    folder = Path(tempfile.mkdtemp(prefix="gradeline-faults-"))
    folder.chmod(0o711)  # the database may run as another user
    try:
        prepare(folder / "template")
        told.out.mkdir(parents=True, exist_ok=True)
        data = told.out / "faults.jsonl"
        before, lines = read(data), list[Line]()
        for line in _all(jobs, seeds, folder, no_kafka, at_once=told.jobs):
            lines.append(line)
            write(data, merged(before, lines))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    (told.out / "faults.md").write_text(page.page(table.load(), read(data)), "utf-8")
    failed = [line for line in lines if line.failed]
    for line in failed:
        print(f"row {line.row} on {line.broker}, seed {line.seed}: {line.failed}")
    print(f"{len(lines)} runs, {len(failed)} failed; written to {told.out}/faults.md and .jsonl")
    return 1 if failed else 0


def _all(jobs: list[Job], seeds: list[int], folder: Path, no_kafka: str | None, *, at_once: int) -> Iterator[Line]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress, ThreadPoolExecutor(at_once) as pool:
        bar = progress.add_task("faults", total=len(jobs) * len(seeds))
        for lines in pool.map(lambda job: run(job, seeds, folder, no_kafka), jobs):
            for line in lines:
                progress.advance(bar)
                word = "not here" if line.not_here else "FAILED" if line.failed else "passed"
                said = line.not_here or line.failed or f"{line.figures.recover_s or '-'} s to recover"
                progress.console.print(
                    f"row {line.row:>2} {line.broker:<8} seed {line.seed} {word}: {said}", highlight=False
                )
                yield line


def run(job: Job, seeds: list[int], folder: Path, no_kafka: str | None) -> list[Line]:
    """Run one row in processes of their own, each within its time, until every seed has a line."""
    if job.broker == "kafka" and no_kafka:
        return [_line(job, seed, not_here=no_kafka) for seed in seeds]
    out, left = folder / f"{job.row.row}-{job.broker}.jsonl", list(seeds)
    while left:
        seconds = START_SECONDS * (len(left) if job.row.fresh else 1) + job.row.seconds * len(left)
        words = [sys.executable, "-W", "ignore", "-m", "tests.faults.run", str(job.row.row), job.broker, str(folder)]
        log = folder / f"{job.row.row}-{job.broker}.log"
        child = spawn([*words, *map(str, left)], log=log, die_with=signal.SIGTERM)
        over = not child.wait(seconds)
        if over:
            child.stop(*STOP)
        done = {line.seed for line in read(out)}
        missing = [seed for seed in left if seed not in done]
        if missing:  # it ended in the middle of this one
            why = f"not done within {seconds:.0f} s" if over else f"ended with status {child.exit_status}"
            with out.open("ab") as lines:
                lines.write(_encoded(_line(job, missing[0], failed=f"{why}: {child.output().strip()[-300:]}")))
        left = missing[1:]
    return read(out)


def _encoded(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def _line(job: Job, seed: int, **said: str) -> Line:
    return Line(row=job.row.row, broker=job.broker, seed=seed, commit=commit(), machine=machine(),
                date=str(clock.now().date()), **said)  # fmt: skip


def _chosen(text: str | None) -> list[Row]:
    rows = {number: row for number, row in table.load().items() if not row.left_out}
    if text is None:
        return list(rows.values())
    wanted: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        wanted |= set(range(int(first), int(last or first) + 1))
    return [row for number, row in rows.items() if number in wanted]


def _parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Faults on real processes.")
    parser.add_argument("--rows", help="these only, e.g. 1,3,29-35")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each row on each kind of broker")
    parser.add_argument("--broker", choices=[*BROKERS, "both"], default="both")
    parser.add_argument("--jobs", type=int, default=1, help="rows at once; each has a network of its own")
    parser.add_argument("--quick", action="store_true", help="one seed each: shows that it runs")
    parser.add_argument("--out", type=Path, default=DOCS, help="folder of the page and the data")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
