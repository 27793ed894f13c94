"""Whatever a test takes from the product is there: a name that moved is found by `make check`, not by the whole `make test`."""

from __future__ import annotations

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("shared", "services", "gradeline")
FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))


def missing(source: str) -> list[str]:
    """The names that *source* imports from the product, and that are not there."""
    wanted = [
        (node.module, name.name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PRODUCT
        for name in node.names
    ]
    return [f"{module}.{name}" for module, name in wanted if not is_there(module, name)]


def is_there(module: str, name: str) -> bool:
    if find_spec(module) is None:
        return False
    held = importlib.import_module(module)
    return hasattr(held, name) or (hasattr(held, "__path__") and find_spec(f"{module}.{name}") is not None)


@pytest.mark.parametrize("folder", sorted({path.parts[1] for path in FILES if len(path.parts) > 2}))
def test_every_name_that_tests_take_from_the_product_is_there(folder: str) -> None:
    files = [path for path in FILES if path.parts[1] == folder]
    assert {str(path): found for path in files if (found := missing((ROOT / path).read_text()))} == {}


def test_a_name_that_moved_and_a_module_that_is_gone_are_found() -> None:
    assert missing("from shared.core.money import settle, Gone\nfrom shared.core.nowhere import a\nimport os") == [
        "shared.core.money.Gone",
        "shared.core.nowhere.a",
    ]
