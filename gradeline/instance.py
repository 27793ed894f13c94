"""A running instance on this machine: who may run on a data folder, and where the others find it."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.core.errors import Misconfigured
from shared.edge.embedded.process import wait_until

STATE = "instance.json"
LOCK = "instance.lock"
SAVED = ("pid", "rating", "exposure", "alerts", "kafka", "postgres", "metrics", "processes", "looping")


@dataclass
class Instance:
    """What `gradeline up` runs. `stopping` is set when it begins to stop."""

    data: Path
    rating: str
    """The URL of the rating API."""
    kafka: str
    """`host:port`."""
    postgres: str
    """The dsn of the ordinary role."""
    exposure: str = ""
    """The URL of the exposure API."""
    alerts: str = ""
    """The URL of the alerts API."""
    pid: int = field(default_factory=os.getpid)
    metrics: dict[str, str] = field(default_factory=dict)
    """Name of a part to the URL of its figures."""
    processes: dict[str, int] = field(default_factory=dict)
    """Name to process id of every part that runs now."""
    looping: dict[str, float] = field(default_factory=dict)
    """Parts that ended again and again, with the Unix time of their last start."""
    stopping: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    def save(self) -> None:
        """Write the state file, readable by its owner only: the dsn holds a password."""
        state = {name: getattr(self, name) for name in SAVED}
        fresh = self.data / f"{STATE}.new"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(state | {"data": str(self.data)}, out, indent=2)
        fresh.replace(self.data / STATE)

    def forget(self) -> None:
        """Remove the state file."""
        (self.data / STATE).unlink(missing_ok=True)


def running(data: Path) -> Instance | None:
    """The instance that runs on *data*, or None. A state file left by a killed one does not count."""
    try:
        with (data / LOCK).open() as lock:
            if not _take(lock.fileno()):
                state = json.loads((data / STATE).read_text())
                return Instance(**{**state, "data": data})
    except FileNotFoundError:
        pass
    return None


@contextmanager
def exclusive(data: Path) -> Iterator[None]:
    """Hold the data folder for this process; made where it is missing. The kernel lets go of it when we die.

    Raises Misconfigured where another instance runs on it.
    """
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o711 if os.geteuid() == 0 else 0o700)
    with (data / LOCK).open("a+") as lock:
        if not wait_until(lambda: _take(lock.fileno()), 1.0):  # a second look: `status` holds it for an instant
            lock.seek(0)
            owner = lock.read().strip()
            raise Misconfigured(f"an instance already runs on {data} (process {owner}); stop it or say --data")
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
