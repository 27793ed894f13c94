"""One process of ours as an operator runs it: `gradeline WORDS…`, which a row may kill, stop and start again."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from shared.edge import clock
from shared.edge.embedded.process import Child, spawn

DIE_SECONDS = 60.0
LOOK_SECONDS = 0.02


class Process:
    """A part of the system that can be started again and again; its output goes to one log file."""

    def __init__(self, name: str, words: tuple[str, ...], folder: Path, told: Callable[[], Mapping[str, str]]) -> None:
        """*told* is asked for the environment at each start."""
        self.name, self._words, self._told = name, words, told
        self._log = folder / f"{name}.log"
        self._child: Child | None = None
        self._meant = False

    def start(self, *, failpoint: str = "", **told: str) -> None:
        """Start it, unless it runs; armed with *failpoint*, and told more."""
        if self.alive:
            return
        self._meant = False
        more = {"GRADELINE_FAILPOINT": failpoint} if failpoint else {}
        self._child = spawn(
            [sys.executable, "-W", "ignore", "-m", "gradeline", *self._words],
            log=self._log,
            environment={**self._told(), **more, **told},
            die_with=signal.SIGKILL,
        )

    @property
    def alive(self) -> bool:
        """Whether it runs; a stopped one does."""
        return self._child is not None and self._child.alive

    @property
    def ended_by_itself(self) -> bool:
        """Whether it is gone although no row ended it, nor waited for its end."""
        return self._child is not None and not self._child.alive and not self._meant

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._child is not None, f"{self.name} was never started"
        return self._child.pid

    @property
    def exit_status(self) -> int | None:
        """How it ended; negative where a signal ended it."""
        return self._child.exit_status if self._child is not None else None

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._meant = True
        if self._child is not None:
            self._child.kill()

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._child is not None
        self._child.send(number)

    def stop(self, seconds: float = 20.0) -> None:
        """End it politely."""
        self._meant = True
        if self._child is not None and self._child.alive:
            self._child.send(signal.SIGCONT)
            self._child.stop((signal.SIGTERM, seconds))

    async def died(self, seconds: float = DIE_SECONDS) -> int:
        """Wait for its end. Returns how it ended."""
        self._meant = True
        until = clock.monotonic() + seconds
        while self.alive:
            assert clock.monotonic() < until, f"{self.name} still runs after {seconds:g} s: {self.said()}"
            await asyncio.sleep(LOOK_SECONDS)
        assert self.exit_status is not None
        return self.exit_status

    def said(self, characters: int = 400) -> str:
        """The end of what it wrote since its last start."""
        return self._child.output().strip()[-characters:] if self._child is not None else ""
