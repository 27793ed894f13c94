"""Finding the one record or customer that keeps a batch from being written, so that it never stops the line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from shared.core.errors import GradelineError, Stopped
from shared.edge.kafka.record import Place, Record
from shared.edge.store.append import Moved
from shared.edge.store.pool import is_hopeless
from shared.edge.worker.batch import Preparer
from shared.edge.worker.committing import Committer
from shared.edge.worker.jitter import MOVED_SECONDS, part_of
from shared.edge.worker.prepared import Prepared
from shared.edge.worker.takeover import Takeover

log = structlog.get_logger(__name__)


class Unstorable(GradelineError):
    """One of *records* cannot be written, however often it is tried. *since*: where they began, by partition."""

    def __init__(self, records: Sequence[Record], since: Mapping[Place, int]) -> None:
        """The error is the cause."""
        super().__init__(f"one of {len(records)} records cannot be written")
        self.records = records
        self.since = since


@contextmanager
def suspecting(records: Sequence[Record], since: Mapping[Place, int]) -> Iterator[None]:
    """Raise Unstorable in the place of an error that comes from one of *records* and would come again for ever."""
    try:
        yield
    except Exception as error:
        if not is_hopeless(error):
            raise
        raise Unstorable(records, since) from error


@dataclass(slots=True)
class Finder:
    """Writes what can be written of a batch that failed, and sets the rest aside. No other write may be under way."""

    preparer: Preparer
    committer: Committer
    takeover: Takeover

    async def records(self, found: Unstorable, owned: set[Place]) -> None:
        """Write the records of *found* in ever smaller pieces; one that fails alone is set aside.

        Memory is behind the source afterwards: take over again. Raises Stopped (too many set aside), what a commit
        raises but for what is at fault here.
        """
        since = await self._afresh(owned)
        places = {(record.topic, record.partition) for record in found.records}
        if any(since.get(place) != found.since.get(place) for place in places):
            return  # they do not follow what is stored: they come again in their turn
        pieces, parked = [list(found.records)], 0
        while pieces:
            piece = pieces.pop()
            error = await self.tried(partial(self.preparer.records, piece), owned)
            if error is None:
                continue
            if len(piece) == 1:
                parked += await self._set_aside(piece[0], error, owned)
                if self.preparer.settings.too_many_parked(parked, len({record.key for record in found.records})):
                    raise Stopped(f"{parked} customers had to be parked at once, the last with {error!r}")
            else:
                half = len(piece) // 2
                pieces += [piece[half:], piece[:half]]

    async def streams(self, streams: Sequence[str], *, cause: str, retry: bool = False) -> None:
        """Decide each of *streams* alone; park those where that cannot be written. Raises as `records`.

        *retry*: they are parked, and stay so.
        """
        failed: list[tuple[str, Exception]] = []
        for stream in streams:
            error = await self.tried(partial(self.preparer.streams, [stream], cause=cause, retry=retry))
            if error is not None:
                failed.append((stream, error))
                log.error("a customer cannot be decided", stream=stream, error=repr(error))
        if retry or not failed:
            return
        if self.preparer.settings.too_many_parked(len(failed), len(streams)):
            raise Stopped(f"{len(failed)} of {len(streams)} customers failed at once, the last with {failed[-1][1]!r}")
        for stream, error in failed:
            left = await self.tried(partial(self.preparer.streams, [stream], cause=cause, park=_reason(error)))
            if left is not None:
                log.error("a customer can be neither decided nor parked", stream=stream, error=repr(left))

    async def _set_aside(self, record: Record, error: Exception, owned: set[Place]) -> bool:
        """Keep the fact and park its customer; where even that fails, keep the bytes as a dead letter.

        Returns whether the customer is parked.
        """
        reason = _reason(error)
        log.error(
            "a record is set aside",
            topic=record.topic,
            partition=record.partition,
            position=record.offset,
            error=reason,
        )
        if await self.tried(partial(self.preparer.records, [record], park=reason), owned) is None:
            return True
        if await self.tried(partial(self.preparer.records, [record], bury=reason), owned) is not None:
            raise error
        return False

    async def tried(
        self, prepare: Callable[[], Awaitable[Prepared]], owned: set[Place] | None = None
    ) -> Exception | None:
        """Prepare and write, again where a stream moved. Returns what keeps it from being written, None where nothing.

        *owned*: everything is taken over again after a failure; None: only the streams are read again.
        """
        memory, error = self.preparer.memory, None
        for attempt in range(self.preparer.settings.moved_attempts):
            await asyncio.sleep(part_of(MOVED_SECONDS * attempt))
            prepared = None
            try:
                async with self.committer.before_others(attempt > 0):
                    prepared = await prepare()
                    await self.committer.commit(prepared)
            except Exception as failed:
                if not (isinstance(failed, Moved) or is_hopeless(failed)):
                    raise
                error = failed
                if owned is not None:
                    await self._afresh(owned)
                elif prepared is not None:
                    memory.cache.drop(list(prepared.write.streams))
                if not isinstance(failed, Moved):
                    break
                continue
            finally:
                memory.pending.pop(memory.batch, None)
            if prepared.stop is not None:
                raise Stopped(prepared.stop)
            return None
        return error

    async def _afresh(self, owned: set[Place]) -> dict[Place, int]:
        """Believe nothing but the database. Returns the next offsets."""
        self.preparer.memory.forget()
        return await self.takeover.take(owned)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
