"""The most telling rows of the fault matrix, a seed each, in one system; and that the harness sees what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from tests.architecture.tree import ROOT
from tests.faults import groups, invariants, processes, table
from tests.faults.load import Load
from tests.faults.result import Figures
from tests.faults.run import attempt
from tests.faults.seen import applied
from tests.faults.table import Run
from tests.faults.together import applied_so_far, everything_dies, forgotten
from tests.faults.world import World, prepare, running

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(240)]

SEED = 1
TOLD: dict[str, tuple[int, Run | None]] = {
    "everything dies": (29, everything_dies),  # rows 1-3, 5 and 29
    "zombie": (7, None),
    "rebalance storm": (33, None),
    "database session killed": (14, None),
    "postmaster killed": (15, None),
    "disk full": (18, None),
    "poison flood": (49, None),
    "numbers in and out": (54, None),
}
"""What is done, by a name: the row, and what is run in its place where several are run together."""
PLANTED = {"GRADELINE_PLANTED": "ack before commit", "PYTHONPATH": f"{ROOT / 'tests' / 'planted' / 'site'}:{ROOT}"}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the systems of this module keep their files."""
    with TemporaryDirectory(prefix="gradeline-faults-") as name:
        Path(name).chmod(0o711)  # the database may run as another user
        prepare(Path(name) / "template")
        yield Path(name)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "STORM_SECONDS", 6.0)
    monkeypatch.setattr(processes, "ZOMBIE_SECONDS", 7.0)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """The loop that the shared system lives on."""
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def world(folder: Path, runner: asyncio.Runner) -> Iterator[World]:
    """A system that the rows share; each has customers of its own, and everything is checked after each."""
    shared = running(folder / "shared", folder / "template", "embedded", workers=2)
    yield runner.run(shared.__aenter__())
    runner.run(shared.__aexit__(None, None, None))


@pytest.mark.parametrize("name", TOLD)
def test_a_fault_loses_nothing_and_doubles_nothing(world: World, runner: asyncio.Runner, name: str) -> None:
    number, act = TOLD[name]
    line = runner.run(attempt(world, table.load()[number], SEED, act=act))
    if line.not_here:
        pytest.skip(line.not_here)

    assert line.failed == ""
    assert line.figures.sent == line.figures.acked == line.figures.applied > 100


def test_a_truth_that_differs_by_one_fact_is_seen(world: World, runner: asyncio.Runner) -> None:
    load = world.loads[-1]
    key = next(iter(load.acked))
    fact, word = load.acked.pop(key), load.sent.pop(key)
    unknown = runner.run(invariants.look(world, Figures()))
    load.acked[key], load.sent[key] = fact, word
    assert any(sentence.startswith("doubled or altered 1") for sentence in unknown)


def test_a_bug_in_the_product_makes_a_row_fail(world: World, runner: asyncio.Runner) -> None:
    """The last one: facts are lost. Whatever is not lost has time to be applied before it is counted."""

    async def first_commit(world: World, load: Load, rng: Random) -> None:
        one = world.workers[0]
        await forgotten(world, *world.workers)
        for number, commits in enumerate((14, 24, 40)):  # how many it takes to take over is not known beforehand
            one.start(failpoint=f"before_db_commit:kill9:{commits}", **PLANTED)
            before = await applied(world, load)
            await load.post(load.facts[20 * number : 20 * (number + 1)])
            with suppress(AssertionError):
                await applied_so_far(world, load, least=before + 20, seconds=20.0)
            if one.alive:  # and at work: what follows comes in small batches
                break
        async with load.flowing():
            await one.died()
        for worker in world.workers:
            worker.start()
        await applied_so_far(world, load, least=20)

    world.patience = 1.0
    line = runner.run(attempt(world, table.load()[2], SEED, act=first_commit))

    assert 0 < line.figures.lost <= line.figures.acked - 20
    assert f"lost {line.figures.lost}" in line.failed
