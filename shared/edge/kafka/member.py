"""A member of a consumer group on the poller's thread: what kafka-python's coordinator needs help with."""

from __future__ import annotations

from kafka import KafkaConsumer
from kafka.structs import MemberState

from shared.edge import clock
from shared.edge.kafka.client import PAUSE_MS
from shared.edge.kafka.joining import patient
from shared.edge.kafka.listener import Listener

NOTHING_S = 4.0
"""How long a member waits for partitions before it asks; a join takes half the session timeout on the embedded broker."""


class Member:
    """Looks after each poll."""

    def __init__(self, consumer: KafkaConsumer, topics: list[str], listener: Listener) -> None:
        """Subscribe to *topics*; *listener* hears what is given and taken."""
        self._consumer = consumer
        self._topics = topics
        self._listener = listener
        self._nothing_since: float | None = None
        self._asked = False
        patient(consumer._coordinator)
        consumer.subscribe(topics, listener=listener)
        unhurried(consumer)

    def look(self) -> None:
        """Ask for a join where the client would never come to one by itself."""
        self._finish_join()
        self._ask_for_partitions()

    def _finish_join(self) -> None:
        """Where the cause of a join goes away while it is under way (a topic made anew), the client never finishes it.

        It then sends no heartbeats and `poll` spins. Asking for a join makes the next poll take up the one on its way.
        """
        coordinator = self._consumer._coordinator
        with coordinator._lock:  # a join that ends between two looks would be asked for again, for nothing
            if coordinator.state is not MemberState.STABLE and not coordinator.need_rejoin():
                coordinator.request_rejoin()

    def is_joining(self) -> bool:
        """Whether a request to join is on its way, or about to be: the state alone says it late."""
        coordinator = self._consumer._coordinator
        with coordinator._lock:
            return coordinator._join_task is not None or coordinator.state is MemberState.REBALANCING

    def _ask_for_partitions(self) -> None:
        """Leave and join anew, once, where a member was given nothing of topics that there are.

        Who assigns may have looked at a moment at which the broker had just lost its topics. The client notices, unless
        they came in between; the embedded broker then answers a further join with the old assignment, so that only who
        leaves is given anything. A member too many does it once in vain.
        """
        cluster = self._consumer._client.cluster
        if self._consumer.assignment() or not all(cluster.partitions_for_topic(topic) for topic in self._topics):
            self._nothing_since, self._asked = None, False
        elif self._nothing_since is None:
            self._nothing_since = clock.monotonic()
        elif not self._asked and clock.monotonic() - self._nothing_since > NOTHING_S:
            self._asked = True
            self._consumer.unsubscribe()
            self._consumer.subscribe(self._topics, listener=self._listener)


def unhurried(consumer: KafkaConsumer) -> None:
    """While no coordinator answers, something is due at once, always: then `poll` waits for nothing, and keeps a little
    memory each time it does. Let it wait for records a moment at least; they end the wait as ever.
    """
    coordinator = consumer._coordinator
    due = coordinator.time_to_next_poll
    coordinator.time_to_next_poll = lambda: max(PAUSE_MS / 1000, due())
