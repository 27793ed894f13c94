"""Which contents a drop folder has imported already: a line of JSON for each file, kept in order, flushed to the disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

CHUNK = 1 << 20
DONE, FAILED = "done", "failed"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file."""

    sha256: str
    name: str
    outcome: str
    """`done`: every row was taken. `failed`: some row or the file was refused; the same content may be tried again."""
    mapping: str
    at: datetime
    rows: int = 0
    rows_refused: int = 0
    moved_to: str = ""


class Journal:
    """The lines of one folder. One process writes them."""

    def __init__(self, path: Path) -> None:
        """Read what there is; a last line that a crash cut off counts as not written."""
        self._path = path
        self._done: dict[str, Entry] = {}
        whole = 0
        if path.exists():
            for line in path.read_bytes().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                self._take(msgspec.json.decode(line, type=Entry))
            os.truncate(path, whole)

    def _take(self, entry: Entry) -> None:
        if entry.outcome == DONE:
            self._done[entry.sha256] = entry

    def done(self, sha256: str) -> Entry | None:
        """The entry of the file with that content that was imported whole."""
        return self._done.get(sha256)

    def add(self, entry: Entry) -> None:
        """Keep *entry*; once this returns it is on the disk."""
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._take(entry)


def sha256_of(path: Path, *, going_on: Callable[[int], None]) -> str:
    """The SHA-256 of the content of *path*, in hexadecimal; *going_on* hears how many bytes are read."""
    digest, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            read += len(chunk)
            going_on(read)
    return digest.hexdigest()
