"""Each import contract has been seen to fail: on today's modules with one import, and on a small tree of files."""

from __future__ import annotations

import copy
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

from tests.architecture.contracts import bare, contracts, is_kept
from tests.architecture.tree import PRODUCT, ROOT

FORBIDDEN = (
    (1, "services.rating.settings", "gradeline.main"),
    (1, "shared.edge.settings", "services.rating.settings"),
    (1, "shared.edge.clock", "gradeline.instance"),
    (1, "shared.core.money", "shared.edge.clock"),
    (2, "services.rating.core.engine", "services.rating.adapters.log"),
    (2, "services.rating.core.engine", "services.rating.settings"),
    (2, "services.rating.adapters.log", "services.rating.handlers.posting"),
    (2, "services.rating.handlers.posting", "services.rating.adapters.log"),
    (2, "services.rating.handlers.posting", "services.rating.api.events"),
    (2, "services.rating.worker", "services.rating.api.events"),
    (2, "services.rating.worker", "services.rating.relay"),
    (2, "services.rating.api.events", "services.rating.main"),
    (2, "services.exposure.core", "services.exposure.adapters"),
    (2, "services.alerts.handlers", "services.alerts.main"),
    (3, "services.rating.worker", "services.exposure"),
    (3, "services.exposure.worker", "services.rating.core.engine"),
    (3, "services.alerts.worker", "services.exposure.core"),
    (4, "services.rating.core.engine", "shared.edge.clock"),
    (4, "shared.core.money", "shared.edge.clock"),
    *((4, "services.rating.core.engine", name) for name in contracts()[4]["forbidden_modules"] if "." not in name),
    *((4, "shared.core.money", name) for name in contracts()[4]["forbidden_modules"] if "." not in name),
    (5, "services.rating.handlers.posting", "asyncpg"),
    (5, "services.rating.api.customers", "sqlalchemy"),
    (5, "services.rating.worker", "kafka"),
    (5, "services.rating.relay", "kafka"),
    (6, "services.rating.handlers.posting", "fastapi"),
    (6, "services.rating.adapters.log", "starlette"),
    (6, "services.rating.worker", "fastapi"),
    (6, "services.rating.relay", "fastapi"),
)
"""(contract, importer, imported)."""
SMALL_TREE = """
services/rating/main.py services/rating/settings.py services/rating/worker.py services/rating/relay.py
services/rating/api/__init__.py services/rating/handlers/__init__.py services/rating/adapters/__init__.py
services/rating/core/__init__.py services/exposure/__init__.py services/alerts/__init__.py
services/exposure/core/__init__.py services/exposure/handlers/__init__.py services/exposure/adapters/__init__.py
services/exposure/api/__init__.py services/exposure/worker.py services/exposure/relay.py
services/alerts/core/__init__.py services/alerts/handlers/__init__.py services/alerts/adapters/__init__.py
services/alerts/api/__init__.py services/alerts/worker.py services/alerts/relay.py
shared/core/__init__.py shared/edge/__init__.py gradeline/__init__.py
"""
BROKEN_FILES = {
    1: ("shared/edge/planted.py", "import gradeline"),
    2: ("services/rating/adapters/planted.py", "import services.rating.handlers"),
    3: ("services/alerts/planted.py", "import services.exposure"),
    4: ("services/rating/core/planted.py", "def now():\n    import time"),
    5: ("services/rating/worker.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import asyncpg"),
    6: ("services/rating/relay.py", "from fastapi import FastAPI"),
}
"""One violation of each contract as a file: hidden in a function, and behind TYPE_CHECKING, too."""


def planted(importer: str, imported: str) -> grimp.ImportGraph:
    """Return today's modules with one import and no other."""
    made = copy.deepcopy(bare())
    for name in (importer, imported):
        if name not in made.modules:
            made.add_module(name, is_squashed=name.partition(".")[0] not in PRODUCT)
    made.add_import(importer=importer, imported=imported)
    return made


@pytest.mark.parametrize(("number", "importer", "imported"), FORBIDDEN)
def test_one_import_breaks_the_contract(number: int, importer: str, imported: str) -> None:
    assert is_kept(number, bare())
    assert not is_kept(number, planted(importer, imported))


def test_every_contract_is_broken_here_by_something() -> None:
    assert {number for number, _, _ in FORBIDDEN} == set(contracts()) == set(BROKEN_FILES)


def test_core_may_not_reach_the_disk_through_a_module_between() -> None:
    reached = planted("shared.core.money", "shared.planted")
    assert is_kept(4, reached)
    reached.add_import(importer="shared.planted", imported="os")
    assert not is_kept(4, reached)


def test_a_module_that_has_no_place_in_a_service_is_refused() -> None:
    made = copy.deepcopy(bare())
    made.add_module("services.rating.planted")
    assert not is_kept(2, made)


def test_the_service_may_speak_to_a_driver_through_its_adapters() -> None:
    """The contracts are not so strict that nothing could be built."""
    made = copy.deepcopy(bare())
    for importer, imported in (
        ("services.rating.main", "services.rating.worker"),
        ("services.rating.main", "services.rating.adapters.log"),
        ("services.rating.adapters.log", "sqlalchemy"),
        ("services.rating.api.events", "services.rating.handlers.posting"),
    ):
        made.add_import(importer=importer, imported=imported)
    assert [number for number in contracts() if not is_kept(number, made)] == []


@pytest.mark.parametrize("is_broken", [False, True])
def test_lint_imports_itself_sees_the_files(tmp_path: Path, is_broken: bool) -> None:
    for path in SMALL_TREE.split():
        for folder in reversed((tmp_path / path).relative_to(tmp_path).parents[:-1]):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "__init__.py").touch()
        (tmp_path / path).touch()
    for path, text in BROKEN_FILES.values() if is_broken else ():
        (tmp_path / path).write_text(text, "utf-8")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    said = lint_imports(tmp_path)
    names = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    assert said.stdout.count(" BROKEN\n") == (len(names) if is_broken else 0), said.stdout + said.stderr
    assert said.stdout.count(" KEPT\n") == (0 if is_broken else len(names)), said.stdout + said.stderr
    assert said.returncode == int(is_broken)


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it as `make check` does, in *folder*."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, env={"COLUMNS": "200"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
