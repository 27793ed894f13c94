"""What goes straight to the topic, past the API: facts as an upstream produces them, and bytes that are none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import NamedTuple

from kafka import KafkaProducer

from shared.edge.kafka.partition import partition_of
from tests.faults.load import Fact, Load
from tests.faults.world import World
from tests.model.truth import word_of
from tests.support.downstream import PARTITIONS

TOPIC = "credit.events"
LARGEST = 64 << 20
"""Bytes that the producer lets through, far more than any broker should."""


class Raw(NamedTuple):
    """One record about *subject*, whatever its bytes say."""

    subject: str
    value: bytes | None
    key: bytes | None = None
    """None: the subject."""
    headers: Sequence[tuple[str, bytes]] = ()


def raw(fact: Fact) -> Raw:
    """*fact* as a structured record."""
    return Raw(fact["subject"], json.dumps(fact).encode())


async def send(world: World, records: Sequence[Raw]) -> None:
    """Produce *records* in this order, each to the partition of its subject. Returns once the broker has them all."""
    await asyncio.to_thread(_sent, world.broker.address, records)


async def told(world: World, load: Load, facts: Sequence[Fact]) -> None:
    """Produce *facts*; what the broker has must be there in the end."""
    words = [word_of(json.dumps(fact).encode()) for fact in facts]
    load.sent.update({word.key: word for word in words})
    await send(world, [raw(fact) for fact in facts])
    load.acked.update({word.key: fact for word, fact in zip(words, facts, strict=True)})


def _sent(address: str, records: Sequence[Raw]) -> None:
    producer = KafkaProducer(bootstrap_servers=address, max_request_size=LARGEST)
    try:
        waiting = [
            producer.send(
                TOPIC,
                value=one.value,
                key=one.subject.encode() if one.key is None else one.key,
                headers=list(one.headers),
                partition=partition_of(one.subject, PARTITIONS),
            )
            for one in records
        ]
        producer.flush(timeout=60)
        for future in waiting:
            future.get(timeout=60)
    finally:
        producer.close()
