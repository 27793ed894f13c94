"""Records in, one prepared transaction out: decode, refuse, seal, drop duplicates, load, fold, decide."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import asyncpg
import structlog

from shared.core.brain import Brain, Decided
from shared.core.errors import Stopped, Undecodable
from shared.core.events.base import Decision
from shared.edge import clock
from shared.edge.kafka.record import Record
from shared.edge.store.pool import Connection
from shared.edge.store.sealing import Box
from shared.edge.store.write import Span, Write
from shared.edge.worker import days
from shared.edge.worker.cache import Entry
from shared.edge.worker.dead import bury
from shared.edge.worker.deciding import Decider, Failed, NewFact
from shared.edge.worker.incoming import Incoming, decoded
from shared.edge.worker.memory import Memory
from shared.edge.worker.partition import Part
from shared.edge.worker.ports import Changes, Sealer
from shared.edge.worker.prepared import Prepared
from shared.edge.worker.settings import WorkerSettings
from shared.edge.worker.sifting import Sifted, sift
from shared.edge.worker.states import BREATH, States

DAY_KEY = days.DAY_SUBJECT.encode()
FACTS = "credit.events"

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Preparer:
    """Makes batches. It reads the database and never writes to it."""

    brain: Brain[Any, Any]
    pool: asyncpg.Pool
    settings: WorkerSettings
    memory: Memory
    box: Box
    sealer: Sealer | None
    opened: days.OpenedDays
    changes: Changes | None = None
    states: States = field(init=False)

    def __post_init__(self) -> None:
        self.states = States(self.brain, self.settings, self.memory)

    async def records(self, records: Iterable[Record], *, park: str = "", bury: str = "") -> Prepared:
        """The batch of *records*. Raises Stopped (too many customers failed), asyncpg errors.

        *park*: why their customers are parked, the facts being kept. *bury*: why they are not even looked at.
        """
        prepared = self.begin()
        taken = self._take(records, prepared)
        good, bad, prepared.foreign = await decoded([] if bury else taken, settings=self.settings, now=prepared.now)
        if bury:
            bad = [(record, Undecodable(bury, rule="unstorable")) for record in taken]
        await self.take_in(prepared, good, bad, park=park)
        return prepared

    async def take_in(
        self, prepared: Prepared, good: Sequence[Incoming], bad: list[tuple[Record, Undecodable]], *, park: str = ""
    ) -> None:
        """Sort what was decoded, fold and decide what is new of it, into *prepared*. Raises as `records`."""
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            sifted = await sift(
                connection, good, settings=self.settings, memory=self.memory, sealer=self.sealer, opened=self.opened
            )
            bad += sifted.refused
            await self._open(connection, prepared, sifted.opening)
            await self.states.load(connection, sifted.facts.keys() | sifted.own.keys(), pinned=bool(good))
        prepared.write.quarantine.extend(sifted.quarantine)
        prepared.duplicates, prepared.facts = sifted.duplicates, sifted.count
        prepared.oldest = min((fact.recorded_at for facts in sifted.facts.values() for fact in facts), default=None)
        self.memory.pending[prepared.number] = sifted.appended
        self._bury(prepared, len(good), bad)
        self._break([*sifted.facts, *sifted.own], park)
        await self._fold(prepared, sifted)
        self._leave(prepared)

    async def streams(
        self, streams: Sequence[str], *, cause: str, retry: bool = False, snapshots: bool = False, park: str = ""
    ) -> Prepared:
        """The batch that decides *streams* again, with no new fact.

        *retry*: parked ones are folded all the same. *snapshots*: each of them leaves one. *park*: why they are parked
        instead.
        """
        prepared = self.begin()
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            if retry:
                self.memory.cache.drop(streams)
            await self.states.load(connection, streams, parked=retry)
        self._break(streams, park)
        decider = self._decider(prepared)
        decider.snapshots = snapshots
        failed: list[Failed] = []
        for number, stream in enumerate(streams):
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)
            entry = self.memory.cache.get(stream)
            if entry is None or entry.partition not in self.memory.parts:
                continue
            prepared.partitions.add(entry.partition)
            one = self._one(decider, entry, (), (), cause)
            if one is not None:
                failed.append(one)
            elif retry:
                prepared.write.unparked.append(stream)
        prepared.parked = len(failed)
        if not retry:
            self._bounded(prepared, len(streams), failed)
        self._leave(prepared)
        return prepared

    async def announce(
        self, prepared: Prepared, stream: str, data: Decision, *, cause: str = "day", park: str = ""
    ) -> None:
        """Add a decision about *stream*, one of our own, to *prepared*. *park* as in `streams`."""
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            await self.states.load(connection, [stream])
        entry = self.memory.cache.get(stream)
        assert entry is not None, f"{stream} was not loaded"
        self._break([stream], park)
        self._one(self._decider(prepared), entry, (), (Decided(data, publish=True),), cause)

    def _break(self, streams: Iterable[str], why: str) -> None:
        """Let *streams* be parked as if they could not be folded; no effect where there is no reason *why*."""
        for stream in streams if why else ():
            entry = self.memory.cache.get(stream)
            if entry is not None and entry.state is not None:
                entry.broken = why

    def begin(self) -> Prepared:
        """A batch with nothing in it."""
        self.memory.batch += 1
        return Prepared(self.memory.batch, clock.now(), Write(generation=self.memory.generation))

    def _take(self, records: Iterable[Record], prepared: Prepared) -> list[Record]:
        """The records that are next in their partition, and how far they move it.

        A day record behind a running sweep, or behind another day record, waits, and all of its partition behind it.
        """
        taken: list[Record] = []
        offsets, positions, parts = self.memory.next_offsets, prepared.write.positions, self.memory.parts
        opening: set[int] = set()
        day_topic = self.settings.topic_prefix + self.settings.day_topic
        for record in records:
            place = (record.topic, record.partition)
            expected = offsets.get(place)
            if expected is None or record.offset < expected:
                continue
            part = parts[record.partition]
            is_day = record.key == DAY_KEY and record.topic == day_topic
            if part.held or (is_day and (part.sweeping or part.number in opening)):
                part.hold(record)
                continue
            if is_day:
                opening.add(part.number)
            span = positions.get(place)
            offsets[place] = record.offset + 1
            positions[place] = Span(expected if span is None else span.since, record.offset + 1)
            taken.append(record)
        prepared.records = taken
        prepared.partitions.update(record.partition for record in taken)
        return taken

    async def _open(self, connection: Connection, prepared: Prepared, opening: dict[int, date]) -> None:
        """Move partitions to their new day. Only once everything is read: what raises must leave memory as it was."""
        for number, day in opening.items():
            part, since = self.memory.parts[number], self.memory.parts[number].day
            part.open(day)
            if self.changes is not None and await self.changes.bring(connection, part.context, since, day):
                part.sweep_everyone()
            prepared.moves_days = True
            prepared.write.days[number] = part.as_write()

    def _bury(self, prepared: Prepared, good: int, bad: list[tuple[Record, Undecodable]]) -> None:
        window = self.memory.window
        window.passed(good)
        for record, why in bad:
            if not self.settings.intake and record.topic == self.settings.topic_prefix + FACTS:
                prepared.skipped.append(why.rule)  # the service that takes facts in keeps it
                continue
            bury(prepared.write, record, why, box=self.box, now=prepared.now)
            window.died()
        if window.full:
            last = bad[-1][1].message if bad else "see the dead letters"
            prepared.stop = (
                f"{self.settings.dead_letters} dead letters in {self.settings.dead_letters_of} records: {last}"
            )

    async def _fold(self, prepared: Prepared, sifted: Sifted) -> None:
        """Fold and decide every stream that something new came for, reference facts first: they change decisions."""
        decider = self._decider(prepared)
        failed: list[Failed] = []
        for number, stream in enumerate(sorted(sifted.facts.keys() | sifted.own.keys(), key=_reference_first)):
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)
            entry = self.memory.cache.get(stream)
            assert entry is not None, f"{stream} was not loaded"
            facts, own = sifted.facts.get(stream, ()), sifted.own.get(stream, ())
            if stream.startswith(days.REFERENCE_SUBJECT):
                self._refer(prepared, self.memory.parts[entry.partition], facts)
            one = self._one(decider, entry, facts, own, "fact", self.settings.walk_days)
            if one is not None:
                failed.append(one)
        prepared.parked = len(failed)
        self._bounded(prepared, len(sifted.facts), failed)

    def _one(
        self,
        decider: Decider,
        entry: Entry[Any],
        facts: Sequence[NewFact],
        own: Sequence[Decided],
        cause: str,
        patience: int | None = None,
    ) -> Failed | None:
        part = self.memory.parts[entry.partition]
        failed = decider.take(entry, part, facts, own, cause=cause, patience=patience)
        self.memory.cache.put(entry, self.states.weight(entry))
        return failed

    def _refer(self, prepared: Prepared, part: Part[Any], facts: Sequence[NewFact]) -> None:
        """Change what the customers of a partition are measured with, and let all of them be decided again."""
        for fact in facts:
            self.brain.refer(part.context, fact.event)
        part.sweep_everyone()
        prepared.moves_days = True
        prepared.write.days[part.number] = part.as_write()

    def _bounded(self, prepared: Prepared, streams: int, failed: Sequence[Failed]) -> None:
        """Raise Stopped where too many customers failed at once: then it is not the customers."""
        if self.settings.too_many_parked(len(failed), streams):
            one = failed[0]
            raise Stopped(f"{len(failed)} of {streams} customers failed at once, {one.stream} with {one.reason}")
        for one in failed:
            log.warning("customer parked", stream=one.stream, version=one.version, reason=one.reason)

    def _leave(self, prepared: Prepared) -> None:
        """Let states go that memory has no room for; those far ahead of their snapshot leave one."""
        for entry in self.memory.cache.evict(self.memory.committed):
            behind = entry.version - entry.snapshot_version
            if entry.state is not None and behind >= self.settings.snapshot_on_eviction:
                raw = self.brain.dump(entry.state)
                prepared.write.snapshots.append((entry.stream, entry.version, self.brain.fold_version, raw))

    def _decider(self, prepared: Prepared) -> Decider:
        return Decider(self.brain, self.settings, prepared.write, prepared.number, prepared.now)


def _reference_first(stream: str) -> tuple[bool, str]:
    return (not stream.startswith("~"), stream)
