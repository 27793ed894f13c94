"""Keeps a list of parts running: starts them in order, restarts what dies, stops them in reverse order.

The list is data. A *server* is an object that starts and stops itself (PostgreSQL, the broker); a *step* is a command
that runs to its end before the next part starts; a *service* is a command that is to run for ever.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from shared.core.errors import GradelineError, Misconfigured, Unavailable
from shared.edge import clock
from shared.edge.embedded.postgres import NoSpace
from shared.edge.embedded.process import Child, spawn

FIRST_ATTEMPTS = 5
"""How often a part may fail at the start of the instance before that start is given up."""
STEADY_SECONDS = 30.0
"""A part that has run this long starts again with the shortest pause."""
LOOP = 3
"""A part that ended so often in a row, each time before it had run STEADY_SECONDS, is in a restart loop."""
PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
NO_SPACE_PAUSE = 30.0
STATUS_MISCONFIGURED = 2
LOG_LIMIT = 16 * 1024 * 1024


class Server(Protocol):
    """Starts and stops itself; EmbeddedPostgres and EmbeddedBroker are such."""

    @property
    def alive(self) -> bool:
        """Whether it runs."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""

    def start(self) -> Any:
        """Return when it is ready. Raises GradelineError."""

    def stop(self) -> None:
        """Return when it has ended."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One line of the list: either a `server` or the `command` of a step or service."""

    name: str
    server: Server | None = None
    command: tuple[str, ...] = ()
    once: bool = False
    """A step: ends by itself with status 0; the next part starts after that."""
    beside: bool = False
    """Whether it starts at once after the one before, which need not be ready."""
    again_after: tuple[str, ...] = ()
    """A step is done again when one of these was restarted (topics, after the memory-only broker)."""
    ready: Callable[[], bool] | None = None
    """Whether a service does its work; None: as soon as it runs."""
    ready_seconds: float = 60.0
    stop_seconds: float = 20.0


@dataclass
class Slot:
    """What has become of one part."""

    part: Part
    child: Child | None = None
    failures: int = 0
    started_at: float = 0.0
    next_attempt: float = 0.0
    due: bool = False
    """A step that has to be done again."""

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.part.server.alive if self.part.server else self.child is not None and self.child.alive

    @property
    def needs_start(self) -> bool:
        """Whether a running instance has to start it."""
        return self.due if self.part.once else not self.alive

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        if self.part.server:
            return self.part.server.pid
        return self.child.pid if self.child is not None and self.child.alive else None


class Supervisor:
    """Runs *parts*. Not thread-safe: start, watch and stop from one thread; only `stopping` may be set from others."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        logs: Path,
        environment: Callable[[], Mapping[str, str]],
        say: Callable[[str], None],
        changed: Callable[[dict[str, int]], None] = lambda pids: None,
        stopping: threading.Event | None = None,
    ) -> None:
        """*environment* is asked before each command starts (addresses are known only then). *changed* hears the
        process ids after every start and restart. *say* gets one sentence for people."""
        self._slots = [Slot(part) for part in parts]
        self._logs = logs
        self._environment = environment
        self._say = say
        self._changed = changed
        self.stopping = stopping or threading.Event()

    @property
    def pids(self) -> dict[str, int]:
        """Name to process id of everything that runs now."""
        return {slot.part.name: slot.pid for slot in self._slots if slot.pid is not None}

    @property
    def looping(self) -> dict[str, float]:
        """Parts in a restart loop, with the Unix time of their last start: it is over once they run STEADY_SECONDS."""
        ago = clock.now().timestamp() - clock.monotonic()
        return {slot.part.name: ago + slot.started_at for slot in self._slots if slot.failures >= LOOP}

    def start(self) -> None:
        """Start every part in order, each when the ones before are ready, or beside them.

        Raises Misconfigured (a command ended with status 2), Unavailable (a part does not come up).
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        pending: list[Slot] = []
        for slot in self._slots:
            if not slot.part.beside:
                self._come_up(pending)
                pending = []
            if not self.stopping.is_set():
                self._begin(slot)
                pending.append(slot)
        self._come_up(pending)
        self._changed(self.pids)

    def watch(self) -> None:
        """Restart what dies, until `stopping` is set."""
        while not self.stopping.wait(0.1):
            for index, slot in enumerate(self._slots):
                if self.stopping.is_set():
                    break
                if slot.needs_start:
                    self._revive(index, slot)

    def stop(self) -> None:
        """Stop everything: our own processes together, then what they stand on in reverse order; politely, then by force."""
        self.stopping.set()
        for slot in self._slots:
            if slot.child is not None and slot.child.alive:
                slot.child.send(signal.SIGTERM)
        for slot in reversed(self._slots):
            if slot.part.server is not None:
                slot.part.server.stop()
            elif slot.child is not None:
                slot.child.stop((signal.SIGTERM, slot.part.stop_seconds))
        self._changed(self.pids)

    def _come_up(self, begun: Sequence[Slot]) -> None:
        """Wait for each of *begun*; one that fails is started again a few times. Raises as `start`."""
        for slot in begun:
            attempt: Callable[[Slot], None] = self._wait_for
            while not self.stopping.is_set():
                try:
                    attempt(slot)
                    break
                except Misconfigured:
                    raise
                except Unavailable as error:
                    slot.failures += 1
                    if slot.failures >= FIRST_ATTEMPTS or isinstance(error, NoSpace):
                        raise
                    self.stopping.wait(PAUSES[min(slot.failures, len(PAUSES)) - 1])
                    attempt = self._start

    def _revive(self, index: int, slot: Slot) -> None:
        """Start a dead part again, unless its pause is not over. Never raises for a part that fails."""
        now = clock.monotonic()
        if slot.next_attempt == 0.0:  # first seen dead
            slot.failures = 0 if now - slot.started_at > STEADY_SECONDS else slot.failures + 1
            slot.next_attempt = now + PAUSES[min(slot.failures, len(PAUSES) - 1)]
            if not slot.part.once:
                self._say(f"{slot.part.name} ended{_why(slot)}; starting it again")
        if now < slot.next_attempt:
            return
        try:
            self._start(slot)
        except GradelineError as error:
            slot.failures += 1
            pause = NO_SPACE_PAUSE if isinstance(error, NoSpace) else PAUSES[min(slot.failures, len(PAUSES) - 1)]
            slot.next_attempt = clock.monotonic() + pause
            self._say(f"{error.message}; trying again in {pause:g} s")
            return
        slot.due = False
        for later in self._slots[index + 1 :]:
            later.due = later.due or slot.part.name in later.part.again_after
        self._say(f"{slot.part.name} {'done' if slot.part.once else 'runs'} again")
        self._changed(self.pids)

    def _start(self, slot: Slot) -> None:
        """Start one part and wait until it is ready, or a step until it has ended. Raises GradelineError."""
        self._begin(slot)
        self._wait_for(slot)

    def _begin(self, slot: Slot) -> None:
        """Start the command of a part; a server starts where it is waited for."""
        part = slot.part
        slot.started_at, slot.next_attempt = clock.monotonic(), 0.0
        if part.server is not None:
            return
        log = self._logs / f"{part.name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        environment = {**os.environ, **self._environment()}
        slot.child = spawn(part.command, log=log, die_with=signal.SIGTERM, environment=environment)

    def _wait_for(self, slot: Slot) -> None:
        """Wait until a part that was begun is ready, or a step has ended. Raises GradelineError."""
        part = slot.part
        if part.server is not None:
            part.server.start()
            return
        child = slot.child
        assert child is not None, f"{part.name} was not begun"
        deadline = clock.monotonic() + part.ready_seconds
        while not self.stopping.is_set():
            if not child.alive:
                if part.once and child.exit_status == 0:
                    return
                raise _failure(part, child)
            if not part.once and (part.ready is None or part.ready()):
                return
            if clock.monotonic() > deadline:
                child.stop((signal.SIGTERM, part.stop_seconds))
                raise Unavailable(
                    f"{part.name} was not ready within {part.ready_seconds:g} s; see {self._logs}/{part.name}.log"
                )
            self.stopping.wait(0.05)


def _failure(part: Part, child: Child) -> GradelineError:
    """The error for a command that ended although it should not have."""
    lines = [line.strip() for line in child.output().splitlines() if any(map(str.isalnum, line))]
    sentence = f"{part.name} ended with status {child.exit_status}: {(lines or ['it said nothing'])[-1][:300]}"
    return Misconfigured(sentence) if child.exit_status == STATUS_MISCONFIGURED else Unavailable(sentence)


def _why(slot: Slot) -> str:
    if slot.child is None or slot.child.exit_status is None:
        return ""
    status = slot.child.exit_status
    return f" with status {status}" if status >= 0 else f" by signal {signal.Signals(-status).name}"
