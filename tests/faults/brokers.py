"""The two kinds of broker under one roof: what a row may do to either."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from shared.edge.embedded.broker import EmbeddedBroker
from tests.support.kafka_jars import ApacheKafka

Broker = EmbeddedBroker | ApacheKafka


def made(kind: str, folder: Path, *, advertised: str | None = None) -> Broker:
    """A broker of *kind* whose files are in *folder*, not started; *advertised*: where clients are told to come to."""
    return (ApacheKafka if kind == "kafka" else EmbeddedBroker)(folder, advertised=advertised)


def port(broker: Broker) -> int:
    """Where it listens itself."""
    return int(broker.address.rpartition(":")[2])


def send(broker: Broker, number: signal.Signals) -> None:
    """Send a signal to the broker's process."""
    assert broker.pid is not None, "the broker does not run"
    os.kill(broker.pid, number)


def wipe(folder: Path) -> None:
    """Remove the log of a broker that does not run and whose files are in *folder*; the embedded one has none."""
    for name in ("log", "server.properties"):
        there = folder / name
        if there.is_dir():
            shutil.rmtree(there)
        else:
            there.unlink(missing_ok=True)
