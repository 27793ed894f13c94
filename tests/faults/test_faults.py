"""The most telling rows of the fault matrix, a seed each, in one system; and that the harness sees what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from tests.architecture.tree import ROOT
from tests.faults import invariants, table
from tests.faults.load import Load
from tests.faults.processes import killed_at
from tests.faults.result import Figures
from tests.faults.run import attempt
from tests.faults.world import World, prepare, running

pytestmark = [pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(240)]

SEED = 1
TOLD = (1, 2, 3, 29)
PLANTED = {"GRADELINE_PLANTED": "ack before commit", "PYTHONPATH": f"{ROOT / 'tests' / 'planted' / 'site'}:{ROOT}"}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the systems of this module keep their files."""
    with TemporaryDirectory(prefix="gradeline-faults-") as name:
        Path(name).chmod(0o711)  # the database may run as another user
        prepare(Path(name) / "template")
        yield Path(name)


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


@pytest.mark.parametrize("number", TOLD)
def test_a_fault_loses_nothing_and_doubles_nothing(world: World, runner: asyncio.Runner, number: int) -> None:
    line = runner.run(attempt(world, table.load()[number], SEED))

    assert line.failed == ""
    assert line.figures.sent == line.figures.acked == line.figures.applied > 100


def test_a_truth_that_differs_by_one_fact_is_seen(world: World, runner: asyncio.Runner) -> None:
    load = world.loads[-1]
    key = next(iter(load.acked))
    figures = Figures()
    del load.acked[key], load.sent[key]
    unknown = runner.run(invariants.look(world, figures))
    assert any(sentence.startswith("doubled or altered 1") for sentence in unknown)


def test_a_bug_in_the_product_makes_a_row_fail(folder: Path, runner: asyncio.Runner) -> None:
    async def first_commit(world: World, load: Load, rng: Random) -> None:
        await killed_at(world, load, world.workers[0], "before_db_commit:kill9:1")

    async def broken() -> tuple[str, int]:
        async with running(folder / "planted", folder / "template", "embedded", told=PLANTED) as world:
            world.patience = 10.0
            line = await attempt(world, table.load()[2], SEED, act=first_commit)
            return line.failed, line.figures.lost

    failed, lost = runner.run(broken())

    assert lost > 0
    assert f"lost {lost}" in failed
