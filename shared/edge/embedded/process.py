"""Child processes that end with this one, however this one ends, and that are ended by their own id."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from shared.edge import clock

LAUNCH = Path(__file__).with_name("launch.py")


class Account(NamedTuple):
    """The operating-system user that a child runs as, and the paths it must be able to reach."""

    uid: int
    gid: int
    needed: tuple[Path, ...]


class Child:
    """One running program. Its output goes to the end of a log file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, log_start: int) -> None:
        """Made by `spawn`."""
        self._process = process
        self._log = log
        self._log_start = log_start

    @property
    def pid(self) -> int:
        """The process id of the program itself."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.poll()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.exit_status is None

    def output(self) -> str:
        """What it has written to its log since it was started (the last 64 KiB at most)."""
        with self._log.open("rb") as log:
            log.seek(max(self._log_start, self._log.stat().st_size - 65536))
            return log.read().decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end. Returns whether it came within *seconds*."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, *polite: tuple[signal.Signals, float]) -> None:
        """Send each of the *polite* (signal, seconds to wait) in turn until it has ended; then kill it."""
        for number, seconds in polite:
            self.send(number)
            if self.wait(seconds):
                return
        self.kill()

    def kill(self) -> None:
        """End it at once and reap it."""
        self.send(signal.SIGKILL)
        self.wait(30)


def spawn(
    program: Sequence[str | Path],
    *,
    log: Path,
    die_with: signal.Signals,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
) -> Child:
    """Start *program* (an absolute path and its arguments) in a session of its own, so that Ctrl-C in a terminal
    reaches only us. When this process ends, by whatever cause, the kernel sends *die_with* (Linux). Raises OSError."""
    words = wrapped(program, die_with=die_with, account=account)

    def start() -> Child:
        with log.open("ab") as out:
            log_start = out.tell()
            process = subprocess.Popen(  # noqa: S603 - the caller's own program
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=environment
            )
        return Child(process, log, log_start)

    return _on_lasting_thread(start)


def wrapped(program: Sequence[str | Path], *, die_with: signal.Signals, account: Account | None) -> list[str]:
    """The words that run *program* through `launch.py`: as *account*, ended by *die_with* when this process ends."""
    words = [sys.executable, "-I", "-S", str(LAUNCH), "--parent", str(os.getpid()), "--signal", str(int(die_with))]
    if account is not None:
        words += ["--user", str(account.uid), str(account.gid), *map(str, account.needed)]
    return [*words, "--", *map(str, program)]


def wait_until(ready: Callable[[], bool], seconds: float, *, pause: float = 0.02) -> bool:
    """Ask *ready* again and again until it holds or *seconds* have passed. Returns whether it held."""
    deadline = clock.monotonic() + seconds
    while not ready():
        if clock.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_wanted: queue.SimpleQueue[tuple[Callable[[], Child], Future[Child]]] = queue.SimpleQueue()
_starting = threading.Lock()
_owner: list[tuple[int, threading.Thread]] = []


def _on_lasting_thread(start: Callable[[], Child]) -> Child:
    """Linux sends the death signal when the *thread* that started a child ends, so one that lasts starts them all."""
    with _starting:
        if not _owner or _owner[0][0] != os.getpid():
            thread = threading.Thread(target=_start_children, name="children", daemon=True)
            _owner[:] = [(os.getpid(), thread)]
            thread.start()
    answer: Future[Child] = Future()
    _wanted.put((start, answer))
    return answer.result(timeout=60)


def _start_children() -> None:
    while True:
        start, answer = _wanted.get()
        try:
            answer.set_result(start())
        except BaseException as error:
            answer.set_exception(error)
