"""Core knows values only: what it may import is a closed list, and now, chance and the machine are arguments."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

import grimp
import pytest

from tests.architecture import clocks
from tests.architecture.contracts import bare, graph
from tests.architecture.tree import PRODUCT, File, module_of, python

ALLOWED = {
    "__future__": "annotations as text",
    "bisect": "search in sorted lists",
    "calendar": "lengths of months",
    "collections": "containers and their abstract classes",
    "dataclasses": "values",
    "datetime": "dates as values; its clocks are banned below",
    "decimal": "money",
    "enum": "closed lists of codes",
    "fractions": "points by proportion, exactly",
    "functools": "caches of pure functions, and partial application",
    "hashlib": "identities and contents",
    "itertools": "loops",
    "math": "whole-number arithmetic; floats are refused below",
    "msgspec": "frozen values and their codec; no I/O",
    "operator": "comparisons as values",
    "re": "patterns",
    "types": "read-only mappings",
    "typing": "types",
    "unicodedata": "whether a text is in its one form",
}
"""Top-level package → what core needs it for. An addition is judged here: no clock, disk, network, thread or framework."""
MACHINE = {"open", "print", "input", "eval", "exec", "compile", "__import__", "breakpoint"}
"""Built-ins that reach the machine or load code."""
PLANTED = "services/planted/core/planted.py"


def strangers(given: grimp.ImportGraph) -> list[str]:
    """`importer → imported` for every import of a core module that is neither core nor on the list."""
    core = {module for module in given.modules if _is_core(module)}
    return sorted(
        f"{module} → {imported}"
        for module in core
        for imported in given.find_modules_directly_imported_by(module)
        if not _is_core(imported) and imported.partition(".")[0] not in ALLOWED
    )


def impurities(file: File) -> Iterator[str]:
    """`path:line: what` for every use of the machine, of global state or of floats in a core file."""
    for node in file.nodes:
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in MACHINE | {"float"}:
                yield f"{file.path}:{node.lineno}: {name}()"
            case ast.Constant(value=float()):
                yield f"{file.path}:{node.lineno}: a float; write a Decimal"
            case ast.Global():
                yield f"{file.path}:{node.lineno}: global"


def _is_core(module: str) -> bool:
    parts = module.split(".")
    return parts[:2] == ["shared", "core"] or (parts[0] == "services" and parts[2:3] == ["core"])


def test_core_imports_nothing_but_values() -> None:
    assert strangers(graph()) == []


def test_there_is_core_to_look_at() -> None:
    core = [file for file in python(*PRODUCT) if file.is_core]
    assert len(core) > 40
    assert {module_of(file) for file in core} == {module for module in graph().modules if _is_core(module)}


@pytest.mark.parametrize("name", ["os", "sys", "importlib", "tempfile", "requests", "shared.edge.codec", "gradeline"])
def test_a_planted_import_is_seen(name: str) -> None:
    planted = copy.deepcopy(bare())
    if name not in planted.modules:
        planted.add_module(name, is_squashed=True)
    planted.add_import(importer="shared.core.ledger.ledger", imported=name)
    assert strangers(planted) == [f"shared.core.ledger.ledger → {name}"]


def test_core_neither_touches_the_machine_nor_counts_in_floats() -> None:
    assert [found for file in python(*PRODUCT) if file.is_core for found in impurities(file)] == []


@pytest.mark.parametrize(
    "text",
    ["print('a')", "x = open('/etc/hosts')", "def f():\n    return __import__('os')", "rate = 0.05", "x = float('1')",
     "def f():\n    global x\n    x = 1", "eval('1')"],
)  # fmt: skip
def test_a_planted_impurity_is_seen(text: str) -> None:
    assert len(list(impurities(File(PLANTED, text)))) == 1


def test_nothing_reads_a_clock_or_chance_but_the_one_source() -> None:
    assert [found for file in python(*PRODUCT) for found in clocks.complaints(file)] == []


def test_every_allowance_is_used_and_none_is_for_core_or_a_clock() -> None:
    used = {(file.path, name) for file in python(*PRODUCT) for name, _ in clocks.readings(file)}
    assert set(clocks.ALLOWED) <= used
    assert {name.partition(".")[0] for _, name in clocks.ALLOWED} <= set(clocks.BANNED_MODULES)
    assert not [path for path, _ in clocks.ALLOWED if File(path, "").is_core]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from datetime import datetime\nx = datetime.now()", "datetime.datetime.now"),
        ("from datetime import UTC, datetime as dt\nx = dt.now(UTC)", "datetime.datetime.now"),
        ("import datetime\nx = datetime.datetime.utcnow()", "datetime.datetime.utcnow"),
        ("import datetime as d\nx = d.date.today()", "datetime.date.today"),
        ("from datetime import date\ndef f(day=date.today): ...", "datetime.date.today"),
        ("import time\nx = time.time()", "time.time"),
        ("from time import monotonic\nx = monotonic()", "time.monotonic"),
        ("def f():\n    import time as t\n    return t.perf_counter()", "time.perf_counter"),
        ("import uuid\nnew = uuid.uuid4", "uuid.uuid4"),
        ("import random\nx = random.random()", "random.random"),
        ("from random import choice\nx = choice([1])", "random.choice"),
        ("from random import Random\nx = Random()", "random.Random() without a seed"),
        ("import secrets\nx = secrets.token_hex(4)", "secrets.token_hex"),
        ("import os\nx = os.urandom(4)", "os.urandom"),
    ],
)
def test_a_planted_clock_is_seen(text: str, name: str) -> None:
    last = len(text.splitlines())
    assert clocks.complaints(File("shared/edge/planted.py", text)) == [f"shared/edge/planted.py:{last}: {name}"]


@pytest.mark.parametrize(
    "text",
    [
        "from random import Random\ndef f(rng: Random) -> None: ...\nx = Random(7)",
        "import time\ntime.sleep(1)",
        "from shared.edge import clock\nx = clock.now()",
        "from datetime import date\nx = date(2026, 1, 5)",
        "now = 5\ntime = now",
    ],
)
def test_what_is_no_clock_is_left_alone(text: str) -> None:
    assert clocks.complaints(File("shared/edge/planted.py", text)) == []
