"""Hears from the client which partitions are ours."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition

from shared.edge.kafka.record import Place


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Runs on the client's I/O thread, beside the heartbeats: it pauses what is new, notes the change, and returns."""

    def __init__(self, consumer: KafkaConsumer, changes: deque[tuple[str, frozenset[Place]]]) -> None:
        """*changes* is drained by the polling thread after every poll."""
        self._consumer = consumer
        self._changes = changes
        self.threads: set[str] = set()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Nothing may be fetched before the owner has read the positions from the database."""
        self._consumer.pause(*assigned)
        self._note("assigned", assigned)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Handed to another member, or about to be."""
        self._note("lost", revoked)

    def on_partitions_lost(self, lost: Collection[TopicPartition]) -> None:
        """Taken away while we were not looking."""
        self._note("lost", lost)

    def _note(self, kind: str, partitions: Collection[TopicPartition]) -> None:
        self.threads.add(threading.current_thread().name)
        if partitions:
            self._changes.append((kind, frozenset((tp.topic, tp.partition) for tp in partitions)))
