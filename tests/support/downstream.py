"""A subscriber of Gradeline's decisions: plain kafka-python, nothing of ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from shared.edge import clock

PARTITIONS = 12
PATIENCE = 90.0


class Subscriber:
    """Reads every partition of one topic from its beginning and keeps what it read, by customer."""

    def __init__(self, address: str, topic: str) -> None:
        self._consumer = KafkaConsumer(
            bootstrap_servers=address,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
        )
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        self._consumer.assign(places)
        self._consumer.seek_to_beginning(*places)
        self.heard: list[dict[str, Any]] = []

    def close(self) -> None:
        """Leave."""
        self._consumer.close()

    def listen(self, seconds: float) -> None:
        """Take what comes within *seconds*, at least once."""
        until = clock.monotonic() + seconds
        while True:
            for records in self._consumer.poll(timeout_ms=200).values():
                for record in records:
                    event = json.loads(record.value)
                    assert record.key.decode() == event["subject"]
                    self.heard.append(event)
            if clock.monotonic() >= until:
                return

    def about(self, subject: str, type_: str | None = None) -> list[dict[str, Any]]:
        """What was heard about *subject*, in order; a repeated delivery (same id) is told once, and must be the same."""
        told: dict[str, dict[str, Any]] = {}
        for event in self.heard:
            if event["subject"] == subject and type_ in (None, event["type"]):
                assert told.setdefault(event["id"], event) == event
        return list(told.values())

    def until(self, condition: Callable[[], bool], *, seconds: float = PATIENCE) -> bool:
        """Listen until *condition* holds. Returns whether it came to that."""
        until = clock.monotonic() + seconds
        while not condition() and clock.monotonic() < until:
            self.listen(0.2)
        return condition()


@contextmanager
def subscribed(address: str, topic: str = "credit.ratings") -> Iterator[Subscriber]:
    """A subscriber that leaves at the end."""
    subscriber = Subscriber(address, topic)
    try:
        yield subscriber
    finally:
        subscriber.close()
