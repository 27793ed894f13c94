"""Records that are no records: the client raises on one of them for ever, and loses what follows it in its batch.

Here each comes out by itself, with the reason in the place of its headers. What a broken checksum covers is another
matter: there no byte can be believed, and the client goes on raising.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kafka.errors import CorruptRecordError, UnsupportedCodecError
from kafka.record import memory_records
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch
from kafka.record.util import decode_varint


class Unreadable(list[tuple[str, bytes]]):
    """No headers, and *why* there are none."""

    def __init__(self, why: str) -> None:
        """*why* is a sentence for people."""
        super().__init__()
        self.why = why


_read = DefaultRecordBatch._read_msg


class CarefulBatch(DefaultRecordBatch):  # type: ignore[misc]
    """A record batch that reads on after a record that breaks the protocol."""

    _next_record_index: int

    def __iter__(self) -> Iterator[Any]:
        """The records; where the batch cannot be unpacked, an unreadable one that stands for all of them."""
        try:
            self._maybe_uncompress()
        except UnsupportedCodecError:
            raise  # not the batch is at fault
        except Exception as error:
            return iter([self._rest(self._pos, error)])
        return self

    def _read_msg(self) -> Any:
        start = self._pos
        try:
            record = _read(self)
            self._check_place(record.offset - self.base_offset)
            return record
        except (ValueError, IndexError, CorruptRecordError) as error:
            if self.is_control_batch:
                raise
            try:
                return self._one(start, error)
            except (ValueError, IndexError):
                return self._rest(start, error)

    def _one(self, start: int, error: Exception) -> Any:
        """The record at *start*, as far as it can be read. Raises ValueError, IndexError where its end is not known."""
        length, at = decode_varint(self._buffer, start)
        end = at + length
        _, at = decode_varint(self._buffer, at)
        since, at = decode_varint(self._buffer, at)
        delta, at = decode_varint(self._buffer, at)
        if not at <= end <= len(self._buffer):
            raise ValueError(f"a record of {length} bytes does not end in its batch")
        self._check_place(delta)
        self._pos = end
        timestamp = self.max_timestamp if self.timestamp_type == self.LOG_APPEND_TIME else self.first_timestamp + since
        key, value = self._content(at, end)
        return self._record(self.base_offset + delta, timestamp, key, value, error)

    def _check_place(self, delta: int) -> None:
        """Raise ValueError unless a record may have this offset in its batch: a wrong one would lead the reader astray."""
        index: int = self._next_record_index
        whole = self._num_records == self.last_offset_delta + 1  # nothing of it was compacted away
        if not index <= delta <= (index if whole else self.last_offset_delta):
            raise ValueError(f"record {index} of its batch says that it is number {delta}")

    def _content(self, at: int, end: int) -> tuple[bytes | None, bytes | None]:
        """Key and value of a record; where even they break the protocol, all its bytes are the value."""
        found, whole = [], bytes(self._buffer[at:end])
        try:
            for _ in range(2):
                length, at = decode_varint(self._buffer, at)
                if at + max(length, 0) > end:
                    return None, whole
                found.append(bytes(self._buffer[at : at + length]) if length >= 0 else None)
                at += max(length, 0)
        except (ValueError, IndexError):
            return None, whole
        return found[0], found[1]

    def _rest(self, start: int, error: Exception) -> Any:
        """One record for all that is left of the batch, at its last offset, so that reading goes on behind it."""
        value, self._pos = bytes(self._buffer[start:]), len(self._buffer)
        self._next_record_index = self._num_records
        return self._record(self.last_offset, self.max_timestamp, None, value, error)

    def _record(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None, error: Exception) -> Any:
        size = len(key or b"") + len(value or b"")
        return DefaultRecord(size, offset, timestamp, self.timestamp_type, key, value, Unreadable(_sentence(error)))


def install() -> None:
    """Let every consumer of this process read carefully. Safe to call again."""
    memory_records.DefaultRecordBatch = CarefulBatch


def _sentence(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "the name of a header is not UTF-8; produce the record again without that header"
    return f"the record breaks the Kafka protocol: {error}"
