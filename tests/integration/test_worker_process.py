"""The worker as a process on a real broker: killed before and after its commit, and told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg
import pytest

from shared.core.envelope import Event
from shared.edge import clock, codec
from shared.edge.embedded.process import Child, spawn
from shared.edge.kafka.partition import partition_of
from shared.edge.kafka.producer import Publisher
from shared.edge.kafka.profile import EMBEDDED
from shared.edge.kafka.record import Outgoing
from shared.edge.kafka.topics import Topic, Words, apply
from tests.support.machine import PARTITIONS, invoice, store, totals
from tests.support.parts import Broker

ROOT = Path(__file__).resolve().parents[2]
FACTS, CUSTOMERS = 240, 12
SECONDS = 90.0


async def publish(broker: Broker, name: str, facts: list[Event]) -> None:
    words = Words("facts", "facts")
    topic = Topic(
        name=name,
        description=words,
        key="customer",
        owner="rating",
        producers=(),
        consumers=(),
        partitions=PARTITIONS,
    )
    await asyncio.to_thread(apply, broker.address, EMBEDDED, [topic])
    publisher = Publisher(broker.address, EMBEDDED)
    try:
        await publisher.publish(
            [
                Outgoing(name, partition_of(one.subject, PARTITIONS), one.subject.encode(), codec.encode(one))
                for one in facts
            ]
        )
    finally:
        await publisher.close()


def start(dsn: str, broker: Broker, prefix: str, folder: Path, failpoint: str = "") -> Child:
    """A worker process; it dies with this one."""
    told = {
        "GRADELINE_POSTGRES": dsn,
        "GRADELINE_KAFKA": broker.address,
        "GRADELINE_PARTITIONS": str(PARTITIONS),
        "GRADELINE_DATA": str(folder),
        "GRADELINE_EMBEDDED": "true",
        "GRADELINE_INSTANCE": prefix.strip("."),
        "GRADELINE_FAILPOINT": failpoint,
        "TOY_PREFIX": prefix,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    return spawn(
        [sys.executable, "-W", "ignore", "-m", "tests.support.toy_process"],
        log=folder / "worker.log",
        environment={**os.environ, **told},
        die_with=signal.SIGKILL,
    )


async def until_all(pool: asyncpg.Pool, child: Child) -> None:
    """Wait until every fact is in the projection."""
    until = clock.monotonic() + SECONDS
    while clock.monotonic() < until:
        if await pool.fetchval("select coalesce(sum(facts), 0) from toy_rows") == FACTS:
            return
        assert child.alive, child.output()
        await asyncio.sleep(0.1)
    raise AssertionError(child.output())


async def until_dead(child: Child) -> None:
    until = clock.monotonic() + SECONDS
    while clock.monotonic() < until:
        if not child.alive:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(child.output())


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", ["before_db_commit:kill9:3", "after_db_commit:kill9:3"])
async def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(
    database: str, broker: Broker, topic_prefix: str, tmp_path: Path, failpoint: str
) -> None:
    facts = [invoice(f"C{number % CUSTOMERS}", number, "100") for number in range(FACTS)]
    async with store(database) as pool:
        await publish(broker, f"{topic_prefix}credit.events", facts)
        first = start(database, broker, topic_prefix, tmp_path, failpoint)
        await until_dead(first)
        assert first.exit_status == -signal.SIGKILL, first.output()
        second = start(database, broker, topic_prefix, tmp_path)
        try:
            await until_all(pool, second)
            os.kill(second.pid, signal.SIGTERM)
            await until_dead(second)
        finally:
            second.kill()

        assert second.exit_status == 0, second.output()
        each = FACTS // CUSTOMERS
        assert await totals(pool) == {f"C{number}": (100 * each, each) for number in range(CUSTOMERS)}
        assert await pool.fetchval("select count(*) from events where kind = 0") == FACTS
        reviews = await pool.fetch("select event_id from outbox where key not like '~%'")
        assert len({row["event_id"] for row in reviews}) == len(reviews) >= CUSTOMERS
        assert await pool.fetchval("select sum(next_offset) from positions") == FACTS
