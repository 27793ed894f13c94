"""Where the time of the worker goes: the ingest of few customers once more, shorter, under cProfile.

The profiler makes small functions look dearer than they are; shares tell where to look, not what would be saved.
"""

from __future__ import annotations

import cProfile
import pstats
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from shared.edge import clock
from shared.edge.embedded.process import wait_until
from tests.bench import traffic
from tests.bench.ingest import until
from tests.bench.parts import STOP, ZONE, started
from tests.bench.report import Report
from tests.bench.scale import Scale

SHARE = 10
"""The run is shorter than the ingest itself by this."""
LEAST = 20_000
TOP = 15
ROOT = f"{Path(__file__).resolve().parents[2]}/"


async def profiled(scale: Scale, folder: Path, report: Report) -> None:
    """Tell the functions that took most of the time, themselves and with what they called."""
    scale = msgspec.structs.replace(scale, events=max(scale.events // SHARE, LEAST))
    today, stats = clock.today(ZONE), folder / "worker.pstats"
    async with started(folder, report) as parts:
        known = await parts.produce(traffic.quarter(scale.small, today))
        worker = parts.worker("-m", "tests.bench.profiling", str(stats))
        try:
            await until(parts, known, worker, decided=True)
            worker.send(signal.SIGUSR1)
            await until(parts, known + await parts.produce(traffic.live(scale.small, scale.events, today)), worker)
        finally:
            worker.stop(*STOP)
        if not wait_until(stats.exists, 5.0):
            raise RuntimeError("the profiled worker left nothing")
    rows = _top(pstats.Stats(str(stats)))
    report.table(
        f"Where the worker's time goes ({scale.events:,} facts of today about {scale.small:,} customers, cProfile)",
        ("function", "itself", "with what it calls", "calls a fact"),
        [(name, f"{100 * own:.1f} %", f"{100 * whole:.1f} %", f"{calls / scale.events:.2f}")
         for name, own, whole, calls in rows],
    )  # fmt: skip


def _top(stats: Any) -> list[tuple[str, float, float, int]]:
    """Name, share of the time by itself, share with what it calls, calls. Waiting is left out."""
    busy = {
        where: found for where, found in stats.stats.items() if "uvloop" not in where[2] and "uvloop" not in where[0]
    }
    total = sum(found[2] for found in busy.values())
    ordered = sorted(busy.items(), key=lambda item: -item[1][2])[:TOP]
    return [(_named(where), found[2] / total, min(found[3] / total, 1.0), found[1]) for where, found in ordered]


def _named(where: tuple[str, int, str]) -> str:
    file, line, function = where
    if file == "~":
        return function.strip("<>")
    short = file.removeprefix(ROOT).partition("site-packages/")[2] or file.removeprefix(ROOT)
    return f"{short}:{line} {function}"


def main(path: str) -> int:
    """Be the worker of rating, under a profiler that begins at SIGUSR1 and leaves what it saw at *path*."""
    from services.rating.worker import run
    from shared.edge import settings

    profiler = cProfile.Profile()
    signal.signal(signal.SIGUSR1, lambda *_: profiler.enable())
    try:
        return run(settings.load())
    finally:
        profiler.disable()
        profiler.dump_stats(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
