"""The rows: which faults there are, what is expected of each, where it can run. The text is in `rows.yaml`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

if TYPE_CHECKING:
    from random import Random

    from tests.faults.load import Load
    from tests.faults.world import World

PATH = Path(__file__).with_name("rows.yaml")
BROKERS = ("embedded", "kafka")
Run = Callable[["World", "Load", "Random"], Awaitable[None]]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the matrix. Its function is `row_<number>` in the module *family*."""

    row: int
    family: str
    fault: str
    expect: str
    brokers: tuple[str, ...] = ("embedded",)
    """Kinds of broker it is run on."""
    workers: int = 1
    fresh: bool = False
    """Whether each seed needs a system of its own, because the fault leaves traces."""
    through: tuple[str, ...] = ()
    """`database`, `broker`: reached through a proxy, which the row may slow or cut."""
    seconds: float = 90.0
    """How long one seed may take."""
    left_out: str = ""
    """Why it is not run at all."""

    @property
    def function(self) -> Run:
        """What runs it. Raises AttributeError where nobody has written it."""
        module: Any = import_module(f"tests.faults.{self.family}")
        found: Run = getattr(module, f"row_{self.row}")
        return found


def load() -> dict[int, Row]:
    """Every row by its number."""
    rows = msgspec.convert(yaml.safe_load(PATH.read_text("utf-8")), list[Row])
    found = {row.row: row for row in rows}
    assert len(found) == len(rows), "a number is given twice"
    return dict(sorted(found.items()))
