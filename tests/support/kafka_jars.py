"""Apache Kafka (KRaft, one node) from the jars that Maven fetches: the real broker, with no Docker.

Nothing here names a host: Maven's own settings say where jars come from. Whatever is missing (Java 17, Maven, a
network) is a reason that the closing lines of the run give, never a failure.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from xml.etree import ElementTree

from shared.core.errors import Unavailable
from shared.edge.embedded.process import Child, free_port, spawn, wait_until
from shared.edge.embedded.wire import kafka_answers

POM = Path(__file__).parents[2] / "deploy" / "kafka" / "pom.xml"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gradeline"
FETCH_SECONDS = 240
REMEMBER_FAILURE_SECONDS = 600
START_SECONDS = 120.0


class KafkaMissingError(Exception):
    """Apache Kafka cannot be run here; says why."""


def version() -> str:
    """The version of Apache Kafka that the pom names."""
    found = ElementTree.parse(POM).findtext(".//{*}properties/{*}kafka.version")
    assert found, f"{POM} names no kafka.version"
    return found


def jars() -> Path:
    """The folder with the jars, fetched once per machine and version. Raises KafkaMissingError.

    Workers of one run all ask; the first fetches under a lock, and a failure is remembered for ten minutes, so that
    they agree and an unreachable network is waited for once.
    """
    _probe_java()
    folder = CACHE / f"kafka-{version()}"
    failed = CACHE / f"kafka-{version()}.failed"
    with _lock(CACHE / "kafka.lock"):
        if folder.exists():
            return folder
        if failed.exists() and time.time() - failed.stat().st_mtime < REMEMBER_FAILURE_SECONDS:  # noqa: TID251
            raise KafkaMissingError(failed.read_text())
        try:
            _fetch(folder)
        except KafkaMissingError as reason:
            failed.write_text(str(reason))
            raise
        failed.unlink(missing_ok=True)
        return folder


def _probe_java() -> None:
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise KafkaMissingError(f"{program} is not installed")
    try:
        said = subprocess.run(["java", "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    except subprocess.TimeoutExpired as late:
        raise KafkaMissingError("java -version does not answer") from late
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < 17:
        raise KafkaMissingError(f"Java 17 or newer is needed, found {found[1] if found else 'none'}")


def _fetch(folder: Path) -> None:
    fresh = folder.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    words = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    log = CACHE / "maven.log"
    child = spawn(
        [str(shutil.which("mvn")), *words[1:], f"-DoutputDirectory={fresh}"], log=log, die_with=signal.SIGKILL
    )
    ended = child.wait(FETCH_SECONDS)
    child.stop((signal.SIGTERM, 5.0))
    if not ended:
        raise KafkaMissingError(f"Maven did not fetch the jars within {FETCH_SECONDS} s")
    if child.exit_status != 0 or not any(fresh.glob("kafka_2.13-*.jar")):
        said = re.sub(r"\x1b\[[0-9;]*m", "", child.output())
        lines = [line for line in said.splitlines() if line.strip()]
        raise KafkaMissingError(f"Maven could not fetch the jars: {(lines or ['it said nothing'])[0][:200]}")
    fresh.rename(folder)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


class ApacheKafka:
    """One KRaft node (broker and controller) on 127.0.0.1 whose files are in *folder*. Keeps its log over restarts."""

    def __init__(self, folder: Path, *, advertised: str | None = None) -> None:
        """Fetches the jars; *advertised* is the `host:port` that clients are told to come to. Raises KafkaMissingError."""
        self._jars = jars()
        self._advertised = advertised
        self._folder = folder
        self._port, self._controller = free_port(), free_port()
        self._child: Child | None = None

    @property
    def address(self) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self._port}"

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int | None:
        """The process id, or None."""
        return self._child.pid if self._child is not None and self._child.alive else None

    def describe(self) -> str:
        """Name and version."""
        return f"Apache Kafka {version()} (KRaft)"

    def start(self) -> Self:
        """Format the storage where there is none, start, and wait until it answers. Raises Unavailable."""
        if self.alive:
            return self
        self._folder.mkdir(parents=True, exist_ok=True)
        properties = self._folder / "server.properties"
        if not properties.exists():
            properties.write_text(self._properties())
            cluster = "MkU3OEVBNTcwNTJENDM2Qk"
            self._run("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(properties)).wait(
                60
            )
        self._child = self._run("kafka.Kafka", str(properties))
        if not wait_until(lambda: not self.alive or kafka_answers(self.address), START_SECONDS, pause=0.1):
            self.stop()
            raise Unavailable("Apache Kafka does not answer")
        if not self.alive:
            raise Unavailable(f"Apache Kafka ended: {self._child.output()[-500:]}")
        return self

    def stop(self) -> None:
        """End it; harder after 20 s."""
        if self._child is not None:
            self._child.stop((signal.SIGTERM, 20.0))
            self._child = None

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _run(self, main: str, *arguments: str) -> Child:
        words = [str(shutil.which("java")), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        words += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{self._jars}/*", main, *arguments]
        return spawn(words, log=self._folder / "kafka.log", die_with=signal.SIGKILL)

    def _properties(self) -> str:
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{self._controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self._port},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://{self._advertised or self.address}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self._folder / "log"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.cleaner.dedupe.buffer.size": "16777216",
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())
