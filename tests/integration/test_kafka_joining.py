"""Joining a group: what a member is given counts, and who leaves keeps nobody out."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest
from kafka import KafkaConsumer
from kafka.errors import NoOffsetForPartitionError
from kafka.structs import MemberState

from shared.edge import clock
from shared.edge.kafka.joining import patient
from tests.integration.test_kafka_source import QUICK, make, reading

pytestmark = pytest.mark.parts
TIRED_S = 0.15
"""Joins of the embedded broker take three seconds; polls begin and end in them many times."""


async def test_who_leaves_in_the_middle_of_joining_keeps_nobody_out(embedded_broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}joined"
    await make(embedded_broker.address, name)
    async with reading(embedded_broker.address, name, group=name) as first:
        assert await first.batch(1, 0.3) is None, "it has joined already"
    async with reading(embedded_broker.address, name, group=name) as second:
        batch = await second.batch(1, 20.0)
        assert batch is not None
        assert batch.assigned == {(name, number) for number in range(3)}


async def test_a_join_that_ends_between_two_polls_counts(embedded_broker: Any, topic_prefix: str) -> None:
    name = f"{topic_prefix}between"
    await make(embedded_broker.address, name)

    def join() -> tuple[Any, int]:
        consumer = KafkaConsumer(**QUICK.consumer(embedded_broker.address), group_id=name)
        try:
            coordinator = consumer._coordinator
            patient(coordinator)
            consumer.subscribe([name])
            until = clock.monotonic() + 30
            while coordinator.__dict__["_join_task"] is None and clock.monotonic() < until:
                consumer.poll(50)  # the broker wants to give it an id first
            consumer.poll(50)
            while not coordinator.__dict__["_join_task"].is_done and clock.monotonic() < until:
                threading.Event().wait(TIRED_S)  # nobody polls meanwhile
            with contextlib.suppress(NoOffsetForPartitionError):  # it has them
                consumer.poll(2_000)
            metadata = consumer.group_metadata()
            return metadata.state, metadata.generation_id
        finally:
            consumer.close(autocommit=False, timeout_ms=2_000)

    assert await asyncio.to_thread(join) == (MemberState.STABLE, 0)
