"""Records in: a KafkaConsumer on its own thread, behind an asyncio face. Positions live in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from kafka import KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor

from shared.core.errors import Stopped, Unavailable
from shared.edge import clock
from shared.edge.kafka.client import connect
from shared.edge.kafka.handoff import Handoff
from shared.edge.kafka.poller import Poller
from shared.edge.kafka.profile import Profile, require_crc32c
from shared.edge.kafka.record import Batch, Place
from shared.edge.kafka.unreadable import install

ASSIGNORS: dict[str, Callable[[], Any]] = {
    "cooperative-sticky": CooperativeStickyAssignor,  # rating: partitions that stay are not interrupted
    "range": RangePartitionAssignor,  # exposure: one member owns partition p of both its topics
}
Positions = Callable[[frozenset[Place]], Awaitable[Mapping[Place, int]]]
LOOK_S = 1.0
CLOSE_S = 5.0


class Source:
    """The records of *topics* for one member of *group*.

    A partition that is assigned stays paused until `resume_at` names its position, read from the database. Where
    *positions* is given, `batch` asks it and resumes by itself. *group* None: every partition, no group.
    Errors of `batch`: Unavailable (stop this source, start another), Stopped (leave the process: a batch fails its
    checksum, or a poll never returned).
    """

    def __init__(self, bootstrap: str, *, topics: Sequence[str], group: str | None, profile: Profile,
                 positions: Positions | None = None, assignor: str = "cooperative-sticky",
                 max_poll_records: int = 2_000, waiting: int = 2) -> None:  # fmt: skip
        """At most *waiting* polls of *max_poll_records* are held beside the one being worked on."""
        require_crc32c()
        install()
        self._bootstrap = bootstrap
        self._topics = list(topics)
        self._group = group
        self._profile = profile
        self._positions = positions
        self._assignor = ASSIGNORS[assignor]
        self._max_poll_records = max_poll_records
        self._waiting = waiting
        self._epochs: dict[Place, int] = {}
        self._epoch = 0
        self._poller: Poller | None = None
        self._handoff: Handoff | None = None

    async def start(self) -> None:
        """Connect; also again, after `stop`. Raises Unavailable when the broker does not answer in time."""
        self._epochs.clear()
        handoff = Handoff(waiting=self._waiting, loop=asyncio.get_running_loop())
        self._poller = Poller(
            self._connect, topics=self._topics, grouped=self._group is not None, handoff=handoff,
            max_records=self._max_poll_records, profile=self._profile,
        )  # fmt: skip
        self._handoff = handoff
        self._poller.thread.start()
        try:
            await asyncio.wait_for(handoff.started, self._profile.bootstrap_timeout_ms / 1000 + 5)
        except TimeoutError:
            self._poller.stop()
            raise Unavailable(f"the broker at {self._bootstrap} does not answer") from None

    async def batch(self, max_records: int, timeout_s: float) -> Batch | None:
        """Return what has arrived, at most *max_records*; None when nothing came for *timeout_s*."""
        poller, handoff = self._running()
        until = clock.monotonic() + timeout_s
        while True:
            self._check(poller)
            if await handoff.wait(max(0.0, min(LOOK_S, until - clock.monotonic()))):
                batch = handoff.take(max_records, self._epochs)
                if self._positions is not None and batch.assigned:
                    await self.resume_at(await self._positions(batch.assigned))
                if batch.records or batch.assigned or batch.lost or batch.truncated:
                    return batch
            if clock.monotonic() >= until:
                return None

    async def resume_at(self, positions: Mapping[Place, int]) -> None:
        """Let the partitions flow from these offsets; what waits from before is dropped. Also used to go back."""
        poller, _ = self._running()
        for place, offset in positions.items():
            self._epoch += 1
            self._epochs[place] = self._epoch
            poller.send(lambda c, p=place, o=offset, e=self._epoch: poller.resume(c, p, o, e))  # type: ignore[misc] # defaults bind now

    def mirror(self, positions: Mapping[Place, int]) -> None:
        """Commit *positions* to Kafka for people who look there; failures are counted in `mirror_failures`."""
        poller, _ = self._running()
        kept = dict(positions)
        poller.send(lambda consumer: poller.mirror(consumer, kept))

    async def stop(self) -> None:
        """Leave the group. Waits a bounded time; a stuck thread is left behind for the process to take with it."""
        if self._poller is not None:
            self._poller.stop()
            await asyncio.to_thread(self._poller.thread.join, CLOSE_S)

    def highwater(self, topic: str, partition: int) -> int | None:
        """The offset of the next record to be written, as fetch answers say it (never end_offsets); None before one."""
        return self._poller.highwaters.get((topic, partition)) if self._poller else None

    def lag(self) -> dict[Place, int]:
        """Records not yet handed over, per partition that has been fetched."""
        if self._poller is None:
            return {}
        marks, at = dict(self._poller.highwaters), dict(self._poller.positions)
        return {place: max(mark - at[place], 0) for place, mark in marks.items() if place in at}

    @property
    def mirror_failures(self) -> int:
        """How many commits to Kafka failed."""
        return self._poller.mirror_failures if self._poller else 0

    def _running(self) -> tuple[Poller, Handoff]:
        if self._poller is None or self._handoff is None:
            raise Unavailable("the source has not been started")
        return self._poller, self._handoff

    def _check(self, poller: Poller) -> None:
        since = poller.busy_since
        if since is not None and clock.monotonic() - since > self._profile.stuck_s:
            raise Stopped(f"a poll of {', '.join(self._topics)} has not returned for {self._profile.stuck_s:.0f} s")

    def _connect(self) -> KafkaConsumer:
        options = self._profile.consumer(self._bootstrap)
        if self._group is not None:
            options |= {"group_id": self._group, "partition_assignment_strategy": [self._assignor()]}
        return connect(KafkaConsumer, options | {"max_poll_records": self._max_poll_records})
