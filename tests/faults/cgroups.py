"""Control groups, version 1: a bound on what processes may take of memory or processor, for as long as a row needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.result import NotHere

ROOT = Path("/sys/fs/cgroup")


@contextmanager
def bounded(controller: str, name: str, **settings: str) -> Iterator[Path]:
    """A group of *controller* (`memory`, `cpu`) with *settings* (file, dots as `_`, to value). Raises NotHere."""
    folder = ROOT / controller / f"gradeline-{name}-{os.getpid()}"
    if not (ROOT / controller / "cgroup.procs").exists():
        raise NotHere(f"no control group version 1 of {controller}")
    try:
        folder.mkdir()
    except OSError as error:
        raise NotHere(f"no control group of ours: {error}") from error
    try:
        for file, value in settings.items():
            (folder / file.replace("__", ".")).write_text(value)
        yield folder
    finally:
        for pid in (folder / "cgroup.procs").read_text().split():
            put(folder.parent, int(pid))
        folder.rmdir()


def put(folder: Path, pid: int) -> None:
    """Move the process *pid* into the group."""
    (folder / "cgroup.procs").write_text(str(pid))
