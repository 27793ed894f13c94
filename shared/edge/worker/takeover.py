"""Taking partitions over: positions, days and reference facts come from the database; nothing else is believed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg
import structlog

from shared.core.brain import Brain
from shared.core.errors import Fenced
from shared.edge import clock, metrics
from shared.edge.kafka import tail
from shared.edge.kafka.record import Place, Truncated
from shared.edge.store import positions, sql
from shared.edge.store.days import last_opened, open_first
from shared.edge.store.pool import Connection
from shared.edge.store.read import read_stream
from shared.edge.store.rows import stream_of
from shared.edge.worker.days import REFERENCE_SUBJECT
from shared.edge.worker.memory import Memory
from shared.edge.worker.partition import Part
from shared.edge.worker.ports import Changes
from shared.edge.worker.settings import WorkerSettings

SKIP = """
update positions set next_offset = $3
where topic = $1 and partition = $2 and generation = $4 and next_offset < $3
"""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Takeover:
    """Fills the memory of a worker with what its new partitions are."""

    brain: Brain[Any, Any]
    pool: asyncpg.Pool
    settings: WorkerSettings
    memory: Memory
    changes: Changes | None = None
    loads: bool = False
    """Whether what the topics do not hold any more is loaded before they are followed."""

    async def take(self, places: Iterable[Place]) -> dict[Place, int]:
        """Take *places* over. Returns the offset at which each goes on.

        Raises asyncpg errors; Fenced where the broker's log is another one than that of places taken over before, which
        must be taken over again with them: they would go on in the new log at their positions in the old one.
        """
        wanted = sorted(places)
        if not wanted:
            return {}
        async with self.pool.acquire() as connection, connection.transaction():
            now = await positions.generation(connection)
            loading = await positions.to_load(connection, wanted, now) if self.loads else {}
            generation, offsets = await positions.take_over(connection, wanted)
            day = await self._day(connection)
            numbers = sorted({partition for _, partition in wanted} - self.memory.parts.keys())
            standing = await positions.take_over_partitions(connection, numbers, day)
            contexts = {number: await self._context(connection, number, day) for number in numbers}
        if generation != self.memory.generation and self.memory.next_offsets.keys() - set(wanted):
            raise Fenced("the broker's log is another one now")
        self.memory.generation = generation
        for number in numbers:
            self.memory.parts[number] = Part.standing(number, contexts[number], standing[number])
        for _, partition in wanted:
            part = self.memory.parts[partition]
            part.release()
            part.loading = loading.get(partition)
        self.memory.next_offsets.update(offsets)
        await self.retries(everyone=True, among=numbers)
        return offsets

    async def renewed(self) -> bool:
        """Whether the positions in memory refer to another log than the broker has now."""
        async with self.pool.acquire() as connection:
            return await positions.generation(connection) != self.memory.generation

    async def retries(self, *, everyone: bool, among: Sequence[int] | None = None) -> None:
        """Note the parked streams that get another attempt: all, or those that staff asked for."""
        numbers = sorted(self.memory.parts) if among is None else list(among)
        async with self.pool.acquire() as connection:
            for row in await connection.fetch(sql.PARKED_HERE, numbers, everyone):
                self.memory.parts[row["partition"]].retry.append(row["stream"])
            if not everyone:
                parked = await connection.fetchval("select count(*) from parked")
                metrics.STREAMS_PARKED.labels(self.settings.service).set(parked)

    async def truncated(self, cuts: Sequence[Truncated]) -> None:
        """The log cannot serve a position. Passed by retention: go on at what there still is, and say so.

        Facts that came over HTTP and that nobody had read wait in intake, and are published once more.
        Beyond the log: the broker lost it, or its newest part; the generation tells which, the position stays.
        """
        for cut in cuts:
            log.error(
                "the broker cannot serve our position",
                topic=cut.topic,
                partition=cut.partition,
                position=cut.position,
                edge=cut.edge,
                reason=cut.reason,
            )
            metrics.POSITION_BEYOND_LOG.inc()
            if cut.reason == "expired" and cut.edge is not None:
                async with self.pool.acquire() as connection, connection.transaction():
                    await connection.execute(SKIP, cut.topic, cut.partition, cut.edge, self.memory.generation)
                    if self.settings.intake:
                        await tail.again(connection, "intake", cut.partition)
                    if self.loads:
                        await positions.load_again(connection, cut.partition)

    async def _day(self, connection: Connection) -> date | None:
        """The day of a partition that has none: the last one opened, else the first of this installation.

        None for who does not open days: it has none until it hears of one.
        """
        if not self.settings.intake:
            return self.settings.first_day
        opened = await last_opened(connection)
        if opened is not None:
            return opened
        first = self.settings.first_day or clock.today(self.settings.zone)
        return await open_first(connection, first, now=clock.now())

    async def _context(self, connection: Connection, number: int, day: date | None) -> Any:
        context = self.brain.context()
        for stored in await read_stream(connection, stream_of(REFERENCE_SUBJECT, number)):
            self.brain.refer(context, stored.event)
        if self.changes is not None and day is not None:
            await self.changes.bring(connection, context, None, day)
        return context


def declared(places: frozenset[Place], count: int) -> frozenset[Place]:
    """Those of *places* in which customers can be, where topics have *count* partitions. Ones that somebody added are left
    alone: nothing is ours there, and what was decided in them could not be published. The relay says what to do."""
    added = frozenset(place for place in places if place[1] >= count)
    if added:
        log.error("the topic has more partitions than declared; they are not read", added=sorted(added))
    return places - added
