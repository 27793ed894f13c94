"""The two kinds of broker under one roof: what a row may do to either."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from shared.edge.embedded.broker import EmbeddedBroker
from tests.support.kafka_jars import ApacheKafka

Broker = EmbeddedBroker | ApacheKafka


def made(kind: str, folder: Path) -> Broker:
    """A broker of *kind* whose files are in *folder*, not started."""
    return ApacheKafka(folder) if kind == "kafka" else EmbeddedBroker(folder)


def send(broker: Broker, number: signal.Signals) -> None:
    """Send a signal to the broker's process."""
    assert broker.pid is not None, "the broker does not run"
    os.kill(broker.pid, number)
