"""The whole log in sequence: COPY BINARY out of each hash partition, read by `struct`; nothing is decoded here."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from shared.core.envelope import Event
from shared.edge.codec import decode_data
from shared.edge.store.pool import connect
from shared.edge.store.rows import sequence_of, subject_of, zone_of
from shared.edge.store.tables import HASHES

Row = tuple[str, int, int, str, str, str, int, int, int, bytes]
"""stream, version, kind, type, source, id, time, utc_offset, recorded_at, data. Times are microseconds since 2000-01-01
in UTC, as PostgreSQL keeps them; offsets are minutes."""

_QUERY = """
select version, kind, utc_offset, time, recorded_at,
       stream || e'\\x1f' || type || e'\\x1f' || source || e'\\x1f' || id, data
from events_{part} {where}
"""
"""The four names travel as one field, because Python pays by the field; none of them can hold a control character."""
_FIXED = struct.Struct(">hiiihihiqiqi")
"""Field count, then length and value of the five fixed columns, then the length of the names."""
_FIXED_BYTES = _FIXED.size
_LENGTH = struct.Struct(">i")
_HEADER_BYTES = 19
_CHUNK_BYTES = 1 << 18
_CHUNKS_WAITING = 8
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_KEPT = 8_192
"""How many instants and numbers are kept ready: a batch shares its recorded time, and facts of a day their time."""


class _Ready(dict[int, Any]):
    """What *make* made of each number, made once; emptied when it grows beyond what is kept."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, number: int) -> Any:
        if len(self) >= _KEPT:
            self.clear()
        made = self[number] = self._make(number)
        return made


def _clock(offset: int) -> _Ready:
    """Microseconds since 2000 → the instant as clocks showed it *offset* minutes from UTC."""
    epoch = _EPOCH.astimezone(zone_of(offset))
    return _Ready(lambda microseconds: epoch + timedelta(0, 0, microseconds))


_CLOCKS = _Ready(_clock)
_RECORDED = _Ready(lambda microseconds: _EPOCH + timedelta(0, 0, microseconds))
_SEQUENCES = _Ready(sequence_of)


async def replay(
    dsn: str, *, schema: str, partitions: Iterable[int] = range(HASHES), known_at: datetime | None = None
) -> AsyncIterator[list[Row]]:
    """Yield every event of the hash *partitions* (0–7), some hundred at a time, in the order they lie on disk.

    Streams are whole within a partition, and versions nearly always ascend: pass what comes through `InOrder` where it
    matters. *known_at* leaves out what was recorded later. Raises asyncpg errors.
    """
    connection = await connect(dsn, schema=schema)
    try:
        await connection.execute("set synchronize_seqscans = off; set max_parallel_workers_per_gather = 0")
        for part in partitions:
            async for rows in _read(connection, part, known_at):
                yield rows
    finally:
        connection.terminate()


async def _read(connection: asyncpg.Connection, part: int, known_at: datetime | None) -> AsyncIterator[list[Row]]:
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_CHUNKS_WAITING)
    gathered = bytearray()

    async def output(chunk: bytes) -> None:
        gathered.extend(chunk)
        if len(gathered) >= _CHUNK_BYTES:
            await waiting.put(bytes(gathered))
            gathered.clear()

    async def copy() -> None:
        try:
            query = _QUERY.format(part=part, where="" if known_at is None else "where recorded_at <= $1")
            given = () if known_at is None else (known_at,)
            await connection.copy_from_query(query, *given, output=output, format="binary")
            await waiting.put(bytes(gathered))
        finally:
            await waiting.put(None)

    copying = asyncio.create_task(copy())
    try:
        left, first = b"", True
        while (chunk := await waiting.get()) is not None:
            rows, left = _rows(left + chunk, _HEADER_BYTES if first and chunk else 0)
            first = first and not chunk
            if rows:
                yield rows
        await copying
        assert not left, f"events_{part} ended within a row"
    finally:
        copying.cancel()
        await asyncio.gather(copying, return_exceptions=True)


def _rows(raw: bytes, at: int) -> tuple[list[Row], bytes]:
    """The whole rows in *raw* from *at* on, and the bytes of one that is not whole."""
    fixed, length, size = _FIXED.unpack_from, _LENGTH.unpack_from, len(raw)
    rows: list[Row] = []
    try:
        while at < size:
            if raw[at] == 0xFF:  # the trailer: field count -1
                return rows, b""
            _, _, version, _, kind, _, offset, _, time, _, recorded, long = fixed(raw, at)
            start = at + _FIXED_BYTES
            end = start + long
            if end + 4 > size:
                break
            stream, type_, source, id_ = raw[start:end].decode().split("\x1f")
            start = end + 4
            end = start + length(raw, end)[0]
            if end > size:
                break
            rows.append((stream, version, kind, type_, source, id_, time, offset, recorded, raw[start:end]))
            at = end
    except struct.error:  # not even the fixed part is whole
        pass
    return rows, raw[at:]


def event_of_row(row: Row) -> Event:
    """Decode one row of `replay`."""
    stream, version, _, type_, source, id_, time, offset, recorded, data = row
    # as `rows.rebuilt` does it, without the calls: nothing is done more often in a replay
    return Event(
        id=id_,
        source=source,
        type=type_,
        subject=subject_of(stream) if stream[0] == "~" else stream,
        time=_CLOCKS[offset][time],
        data=decode_data(type_, data),
        recordedtime=_RECORDED[recorded],
        sequence=_SEQUENCES[version],
    )


class InOrder:
    """Gives rows on in version order within each stream; one that lies before its predecessor on disk waits for it."""

    def __init__(self) -> None:
        """No stream has been seen."""
        self._reached: dict[str, int] = {}
        self._early: dict[str, dict[int, Row]] = {}

    def feed(self, rows: Sequence[Row]) -> Iterator[Row]:
        """Yield those of *rows*, and of what waited, whose turn it is."""
        reached = self._reached
        for row in rows:
            stream, version = row[0], row[1]
            if version != reached.get(stream, 0) + 1:
                self._early.setdefault(stream, {})[version] = row
                continue
            reached[stream] = version
            yield row
            if self._early:
                yield from self._follow(stream)

    def _follow(self, stream: str) -> Iterator[Row]:
        waiting = self._early.get(stream)
        while waiting and (row := waiting.pop(self._reached[stream] + 1, None)) is not None:
            self._reached[stream] += 1
            yield row
        if waiting is not None and not waiting:
            del self._early[stream]

    @property
    def holes(self) -> list[str]:
        """Streams of which a version is missing; empty at the end of a whole log."""
        return sorted(self._early)
