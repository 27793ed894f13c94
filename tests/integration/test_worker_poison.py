"""Records and customers that nothing can be done with: each is set aside for staff, and the line goes on."""

from __future__ import annotations

import json

import msgspec

from shared.edge import codec
from shared.edge.store import dead
from tests.support.machine import BOX, FakeLog, drain, invoice, make_worker, store, totals


def with_key(name: str) -> bytes:
    """An event one of whose keys is *name*."""
    members = json.loads(codec.encode(invoice("C1", 2)))
    members["data"][name] = {"b\0": "1"}
    return json.dumps(members).encode()


async def test_texts_that_no_database_keeps_are_mended_in_the_dead_letter(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.raw(with_key("a\0"), key="C1")
        log.raw(with_key("a\ud800"), key="C1")
        log.raw(b"garbage", key="C1", headers=(("ce_\0\ud800", b"\0\xff"),))
        log.raw(b"garbage", key="C\0")
        log.add(invoice("C1", 1))
        await drain(make_worker(pool, log))

        assert await totals(pool) == {"C1": (100, 1)}
        rows = await pool.fetch("select * from dead_letters where key = 'C1' order by position")
        assert [row["rule"] for row in rows] == ["nul", "nul", "not-json"]
        assert [row["pointer"] for row in rows] == ["/data/a\ufffd", "/data/a\ufffd/b\ufffd", "/\ufffd\ufffd"]
        assert msgspec.json.decode(rows[2]["headers"]) == [["ce_\ufffd\ufffd", "\ufffd\ufffd"]]
        assert BOX.open(rows[0]["raw"]) == with_key("a\0")
        async with pool.acquire() as connection:
            assert len(await dead.letters(connection)) == 4
        sent = await pool.fetch("select headers from outbox where topic = 'credit.events.dead' and key = 'C1'")
        assert ["pointer", "/data/a\ufffd"] in [pair for row in sent for pair in msgspec.json.decode(row["headers"])]
