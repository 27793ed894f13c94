"""The fixtures give what they promise: an empty database of an ordinary role, and each broker that there is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import asyncpg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.support.parts import GIVEN_POSTGRES, Broker, DatabaseServer

seen: list[str] = []


@pytest.mark.parametrize("turn", [1, 2])
async def test_every_test_gets_an_empty_database_owned_by_an_ordinary_role(database: str, turn: int) -> None:
    connection = await asyncpg.connect(database, timeout=20)
    try:
        await connection.execute(
            "CREATE SCHEMA rating; CREATE TABLE rating.t (a integer)"
        )  # fails where it is not empty
        role = await connection.fetchrow("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    finally:
        await connection.close()
    assert role is not None
    assert tuple(role) == (False, False)
    assert database not in seen, f"turn {turn} got a used database"
    seen.append(database)


async def test_what_asks_for_a_database_runs_on_the_embedded_server_and_on_the_one_that_is_given(
    postgres_server: DatabaseServer,
) -> None:
    probe = (
        "tests/integration/test_embedded_fixtures.py::test_every_test_gets_an_empty_database_owned_by_an_ordinary_role"
    )
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "-v", probe]
    environment = os.environ | {GIVEN_POSTGRES: postgres_server.superuser_dsn}
    done = await asyncio.to_thread(
        subprocess.run, words, env=environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
    assert "(embedded)" in done.stdout
    assert "(given)" in done.stdout


def test_what_is_produced_is_consumed_on_every_broker(broker: Broker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}round-trip"
    producer = KafkaProducer(bootstrap_servers=broker.address, acks="all", enable_idempotence=True, max_block_ms=20000)
    try:
        for number in range(20):
            producer.send(topic, key=b"k", value=str(number).encode()).get(timeout=30)
    finally:
        producer.close(timeout=10)
    consumer = KafkaConsumer(bootstrap_servers=broker.address, auto_offset_reset="earliest", group_id=None)
    got: list[bytes] = []
    try:
        consumer.assign([TopicPartition(topic, 0)])
        for _ in range(30):
            for records in consumer.poll(1000).values():
                got += [record.value for record in records]
            if len(got) >= 20:
                break
    finally:
        consumer.close()
    assert got == [str(number).encode() for number in range(20)]
