"""The whole store back to state: what the product does, in one process and in two, beside its parts alone.

Reads the log that the step `ingest-small` left. Every reading is a process of its own, and all of one measurement
begin together; what counts is the time until the last of them is done.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from services.rating.worker import brain
from shared.edge import clock, codec
from shared.edge.embedded.postgres import EmbeddedPostgres
from shared.edge.store import replay
from shared.edge.store.pool import connect
from shared.edge.store.tables import HASHES
from shared.edge.worker.assembly import GC_THRESHOLD
from tests.bench.report import Report
from tests.bench.scale import Scale

LOG = "ingest-small"
PATIENCE_SECONDS = 60.0


class Done(NamedTuple):
    """One reading: events, when it began and ended, and seconds of its parts where those were timed."""

    events: int
    begun: float
    ended: float
    decoding: float = 0.0
    folding: float = 0.0


async def replayed(scale: Scale, folder: Path, report: Report) -> None:
    """Measure bare reading, decoding and folding, each in one process and in two."""
    source = folder.with_name(LOG) / "postgres"
    if not source.exists():
        raise RuntimeError(f"there is no log to read: the step {LOG} made none")
    with EmbeddedPostgres(source) as postgres:
        report.version("PostgreSQL", await postgres.version())
        size = await _settled(postgres.dsn)
        rates: dict[tuple[str, int], float] = {}
        for level, what in WHATS.items():
            for count in (1, 2):
                done = await asyncio.to_thread(together, postgres.dsn, level, count)
                events = sum(one.events for one in done)
                assert events == size, f"{events} of {size} events were read"
                rates[level, count] = events / (max(d.ended for d in done) - min(d.begun for d in done))
                processes = "one process" if count == 1 else "two processes"
                key = {("state", 1): "replay_one", ("state", 2): "replay_two"}.get((level, count), f"{level}_{count}")
                report.figure(key, f"{what}, {processes}", rates[level, count], "events/s", f"{events:,} events")
        (apart,) = await asyncio.to_thread(together, postgres.dsn, "apart", 1)
    for name, seconds in (("decode alone", apart.decoding), ("fold alone", apart.folding)):
        report.figure(f"replay_{name[:4]}_alone", name, apart.events / seconds, "events/s")
    parts = 1 / rates["bytes", 1] + (apart.decoding + apart.folding) / apart.events
    report.figure("replay_to_parts", "replay to state ÷ (bare COPY + decode + fold)",
                  100 * rates["state", 1] * parts, "%")  # fmt: skip


WHATS = {
    "bytes": "bare COPY BINARY of the log, bytes thrown away",
    "rows": "the same, split into rows",
    "events": "rows decoded to events",
    "state": "replay of the store to the state of every customer",
}


async def _settled(dsn: str) -> int:
    """Vacuum, so that the first reading does not pay for hint bits, and count."""
    connection = await connect(dsn, schema="rating")
    try:
        await connection.execute("vacuum analyze events")
        return int(await connection.fetchval("select count(*) from events"))
    finally:
        connection.terminate()


def together(dsn: str, level: str, count: int) -> list[Done]:
    """Read the log in *count* processes, each its share of the hash partitions. Raises RuntimeError where one ends."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(count), context.Queue()
    children = [
        context.Process(target=one, args=(dsn, level, range(at, HASHES, count), barrier, answers), daemon=True)
        for at in range(count)
    ]
    for child in children:
        child.start()
    try:
        found = [answers.get(timeout=PATIENCE_SECONDS) for _ in children]
    finally:
        for child in children:
            child.join(5.0)
            child.kill()
    failed = [answer for answer in found if isinstance(answer, str)]
    if failed:
        raise RuntimeError(failed[0])
    return found


def one(dsn: str, level: str, parts: range, barrier: Any, answers: Any) -> None:
    """What one process does."""
    gc.set_threshold(*GC_THRESHOLD)
    try:
        barrier.wait(PATIENCE_SECONDS)
        answers.put(asyncio.run(LEVELS[level](dsn, parts)))
    except Exception as error:
        answers.put(f"{type(error).__name__}: {error}")


async def _bytes(dsn: str, parts: range) -> Done:
    """The server's side and the socket, nothing of ours."""
    connection = await connect(dsn, schema="rating")
    begun, events, size = clock.monotonic(), 0, 0

    async def output(chunk: bytes) -> None:
        nonlocal size
        size += len(chunk)

    try:
        for part in parts:
            query = replay._QUERY.format(part=part, where="")
            copied = await connection.copy_from_query(query, output=output, format="binary")
            events += int(copied.rpartition(" ")[2])
    finally:
        connection.terminate()
    return Done(events, begun, clock.monotonic())


async def _rows(dsn: str, parts: range) -> Done:
    begun, events = clock.monotonic(), 0
    async for rows in _read(dsn, parts):
        events += len(rows)
    return Done(events, begun, clock.monotonic())


async def _events(dsn: str, parts: range) -> Done:
    begun, events, event_of_row = clock.monotonic(), 0, replay.event_of_row
    async for rows in _read(dsn, parts):
        for row in rows:
            event_of_row(row)
        events += len(rows)
    return Done(events, begun, clock.monotonic())


async def _state(dsn: str, parts: range) -> Done:
    rating = brain("CNY")
    evolve, initial, event_of_row = rating.evolve, rating.initial, replay.event_of_row
    states: dict[str, Any] = {}
    begun, events, in_order = clock.monotonic(), 0, replay.InOrder()
    async for rows in _read(dsn, parts):
        for row in in_order.feed(rows):
            stream = row[0]
            state = states.get(stream)
            if state is None:
                state = states[stream] = initial(stream)
            evolve(state, event_of_row(row))
        events += len(rows)
    assert not in_order.holes
    return Done(events, begun, clock.monotonic())


async def _apart(dsn: str, parts: range) -> Done:
    """As `_state`, the decode of the data and the fold timed by themselves."""
    rating = brain("CNY")
    states: dict[str, Any] = {}
    begun, events, in_order, decoding, folding = clock.monotonic(), 0, replay.InOrder(), 0.0, 0.0
    async for rows in _read(dsn, parts):
        ready = list(in_order.feed(rows))
        since = clock.monotonic()
        for row in ready:
            codec.decode_data(row[3], row[9])
        decoding += clock.monotonic() - since
        told = [(row[0], replay.event_of_row(row)) for row in ready]
        since = clock.monotonic()
        for stream, event in told:
            state = states.get(stream)
            if state is None:
                state = states[stream] = rating.initial(stream)
            rating.evolve(state, event)
        folding += clock.monotonic() - since
        events += len(rows)
    return Done(events, begun, clock.monotonic(), decoding, folding)


def _read(dsn: str, parts: range) -> AsyncIterator[list[replay.Row]]:
    return replay.replay(dsn, schema="rating", partitions=parts)


LEVELS: dict[str, Callable[[str, range], Coroutine[Any, Any, Done]]] = {
    "bytes": _bytes, "rows": _rows, "events": _events, "state": _state, "apart": _apart,
}  # fmt: skip
