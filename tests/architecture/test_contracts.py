"""The import contracts hold, as `lint-imports` says it, and none forgets a service."""

from __future__ import annotations

import copy

import pytest
from importlinter.cli import lint_imports

from tests.architecture.contracts import contracts, forgotten, graph, is_kept
from tests.architecture.tree import PRODUCT, ROOT, module_of, python


def test_lint_imports_keeps_every_contract(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    said = capsys.readouterr().out
    assert status == 0, said
    assert f"Contracts: {len(contracts())} kept, 0 broken." in said
    assert len(contracts()) == 6


@pytest.mark.parametrize("number", contracts())
def test_each_contract_holds_by_itself(number: int) -> None:
    assert is_kept(number, graph()), contracts()[number]["name"]


def test_the_graph_holds_every_file_that_ships() -> None:
    names = {module_of(file) for file in python(*PRODUCT)}
    assert {name for name in names - graph().modules if ".migrations.versions." not in name} == set()


def test_no_service_is_left_out_of_a_contract() -> None:
    assert forgotten(graph().modules) == []


def test_a_service_that_was_left_out_is_seen() -> None:
    planted = copy.deepcopy(graph())
    for name in ("planted", "planted.core", "planted.api"):
        planted.add_module(f"services.{name}")
    assert forgotten(planted.modules) == [
        "2: services.planted",
        "3: services.planted",
        "4: services.planted.core",
        "5: services.planted.api",
    ]
