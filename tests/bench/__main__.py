"""`make bench`: every step in a process of its own and within its time; the page and the data at the end.

python -m tests.bench [--quick] [--only NAME …] [--events N] [--stored N] [--out FOLDER]

With `--only`, the other steps keep the figures of the last run on this machine.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import msgspec

from shared.edge import clock
from shared.edge.embedded.process import spawn
from tests.bench import machine, page, readme
from tests.bench.report import Told, read
from tests.bench.scale import Scale, scaled
from tests.bench.step import STEPS, where

DOCS = Path(__file__).resolve().parents[2] / "docs"
STOP = ((signal.SIGTERM, 15.0),)
FOLLOW_SECONDS = 0.2


def main(words: list[str]) -> int:
    """Run the steps, write the page. Returns 1 where a step failed."""
    told = _parsed(words)
    scale = scaled(quick=told.quick, events=told.events, stored=told.stored)
    names = list(STEPS) if not told.only else [name for name in STEPS if name in told.only]
    if "replay" in names and "ingest-small" not in names:
        names.insert(names.index("replay"), "ingest-small")
    described, load, since = machine.described(), machine.load(), clock.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="gradeline-bench-"))
    folder.chmod(0o711)  # the database may run as another user
    try:
        tolds = [run(name, folder, scale) for name in names]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    told.out.mkdir(parents=True, exist_ok=True)
    for one in tolds:
        one.date = described["date"]
    if told.only and not told.quick:
        tolds = page.kept(told.out / "benchmarks.json", described, tolds, list(STEPS))
    (told.out / "benchmarks.md").write_text(page.page(described, scale, tolds, load, quick=told.quick), "utf-8")
    (told.out / "benchmarks.json").write_bytes(page.data(described, scale, tolds, load))
    if told.out == DOCS:
        readme.write(DOCS.parent / "README.md", DOCS / "benchmarks.json")
    failed = [one.step for one in tolds if one.failed]
    print(f"{clock.monotonic() - since:.0f} s; written to {told.out}/benchmarks.md and .json")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def run(name: str, folder: Path, scale: Scale) -> Told:
    """Run one step to its end or to its time; show what it says as it says it."""
    seconds = STEPS[name][1] * scale.patience
    print(f"{name} (at most {seconds:.0f} s)", flush=True)
    log = folder / f"{name}.log"
    words = [sys.executable, "-m", "tests.bench.step", name, str(folder), msgspec.json.encode(scale).decode()]
    child = spawn(words, log=log, die_with=signal.SIGTERM)
    shown, until = 0, clock.monotonic() + seconds
    try:
        while not child.wait(FOLLOW_SECONDS) and clock.monotonic() < until:
            shown = _follow(log, shown)
    finally:
        over = child.alive
        if over:
            child.stop(*STOP)
        _follow(log, shown)
    told = read(where(folder, name), name)
    if over:
        told.failed = f"not done after {seconds:.0f} s"
    elif child.exit_status and not told.failed:
        told.failed = f"ended with status {child.exit_status}: {child.output().strip()[-200:]}"
    if told.failed:
        print(f"  {name} failed: {told.failed}", flush=True)
    return told


def _follow(log: Path, shown: int) -> int:
    text = log.read_bytes()
    sys.stdout.write(text[shown:].decode(errors="replace"))
    sys.stdout.flush()
    return len(text)


def _parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Figures, side by side in one run.")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it runs, not what it reaches")
    parser.add_argument("--only", action="append", choices=list(STEPS), help="this step only; may be repeated")
    parser.add_argument("--events", type=int, help="facts of each ingest run")
    parser.add_argument("--stored", type=int, help="events in the store, at most, while the cost of one is measured")
    parser.add_argument("--out", type=Path, default=DOCS, help="folder of the page and the data")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
