"""One row on one broker, seed after seed: `python -m tests.faults.run ROW BROKER FOLDER SEED…`; the parent gives it its time."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import msgspec
import psutil

from shared.edge import clock
from tests.architecture.tree import ROOT
from tests.faults import namespace, table
from tests.faults.result import Line, NotHere
from tests.faults.table import Row, Run
from tests.faults.world import World, running


async def attempt(world: World, row: Row, seed: int, *, act: Run | None = None) -> Line:
    """Run *row* (or *act* in its place) once in *world*, on customers of its own, and check everything."""
    from tests.faults import invariants

    line = Line(
        row=row.row, broker=world.kind, seed=seed, commit=commit(), machine=machine(), date=str(clock.now().date())
    )
    since, random = clock.monotonic(), Random(f"{row.row}/{seed}")
    world.noted, world.fault_at = {}, None
    load = world.load(f"R{row.row}-{seed}", random)
    broken: list[str] = []
    try:
        await (act or row.function)(world, load, random)
    except NotHere as reason:
        line.not_here = str(reason)
        return line
    except Exception as error:  # whatever a row raises is what it found
        broken.append(f"{type(error).__name__}: {str(error)[:400]}")
    broken += [
        f"{one.name} ended by itself with {one.exit_status}: {one.said()}"
        for one in world.processes
        if one.ended_by_itself
    ]
    try:
        await world.whole()
        await load.rest()
        if waiting := await world.settled():
            broken.append(f"not at rest after {world.patience:g} s: {', '.join(waiting)}")
        if world.fault_at is not None:
            line.figures.recover_s = round(clock.monotonic() - world.fault_at, 2)
        broken += await invariants.look(world, line.figures)
    except Exception as error:  # then it did not recover
        broken.append(f"{type(error).__name__}: {str(error)[:400]}")
    line.figures.refused = load.refused
    line.noted, line.failed = world.noted, "; ".join(broken)
    line.seconds = round(clock.monotonic() - since, 1)
    return line


async def attempts(row: Row, kind: str, folder: Path, seeds: list[int], out: Path) -> None:
    """Run *row* with every seed, and append a line for each to *out* as soon as it is known.

    One world serves all seeds, unless the row leaves traces or a run failed.
    """
    left = list(seeds)
    while left:
        async with running(
            folder / f"{row.row}-{kind}-{left[0]}", folder / "template", kind, workers=row.workers, through=row.through
        ) as world:
            while left:
                line = await attempt(world, row, left.pop(0))
                with out.open("ab") as lines:
                    lines.write(msgspec.json.encode(line) + b"\n")
                if row.fresh or line.failed:
                    break


def commit() -> str:
    """The commit that runs, with a + where files differ from it."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


def machine() -> str:
    """What it runs on."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def main(row: int, kind: str, folder: Path, seeds: list[int]) -> int:
    """Run; what is said goes to `<folder>/<row>-<kind>.jsonl`."""
    why = namespace.enter()
    if why:
        print(why, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("its time is over"))  # so that what it started is ended, too
    asyncio.run(attempts(table.load()[row], kind, folder, seeds, folder / f"{row}-{kind}.jsonl"))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), [int(seed) for seed in sys.argv[4:]]))
