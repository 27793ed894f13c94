"""Relay, worker and API as processes: what they say and how they end where the database is away or a setting is wrong."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from shared.edge.embedded.broker import EmbeddedBroker
from shared.edge.embedded.process import Child, free_port, spawn, wait_until
from shared.edge.kafka.topics import GENERATION
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import connect
from tests.support.parts import run_apart

pytestmark = pytest.mark.parts
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0
NOWHERE = "127.0.0.1:1"


@contextmanager
def running(folder: Path, *words: str, **told: str) -> Iterator[Child]:
    """`gradeline WORDS…`, told so much; ended at the latest with the context."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GRADELINE_")}
    said = {"DATA": str(folder), "EMBEDDED": "true", "KAFKA": NOWHERE, "PARTITIONS": "4", **told}
    child = spawn(
        [sys.executable, "-m", "gradeline", *words],
        log=folder / "process.log",
        environment=ours | {"PYTHONPATH": str(ROOT)} | {f"GRADELINE_{name}": value for name, value in said.items()},
        die_with=signal.SIGKILL,
    )
    try:
        yield child
    finally:
        child.kill()


def ended(child: Child) -> int | None:
    assert wait_until(lambda: not child.alive, SECONDS), child.output()
    return child.exit_status


async def generation(dsn: str) -> str | None:
    """Which life of a broker's log the relay has noted."""
    session = await connect(dsn, schema="rating")
    try:
        found: str | None = await session.fetchval("select generation from broker")
        return found
    finally:
        await session.close()


@pytest.mark.parametrize("part", ["relay", "work", "serve"])
def test_a_part_that_starts_before_its_database_waits_for_it_and_ends_well(tmp_path: Path, part: str) -> None:
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    with running(tmp_path, part, "rating", POSTGRES=away, PORT=str(free_port())) as child:
        assert wait_until(lambda: child.output().count("the database does not answer") >= 2, SECONDS), child.output()
        child.send(signal.SIGTERM)
        assert ended(child) == 0, child.output()
        assert "Traceback" not in child.output()


@pytest.mark.parametrize("part", ["relay", "work"])
def test_a_database_that_does_not_exist_is_a_wrong_setting(database: str, tmp_path: Path, part: str) -> None:
    with running(tmp_path, part, "rating", POSTGRES=f"{database}_not") as child:
        assert ended(child) == 2, child.output()
    (sentence,) = [line for line in child.output().splitlines() if line.startswith("gradeline:")]
    assert re.fullmatch(r'gradeline: GRADELINE_POSTGRES: database "\w+_not" does not exist', sentence)
    assert "Traceback" not in child.output()


def is_marked(address: str) -> bool:
    """Whether the record that names the log is there: without it the next relay takes the log for a new one."""
    consumer = KafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, allow_auto_create_topics=False)
    try:
        place = TopicPartition(GENERATION, 0)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        return bool(consumer.poll(1000))
    finally:
        consumer.close()


def test_topics_of_another_partition_count_end_the_relay_as_a_wrong_setting(
    database: str, private_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    asyncio.run(upgraded(database, "rating"))
    told = {"POSTGRES": database, "KAFKA": private_broker.address}
    with running(tmp_path, "relay", "rating", PARTITIONS="3", **told) as child:
        assert wait_until(lambda: run_apart(generation(database)) is not None, SECONDS, pause=0.2), child.output()
        assert wait_until(lambda: is_marked(private_broker.address), SECONDS, pause=0.2), child.output()
    with running(tmp_path, "relay", "rating", **told) as child:
        assert ended(child) == 2, child.output()
    sentences = [line for line in child.output().splitlines() if line.startswith("gradeline:")]
    assert len(sentences) == 1
    assert "set GRADELINE_PARTITIONS" in sentences[0]
    assert "Traceback" not in child.output()


@pytest.mark.parametrize("part", ["relay", "work"])
def test_figures_of_relay_and_worker_can_be_read(tmp_path: Path, part: str) -> None:
    port = free_port()
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    with running(tmp_path, part, "rating", "--metrics-port", str(port), POSTGRES=away) as child:
        assert wait_until(lambda: "metrics are served" in child.output(), SECONDS), child.output()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            figures = answer.read().decode()
        assert "gradeline_build_info{version=" in figures
        assert "gradeline_outbox_oldest_seconds" in figures
        with running(tmp_path, part, "rating", POSTGRES=away, METRICS_PORT=str(port)) as second:
            assert ended(second) == 2, second.output()
        assert f"gradeline: GRADELINE_METRICS_PORT: 127.0.0.1:{port}" in second.output()
