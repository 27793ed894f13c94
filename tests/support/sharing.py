"""Which test goes to which process of a run: file by file, and all that use the session's whole instance to one of them.

An instance is a dozen processes. Two of them, one in each process of the run, would take each other the processor.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parents[2]
ON_THE_INSTANCE = "tests that use the instance"
_ASKS = re.compile(r"(?<!\w)instance: RunningInstance")


class ByInstance(LoadFileScheduling):
    """`--dist loadfile`, the files that use the instance as one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return ON_THE_INSTANCE if uses_instance(file) else file


@cache
def uses_instance(file: str) -> bool:
    """Whether a test of *file* asks for the fixture `instance`."""
    return _ASKS.search((ROOT / file).read_text("utf-8")) is not None


def scheduler(config: Any, log: Any) -> LoadFileScheduling | None:
    """What hands tests out; None: what xdist would take anyway."""
    return ByInstance(config, log) if config.getvalue("dist") == "loadfile" else None
