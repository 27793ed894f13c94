"""One step in a process of its own: `python -m tests.bench.step NAME FOLDER SCALE`; the parent gives it its time."""

from __future__ import annotations

import asyncio
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from shared.edge import clock
from tests.bench import machine
from tests.bench.report import Report
from tests.bench.scale import Scale

Step = Callable[[Scale, Path, Report], Coroutine[Any, Any, None] | None]

STEPS = {
    "limits": ("tests.bench.limits:limits", 120),
    "ingest-small": ("tests.bench.ingest:small", 200),
    "replay": ("tests.bench.replaying:replayed", 180),
    "peer": ("tests.bench.peer:peer", 120),
    "assessment": ("tests.bench.assessing:assessed", 60),
    "evaluation": ("tests.bench.explaining:explained", 30),
    "ingest-large": ("tests.bench.ingest:large", 480),
    "latency": ("tests.bench.latency:latency", 240),
    "alerting": ("tests.bench.alerting:alerting", 300),
    "checks": ("tests.bench.checking:checked", 600),
    "profile": ("tests.bench.profiling:profiled", 180),
    "populations": ("tests.bench.reviewing:populations", 1_000),
    "stored": ("tests.bench.storing:stored", 3_600),
    "import": ("tests.bench.importing:imported", 3_600),
}
"""Name → what runs, and the seconds it may take. In the order in which they run: replay reads what ingest-small left; what takes long is last."""


def where(folder: Path, name: str) -> Path:
    """The file that a step tells to."""
    return folder / f"{name}.json"


def main(name: str, folder: Path, scale: Scale) -> int:
    """Run the step; what it raises is told as its failure."""
    module, _, function = STEPS[name][0].partition(":")
    report = Report(name, where(folder, name))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("its time is over"))  # so that what it started is ended, too
    report.remark(f"An addition in a loop of Python took {machine.addition():.0f} ns before this step.")
    since = clock.monotonic()
    try:
        step: Step = getattr(import_module(module), function)
        if (work := step(scale, folder / name, report)) is not None:
            asyncio.run(work)
    except Exception as error:
        traceback.print_exc()
        report.fail(f"{type(error).__name__}: {error}"[:300])
    report.told.seconds = clock.monotonic() - since
    report.keep()
    return 0 if report.told.failed is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), msgspec.json.decode(sys.argv[3], type=Scale)))
