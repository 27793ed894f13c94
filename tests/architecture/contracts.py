"""The import contracts of `pyproject.toml`, each checked by import-linter's own code on a graph that is given."""

from __future__ import annotations

from functools import cache
from typing import Any

import grimp
from importlinter import api
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract

from tests.architecture.tree import PRODUCT, ROOT

KINDS: dict[str, Any] = {"layers": LayersContract, "forbidden": ForbiddenContract, "independence": IndependenceContract}
EDGES = ("handlers", "api", "worker", "relay")
"""The parts of a service that never speak to a driver (contract 5)."""
BEHIND = ("handlers", "adapters", "worker", "relay")
"""The parts of a service that never see FastAPI (contract 6)."""


@cache
def graph() -> grimp.ImportGraph:
    """Who imports whom in the product, down to packages of others. Copy it before changing it."""
    return grimp.build_graph(*PRODUCT, include_external_packages=True, cache_dir=None)


@cache
def bare() -> grimp.ImportGraph:
    """The modules of today without any import, which keeps every contract. Copy it before changing it."""
    made = grimp.ImportGraph()
    for module in graph().modules:
        made.add_module(module, is_squashed=graph().is_module_squashed(module))
    return made


@cache
def contracts() -> dict[int, dict[str, Any]]:
    """Number → options of each contract; the number is the first word of its name."""
    options = api.read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    return {int(option["name"].split(".")[0]): option for option in options}


@cache
def session() -> dict[str, Any]:
    """What holds for all contracts."""
    found: dict[str, Any] = api.read_configuration(str(ROOT / "pyproject.toml"))["session_options"]
    return found


def is_kept(number: int, given: grimp.ImportGraph) -> bool:
    """Whether *given* keeps the contract *number*."""
    options = contracts()[number]
    contract = KINDS[options["type"]](name=options["name"], session_options=session(), contract_options=options)
    return bool(contract.check(given, verbose=False).kept)


def forgotten(modules: set[str]) -> list[str]:
    """What is among *modules* and in none of the lists of the contracts that should name it: `number: module`."""
    services = {".".join(module.split(".")[:2]) for module in modules if module.count(".") and _is_service(module)}
    wanted = {
        2: services,
        3: services,
        4: {"shared.core"} | {f"{service}.core" for service in services} & modules,
        5: {f"{service}.{part}" for service in services for part in EDGES} & modules,
        6: {f"{service}.{part}" for service in services for part in BEHIND} & modules,
    }
    named = {number: _named(contracts()[number]) for number in wanted}
    return [f"{number}: {module}" for number, all_of in wanted.items() for module in sorted(all_of - named[number])]


def _is_service(module: str) -> bool:
    return module.startswith("services.")


def _named(options: dict[str, Any]) -> set[str]:
    return {*options.get("containers", ()), *options.get("modules", ()), *options.get("source_modules", ())}
