"""The embedded broker answers before it is called ready, forgets everything with its death, and ends with its owner."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from kafka import KafkaAdminClient

from shared.core.errors import Unavailable
from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.embedded.process import spawn, wait_until
from shared.edge.embedded.wire import kafka_answers

pytestmark = pytest.mark.parts


def topics(broker: EmbeddedBroker) -> set[str]:
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    try:
        return set(admin.list_topics())
    finally:
        admin.close()


def make_topic(broker: EmbeddedBroker, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    try:
        admin.create_topics({name: {"num_partitions": 2, "replication_factor": 1}})
    finally:
        admin.close()


def test_a_killed_broker_comes_back_empty_at_the_same_address(private_broker: EmbeddedBroker) -> None:
    make_topic(private_broker, "kept.in.memory")
    assert "kept.in.memory" in topics(private_broker)
    before = private_broker.address
    private_broker.kill()
    assert not private_broker.alive
    assert not kafka_answers(before)
    private_broker.start()
    assert private_broker.address == before
    assert "kept.in.memory" not in topics(private_broker)


def test_only_loopback_is_listened_on_and_the_program_is_named(private_broker: EmbeddedBroker) -> None:
    assert private_broker.pid is not None
    found = psutil.Process(private_broker.pid).net_connections("inet")
    assert [c.laddr[0] for c in found if c.status == "LISTEN"] == ["127.0.0.1"]
    assert "Tansu v0.6" in private_broker.describe()
    assert len(private_broker.describe().rpartition("sha256 ")[2]) == 64


def test_a_taken_port_is_refused_even_where_another_broker_answers_there(
    private_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    port = int(private_broker.address.rpartition(":")[2])
    second = EmbeddedBroker(tmp_path / "second", port=port)
    with pytest.raises(Unavailable, match=str(port)):
        second.start(seconds=2.0)
    assert not second.alive
    assert kafka_answers(private_broker.address), "the first one is unharmed"


def test_an_open_port_that_says_nothing_is_no_broker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not kafka_answers(f"127.0.0.1:{silent.getsockname()[1]}", seconds=0.5)


OWNER = """
import sys, time
from pathlib import Path
from shared.edge.embedded.broker import EmbeddedBroker
broker = EmbeddedBroker(Path(sys.argv[1])).start()
print(broker.pid, flush=True)
time.sleep(300)
"""


def test_the_broker_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        broker = psutil.Process(int(owner.stdout.readline()))
        assert broker.is_running()
        os.kill(owner.pid, signal.SIGKILL)
    try:
        assert wait_until(lambda: not broker.is_running(), 30.0)
    finally:
        with suppress(psutil.NoSuchProcess):
            broker.kill()


def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    started = []

    def start() -> None:
        child = spawn(["/bin/sleep", "300"], log=tmp_path / "log", die_with=signal.SIGKILL)
        started.append(child)
        wait_until(lambda: psutil.Process(child.pid).name() == "sleep", 30.0)  # the death signal is set by now

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    child = started[0]
    try:
        time.sleep(0.5)  # the kernel would have sent the signal at the end of the thread
        assert child.alive
    finally:
        child.kill()
    assert child.exit_status == -signal.SIGKILL
