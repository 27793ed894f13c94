"""A drop folder: which files are whole by now, and where they go.

A file is whole when its size and time stand still for a while, or when its sender says so by a marker (`NAME.done`). Names of
files that are still being written (a dot in front, `.part`, `.tmp`) are passed over: a sender may rename at the end.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from gradeline.importing.journal import DONE, FAILED
from shared.core.errors import Misconfigured

TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xls")
MOST = 10_000
"""So many names are looked at in one look; more wait for the next."""
LOCK = ".gradeline-watch.lock"


class Stamp(NamedTuple):
    """What changes when a file is written to."""

    modified_ns: int
    size: int
    inode: int


class Folder:
    """One drop folder with its `done` and `failed`."""

    def __init__(self, path: Path, *, settle_s: float, marker: str | None) -> None:
        """Files are whole after *settle_s* seconds without a change, or once *marker* (e.g. `.done`) stands beside them."""
        self.path, self._settle, self._marker = path, settle_s, marker
        self._seen: dict[str, tuple[Stamp, float]] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process, and make its parts. Raises Misconfigured."""
        try:
            for part in (DONE, FAILED):
                (self.path / part).mkdir(exist_ok=True)
            lock = (self.path / LOCK).open("a")
        except OSError as closed:
            raise Misconfigured(f"{self.path}: cannot be used as a drop folder ({closed.strerror})") from closed
        with lock:
            try:
                fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Misconfigured(f"{self.path}: another process watches this folder; stop it first") from None
            for left in self.path.glob(".*.report.*"):  # half-made when the process before us ended
                left.unlink()
            yield

    def whole(self, now: float) -> list[Path]:
        """The files that are whole at *now* (monotonic seconds), those that were written first in front."""
        before, self._seen = self._seen, {}
        for name, stamp in self._tables().items():
            known = before.get(name)
            self._seen[name] = known if known is not None and known[0] == stamp else (stamp, now)
        ready = [(stamp, name) for name, (stamp, since) in self._seen.items() if self._is_whole(name, now - since)]
        return [self.path / name for _, name in sorted(ready)]

    def _is_whole(self, name: str, stood_s: float) -> bool:
        return self._is_marked(name) if self._marker else stood_s >= self._settle

    @property
    def unsettled(self) -> list[str]:
        """Names that were there at the last look."""
        return sorted(self._seen)

    def stamp(self, path: Path) -> Stamp | None:
        """The stamp of *path* now; None where it is gone."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)

    def move(self, path: Path, *, to: str, at: datetime) -> Path:
        """Move *path* (and its marker) into the part *to*; returns where it is. Raises OSError."""
        target = self.free(path.name, to=to, at=at)
        path.rename(target)
        for marker in self._markers(path.name):
            marker.unlink(missing_ok=True)
        self._seen.pop(path.name, None)
        return target

    def free(self, name: str, *, to: str, at: datetime) -> Path:
        """A name in the part *to* that nothing has yet: the instant, then *name*."""
        stamp = at.strftime("%Y%m%dT%H%M%SZ")
        tries = (f"{stamp}-{name}" if n == 1 else f"{stamp}-{n}-{name}" for n in range(1, MOST))
        return next(path for one in tries if not (path := self.path / to / one).exists())

    def _tables(self) -> dict[str, Stamp]:
        found: dict[str, Stamp] = {}
        with os.scandir(self.path) as entries:
            for _, entry in zip(range(MOST), entries, strict=False):
                name = entry.name
                if name.startswith((".", "~$")) or Path(name).suffix.lower() not in TABLES:
                    continue
                if entry.is_file(follow_symlinks=False):
                    stamp = self.stamp(self.path / name)
                    if stamp is not None:
                        found[name] = stamp
        return found

    def _markers(self, name: str) -> list[Path]:
        if not self._marker:
            return []
        return [self.path / f"{name}{self._marker}", (self.path / name).with_suffix(self._marker)]

    def _is_marked(self, name: str) -> bool:
        return any(marker.exists() for marker in self._markers(name))
