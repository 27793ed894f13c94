"""The one thread that owns a KafkaConsumer: poll, seek, pause, resume, commit and close happen only here."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from time import sleep
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import (
    CorruptRecordError,
    KafkaError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    RetriableError,
    UnsupportedCodecError,
)

from shared.core.errors import GradelineError, Stopped, Unavailable
from shared.edge import clock
from shared.edge.kafka.client import PAUSE_MS
from shared.edge.kafka.handoff import Handoff
from shared.edge.kafka.listener import Listener
from shared.edge.kafka.member import Member
from shared.edge.kafka.profile import Profile
from shared.edge.kafka.record import Place, Record, Truncated
from shared.edge.kafka.unreadable import Unreadable

POLL_MS = 200
KEEP_ALIVE_S = 0.1
QUIET_S = 10.0
"""After so long without a record a consumer asks less often."""
TOPICS_S = 5.0
JOIN_S = 8.0
"""How long a member that is told to stop goes on joining. Longer than `Source.stop` waits: a process that ends meanwhile
is gone without a word, which the group gets over."""
log = logging.getLogger(__name__)


class Poller:
    """Polls into a bounded hand-off. Made, run and closed on its own thread; others only send commands."""

    def __init__(self, make: Callable[[], KafkaConsumer], *, topics: list[str], grouped: bool, handoff: Handoff,
                 max_records: int, profile: Profile) -> None:  # fmt: skip
        """*make* builds the consumer (on the thread). *grouped* False: all partitions of *topics* are ours."""
        self._make = make
        self._topics = topics
        self._grouped = grouped
        self._out = handoff
        self._max_records = max_records
        self._profile = profile
        self._commands: deque[Callable[[KafkaConsumer], None]] = deque()
        self._changes: deque[tuple[str, frozenset[Place]]] = deque()
        self._epochs: dict[TopicPartition, int] = {}
        self._next: dict[TopicPartition, int] = {}
        self._beyond_since: dict[TopicPartition, float] = {}
        self._heard = clock.monotonic()
        self._stopping = False
        self._member: Member | None = None
        self.busy_since: float | None = None
        """When the call into the client that is now running began; None between calls."""
        self.highwaters: dict[Place, int] = {}
        self.positions: dict[Place, int] = {}
        self.polls = 0
        self.retried = 0
        self.mirror_failures = 0
        self.listener_threads: set[str] = set()
        self.thread = threading.Thread(target=self._run, name=f"kafka-poll-{topics[0]}", daemon=True)

    def send(self, command: Callable[[KafkaConsumer], None]) -> None:
        """Run *command* on the thread, between two polls."""
        self._commands.append(command)
        self._out.nudge()

    def stop(self) -> None:
        """Leave the group and end the thread, soon."""
        self._stopping = True
        self._out.nudge()

    def resume(self, consumer: KafkaConsumer, place: Place, offset: int, epoch: int) -> None:
        """Seek and let records flow again, marked with *epoch*. On the thread. A partition that has gone is skipped."""
        tp = TopicPartition(*place)
        if tp not in consumer.assignment():
            return
        consumer.seek(tp, offset)
        consumer.resume(tp)
        self._epochs[tp] = epoch
        self._next[tp] = offset
        self._beyond_since.pop(tp, None)
        self.positions[place] = offset

    def mirror(self, consumer: KafkaConsumer, positions: Mapping[Place, int]) -> None:
        """Tell Kafka how far we are, for people who look there. Nothing depends on it."""
        held = consumer.assignment()
        ours = {TopicPartition(*place): OffsetAndMetadata(at, "", -1) for place, at in positions.items()}
        ours = {tp: at for tp, at in ours.items() if tp in held}
        if ours and self._grouped:
            consumer.commit_async(ours, callback=self._mirrored)

    def _mirrored(self, _offsets: Any, response: Any) -> None:
        self.mirror_failures += isinstance(response, Exception)

    def _run(self) -> None:
        consumer = None
        try:
            consumer = self._make()
            self._join(consumer)
            self._out.ready()
            while not self._stopping:
                self._turn(consumer)
            self._end_join(consumer)
        except GradelineError as error:
            self._out.fail(error)
        except Exception as error:
            log.exception("the consumer of %s ended", self._topics)
            self._out.fail(Unavailable(f"the Kafka consumer failed: {error!r}"))
        finally:
            self.busy_since = None
            if consumer is not None:
                self._close(consumer)

    def _join(self, consumer: KafkaConsumer) -> None:
        if self._grouped:
            listener = Listener(consumer, self._changes)
            self.listener_threads = listener.threads
            self._member = Member(consumer, self._topics, listener)
            return
        consumer.assign(partitions := self._partitions(consumer))
        consumer.pause(*partitions)
        self._changes.append(("assigned", frozenset((tp.topic, tp.partition) for tp in partitions)))

    def _partitions(self, consumer: KafkaConsumer) -> list[TopicPartition]:
        """Every partition of the topics; a broker that just made one may not say so at once."""
        until = clock.monotonic() + TOPICS_S
        while True:
            found = [(t, p) for t in self._topics for p in sorted(consumer.partitions_for_topic(t) or ())]
            if {topic for topic, _ in found} == set(self._topics):
                return [TopicPartition(*place) for place in found]
            if clock.monotonic() > until or self._stopping:
                raise Unavailable(f"the broker has no topic {', '.join(sorted(self._topics))}")
            sleep(TOPICS_S / 25)

    def _turn(self, consumer: KafkaConsumer) -> None:
        while self._commands:
            self._commands.popleft()(consumer)
        if not self._grouped and not consumer._client.connected_to_all:
            # a poll that may last connects again and again without a pause; a member is `unhurried`, and must not be
            # given no time at all, in which it would never join
            sleep(PAUSE_MS / 1000)
            self._poll(consumer, 0)
            return
        if self._out.wait_for_room(KEEP_ALIVE_S):
            self._poll(consumer, POLL_MS)
            return
        active = [tp for tp in self._epochs if tp in consumer.assignment()]
        consumer.pause(*active)  # the group needs polls, the hand-off has no room: poll nothing
        self._poll(consumer, 0)
        consumer.resume(*(tp for tp in active if tp in self._epochs and tp in consumer.assignment()))

    def _poll(self, consumer: KafkaConsumer, timeout_ms: int) -> None:
        self.busy_since = clock.monotonic()
        try:
            fetched = consumer.poll(timeout_ms, max_records=self._max_records)
        except NoOffsetForPartitionError as error:
            self._hold(consumer, error.args[0])
            fetched = {}
        except OffsetOutOfRangeError as error:
            self._out_of_range(consumer, error.args[0])
            fetched = {}
        except LogTruncationError as error:
            for tp in error.divergent_offsets:
                self._break(consumer, tp, beyond(tp, self._next.get(tp, 0), consumer.highwater(tp)))
            fetched = {}
        except CorruptRecordError as error:
            # the next poll would never return, and skipping would lose the rest of the batch; what breaks the protocol
            # under a checksum that holds comes out as an unreadable record
            what = "fails its checksum" if "crc" in str(error) else "cannot be read"
            raise Stopped(f"a record batch {what}: {error}") from error
        except UnsupportedCodecError as error:
            raise Stopped(f"a record batch is compressed in a way we do not read: {error}") from error
        except RetriableError:
            self.retried += 1
            fetched = {}
        except KafkaError as error:
            raise Unavailable(f"the Kafka consumer failed: {error!r}") from error
        finally:
            self.busy_since = None
        self.polls += 1
        if self._member is not None:
            self._member.look()
        self._apply_changes(consumer)
        self._deliver(fetched)
        self._pace(consumer, bool(fetched))
        self._watch_highwater(consumer)

    def _end_join(self, consumer: KafkaConsumer) -> None:
        """Who leaves the embedded broker in the middle of a join keeps everybody else from ever joining: join, then leave."""
        until = clock.monotonic() + JOIN_S
        while self._member is not None and self._member.is_joining() and clock.monotonic() < until:
            self._poll(consumer, POLL_MS)

    def _hold(self, consumer: KafkaConsumer, partitions: Collection[TopicPartition]) -> None:
        """A partition without a position makes every poll raise, paused or not: give it one that is never read."""
        held = consumer.assignment()
        for tp in partitions:
            if tp in held:
                consumer.pause(tp)
                consumer.seek(tp, 0)
                if self._epochs.pop(tp, None) is not None:  # it had one: the client dropped it without telling us
                    self._changes.append(("assigned", frozenset({(tp.topic, tp.partition)})))

    def _apply_changes(self, consumer: KafkaConsumer) -> None:
        while self._changes:
            kind, places = self._changes.popleft()
            for place in places:
                tp = TopicPartition(*place)
                self._epochs.pop(tp, None)
                self._beyond_since.pop(tp, None)
                self.highwaters.pop(place, None)
                self.positions.pop(place, None)
                if kind == "assigned" and tp in consumer.assignment():
                    consumer.pause(tp)
                    consumer.seek(tp, 0)
            self._out.change(kind, places)

    def _deliver(self, fetched: Mapping[TopicPartition, list[Any]]) -> None:
        parts: list[tuple[Place, int, list[Record]]] = []
        for tp, rows in fetched.items():
            if tp not in self._epochs or not rows:
                continue
            records = [record_of(row) for row in rows]
            self._next[tp] = records[-1].offset + 1
            self.positions[tp.topic, tp.partition] = self._next[tp]
            parts.append(((tp.topic, tp.partition), self._epochs[tp], records))
        if parts:
            self._out.put(parts)

    def _pace(self, consumer: KafkaConsumer, heard: bool) -> None:
        """Ask less often while nothing comes."""
        now = clock.monotonic()
        self._heard = now if heard else self._heard
        quiet = now - self._heard > QUIET_S
        wait = self._profile.quiet_wait_ms if quiet else self._profile.fetch_max_wait_ms
        consumer._fetcher.config["fetch_max_wait_ms"] = wait

    def _watch_highwater(self, consumer: KafkaConsumer) -> None:
        """A fetch past the end is answered with nothing, for ever: compare with the high watermark ourselves."""
        for tp in list(self._epochs):
            mark = consumer.highwater(tp) if tp in consumer.assignment() else None
            if mark is None:
                continue
            self.highwaters[tp.topic, tp.partition] = mark
            if mark >= self._next[tp]:
                self._beyond_since.pop(tp, None)
            elif clock.monotonic() - self._beyond_since.setdefault(tp, clock.monotonic()) >= self._profile.beyond_s:
                self._break(consumer, tp, beyond(tp, self._next[tp], mark))

    def _out_of_range(self, consumer: KafkaConsumer, offsets: Mapping[TopicPartition, int]) -> None:
        for tp, offset in offsets.items():
            first = consumer.beginning_offsets([tp], timeout_ms=5_000).get(tp)
            if first is not None and offset < first:
                self._break(consumer, tp, Truncated(tp.topic, tp.partition, offset, first, "expired"))
            else:
                self._break(consumer, tp, beyond(tp, offset, consumer.highwater(tp)))

    def _break(self, consumer: KafkaConsumer, tp: TopicPartition, what: Truncated) -> None:
        self._epochs.pop(tp, None)
        self._beyond_since.pop(tp, None)
        if tp in consumer.assignment():
            consumer.pause(tp)
            consumer.seek(tp, 0)
        self._out.truncate(what)

    def _close(self, consumer: KafkaConsumer) -> None:
        try:
            consumer.close(autocommit=False, timeout_ms=2_000)
        except Exception as error:
            log.warning("closing the consumer of %s: %r", self._topics, error)


def record_of(row: Any) -> Record:
    """A record as the client gives it. A header without a value has an empty one."""
    headers = tuple((name, value or b"") for name, value in row.headers)
    why = row.headers.why if isinstance(row.headers, Unreadable) else ""
    return Record(row.topic, row.partition, row.offset, row.key, row.value, headers, row.timestamp, why)


def beyond(tp: TopicPartition, position: int, highwater: int | None) -> Truncated:
    """The log of *tp* ends at *highwater*, before *position*."""
    return Truncated(tp.topic, tp.partition, position, highwater, "beyond")
