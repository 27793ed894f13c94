"""A record that breaks the protocol under a checksum that holds comes out by itself; nothing behind it is lost."""

from __future__ import annotations

import contextlib
import random
import struct
from types import SimpleNamespace

import pytest
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

from shared.edge.kafka.poller import record_of
from shared.edge.kafka.record import Record
from shared.edge.kafka.unreadable import CarefulBatch, Unreadable, install

LENGTH = struct.Struct(">i")
HEAD = DefaultRecordBatch.HEADER_STRUCT.size


def batch(count: int = 5, *, compression: int = 0, headers: list[tuple[str, bytes | None]] | None = None) -> bytearray:
    """A batch as a producer makes it: values v0, v1, … under the key k."""
    made = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 1 << 20)
    for number in range(count):
        made.append(number, 1_000 + number, b"k", b"v%d" % number, headers or [("h", b"x")])
    return bytearray(made.build())


def read(raw: bytes) -> list[Record]:
    """What a consumer of ours gets of it."""
    install()
    found = MemoryRecords(bytes(raw)).next_batch()
    assert isinstance(found, CarefulBatch)
    return [
        record_of(SimpleNamespace(topic="t", partition=0, offset=r.offset, key=r.key, value=r.value, headers=r.headers,
                                  timestamp=r.timestamp))
        for r in found
    ]  # fmt: skip


def test_a_sound_batch_is_read_as_before() -> None:
    assert [(r.offset, r.value, r.headers, r.unreadable) for r in read(batch(3))] == [
        (n, b"v%d" % n, (("h", b"x"),), "") for n in range(3)
    ]


def test_a_header_without_a_value_has_an_empty_one() -> None:
    assert read(batch(1, headers=[("h", None)]))[0].headers == (("h", b""),)


def test_a_record_with_impossible_headers_keeps_key_and_value() -> None:
    raw = batch()
    at = raw.index(b"v2") + 2
    raw[at] = 0x01  # -1 headers
    got = read(raw)
    assert [(r.offset, r.key, r.value, r.timestamp_ms) for r in got] == [
        (n, b"k", b"v%d" % n, 1_000 + n) for n in range(5)
    ]
    assert [r.offset for r in got if r.unreadable] == [2]
    assert "breaks the Kafka protocol" in got[2].unreadable


def test_what_follows_a_record_without_an_end_is_one_record_at_the_last_offset() -> None:
    raw = batch()
    start = raw.index(b"v2") - 7
    raw[start] = 0x7E  # its length, now longer than the batch
    got = read(raw)
    assert [r.offset for r in got] == [0, 1, 4]
    assert got[2].unreadable
    assert b"v2" in (got[2].value or b"")
    assert b"v4" in (got[2].value or b"")


@pytest.mark.parametrize("compression", [1, 2, 3, 4])
def test_a_batch_that_cannot_be_unpacked_is_one_record_at_the_last_offset(compression: int) -> None:
    raw = batch(compression=compression)
    raw[HEAD:] = b"\0" * (len(raw) - HEAD)
    (one,) = read(raw)
    assert (one.offset, one.key, bool(one.unreadable)) == (4, None, True)


def test_whatever_is_broken_reading_ends_and_offsets_only_grow() -> None:
    chance = random.Random(4)
    whole = batch(8)
    for _ in range(3_000):
        raw = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            raw[chance.randrange(HEAD, len(raw))] = chance.randrange(256)
        with contextlib.suppress(CorruptRecordError):  # bytes are left over at the end
            offsets = [record.offset for record in read(raw)]
            assert offsets == sorted(set(offsets))
            assert offsets[-1] == 7


def test_no_headers_and_the_reason_are_two_things() -> None:
    assert Unreadable("because") == []
    assert Unreadable("because").why == "because"
