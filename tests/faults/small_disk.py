"""A disk of its own for the database, small enough to be filled (row 18)."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults.run import NotHere
from tests.faults.world import World

MIB = 1 << 20
SPARE = 24 * MIB
"""Bytes beyond what the database has when it moves in."""


class SmallDisk:
    """The files of the database on a tmpfs."""

    def __init__(self, at: Path, size: int) -> None:
        """*size* in bytes."""
        self._at, self._size = at, size

    def fill(self) -> None:
        """Leave no byte."""
        with (self._at / "ballast").open("wb", buffering=0) as ballast:
            for piece in (MIB, 4096, 1):
                while _written(ballast.fileno(), piece):
                    pass

    def make_room(self) -> None:
        """Make it ten times as large, as somebody would who enlarges a volume."""
        _mount("mount", "-o", f"remount,size={10 * self._size}", str(self._at))


@asynccontextmanager
async def under(world: World) -> AsyncIterator[SmallDisk]:
    """Move the database of *world* to a small disk, and back at the end. Raises NotHere."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NotHere("a tmpfs is mounted by root on Linux only")
    at, aside = world.folder / "postgres", world.folder / "postgres.aside"
    await asyncio.to_thread(world.postgres.stop)
    at.rename(aside)
    at.mkdir()
    size = sum(file.stat().st_blocks * 512 for file in aside.rglob("*")) + SPARE
    try:
        _mount("mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "tmpfs", str(at))
    except subprocess.CalledProcessError as error:
        at.rmdir()
        aside.rename(at)
        raise NotHere(f"no tmpfs: {error.stderr.decode().strip()}") from error
    try:
        _copied(aside, at)
        await asyncio.to_thread(world.postgres.start)
        yield SmallDisk(at, size)
    finally:
        await asyncio.to_thread(world.postgres.stop)
        shutil.rmtree(aside)
        aside.mkdir(mode=0o711)
        (at / "ballast").unlink(missing_ok=True)
        _copied(at, aside)
        _mount("umount", str(at))
        at.rmdir()
        aside.rename(at)


def _written(file: int, piece: int) -> bool:
    try:
        return os.write(file, bytes(piece)) > 0
    except OSError:
        return False


def _copied(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True, capture_output=True)


def _mount(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
