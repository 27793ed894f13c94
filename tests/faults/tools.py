"""What rows ask of a running system besides: its commands as an operator runs them, its answers as staff read them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx2

from shared.edge import clock
from shared.edge.http import tokens
from tests.faults.process import Process
from tests.faults.world import World

COMMAND_SECONDS = 60.0
PATIENCE_SECONDS = 40.0
LOOK_SECONDS = 0.05


class Said(NamedTuple):
    """How a command ended, what it wrote, and how much memory it took at most."""

    status: int
    out: str
    error: str
    peak_mb: float
    seconds: float


async def gradeline(world: World, *words: str | Path, seconds: float = COMMAND_SECONDS, **told: str) -> Said:
    """Run `gradeline WORDS…` against *world* to its end; *told* is said to it besides."""
    started = clock.monotonic()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "gradeline", *map(str, words),
        env={**world.environment(), "NO_COLOR": "1", "COLUMNS": "200", **told},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    watching = asyncio.create_task(_peak(child.pid))
    try:
        out, error = await asyncio.wait_for(child.communicate(), seconds)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
        watching.cancel()
        peak = 0.0
        with suppress(asyncio.CancelledError):
            peak = await watching
    assert child.returncode is not None
    return Said(child.returncode, out.decode(), error.decode(), peak, clock.monotonic() - started)


async def _peak(pid: int) -> float:
    most = 0.0
    try:
        while True:
            most = max(most, peak_mb(pid))
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return most


def peak_mb(pid: int) -> float:
    """The most memory that *pid* ever took, in MB; 0 where it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def forget_peak(process: Process) -> float:
    """Let the peak of *process* begin anew. Returns what it takes now, in MB."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return peak_mb(process.pid)


class Reader:
    """Reads answers as an auditor does. A fraction that is written as a number is an error: money is text."""

    def __init__(self, world: World) -> None:
        token = tokens.issue(data=world.folder, role="auditor", subject="faults", ttl=timedelta(hours=6))
        self._http = httpx2.AsyncClient(
            base_url=world.url, timeout=20, trust_env=False, headers={"authorization": f"Bearer {token}"}
        )

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def answer(self, path: str, **asked: Any) -> httpx2.Response:
        """Whatever is answered."""
        return await self._http.get(path, params={name: str(value) for name, value in asked.items()})

    async def read(self, path: str, **asked: Any) -> Any:
        """What is answered. Raises AssertionError where that is no 200."""
        answer = await self.answer(path, **asked)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return json.loads(answer.text, parse_float=_no_fraction)


def _no_fraction(text: str) -> Any:
    raise AssertionError(f"{text} was answered as a JSON number")


@asynccontextmanager
async def superuser(world: World) -> AsyncIterator[asyncpg.Connection]:
    """A session in our schema that may do anything."""
    address = world.postgres.superuser_dsn.rpartition("/")[0] + "/gradeline"
    session = await asyncpg.connect(address, timeout=10, server_settings={"search_path": "rating"})
    try:
        yield session
    finally:
        session.terminate()


async def until(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = PATIENCE_SECONDS) -> float:
    """Wait until *holds*; the database may be away meanwhile. Returns how long it took, in seconds."""
    started = clock.monotonic()
    while True:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            if await holds():
                return clock.monotonic() - started
        assert clock.monotonic() < started + seconds, f"{what}: not within {seconds:g} s"
        await asyncio.sleep(LOOK_SECONDS)


async def settled(world: World) -> None:
    """Wait until everything that was acknowledged is applied. Raises AssertionError where it does not come to rest."""
    waiting = await world.settled()
    assert not waiting, f"not at rest: {', '.join(waiting)}"
