"""Records and customers that nothing can be done with: each is set aside for staff, and the line goes on."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shared.core.envelope import Event
from shared.core.errors import Stopped
from shared.edge import codec
from shared.edge.store import dead, intake
from shared.edge.store.days import open_days
from tests.support.machine import (
    AT,
    BOX,
    DAY,
    PARTITIONS,
    FakeLog,
    drain,
    invoice,
    make_worker,
    rates,
    store,
    totals,
    until,
    working,
)
from tests.support.toy_brain import ToyBrain


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
        assert [row["rule"] for row in rows] == ["nul", "nul", "characters"]
        assert [row["pointer"] for row in rows] == ["/data/a\ufffd", "/data/a\\ud800/b\ufffd", "/\ufffd\ufffd"]
        assert msgspec.json.decode(rows[2]["headers"]) == [["ce_\ufffd\ufffd", "\ufffd\ufffd"]]
        assert BOX.open(rows[0]["raw"]) == with_key("a\0")
        async with pool.acquire() as connection:
            assert len(await dead.letters(connection)) == 4
        sent = await pool.fetch("select headers from outbox where topic = 'credit.events.dead' and key = 'C1'")
        assert ["pointer", "/data/a\ufffd"] in [pair for row in sent for pair in msgspec.json.decode(row["headers"])]


HUGE = "900000000000000"
"""So much that the toy projection, which counts thousands, has no column for it."""


async def test_a_customer_whose_row_cannot_be_written_is_parked_and_the_others_commit(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number) for number in range(20)], invoice("HUGE", 20, HUGE), invoice("C0", 21))

        async def all_are_read() -> bool:
            return bool(await pool.fetchval("select sum(next_offset) = 22 from positions"))

        async with working(make_worker(pool, log)):
            await until(all_are_read)
        async with working(make_worker(pool, log)):  # the takeover gives it another attempt, in vain
            log.add(invoice("HUGE", 22), invoice("C1", 23))
            await until(lambda: pool.fetchval("select sum(next_offset) = 24 from positions"))

        expected = {f"C{number}": (100, 1) for number in range(20)} | {"C0": (200, 2), "C1": (200, 2)}
        assert await totals(pool) == expected
        parked = await pool.fetch("select * from parked")
        assert [(row["stream"], row["reason"].split(":")[0]) for row in parked] == [("HUGE", "DataError")]
        assert await pool.fetchval("select version from streams where stream = 'HUGE' and parked") == 2
        assert await pool.fetchval("select count(*) from dead_letters") == 0


async def test_a_record_that_breaks_the_worker_is_a_dead_letter_and_the_others_are_kept(database: str) -> None:
    class Fragile(ToyBrain):
        def refer(self, context: dict[str, Any], event: Event) -> None:
            if event.id.startswith("r13/"):
                raise KeyError("usd")
            super().refer(context, event)

    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number) for number in range(9)])
        facts = [rates(number, f"{number}") for number in (12, 13, 14)]
        await intake.accept(pool, facts, now=AT, partitions=PARTITIONS, sealer=None)
        await log.relay(pool)
        log.add(*[invoice(f"C{number}", 10 + number) for number in range(9)])

        async def all_are_read() -> bool:
            return bool(await pool.fetchval("select sum(next_offset) = 30 from positions"))

        async with working(make_worker(pool, log, brain=Fragile(), batch_records=7)):
            await until(all_are_read)

        dead = await pool.fetch("select rule, reason, state from dead_letters")
        assert [tuple(row) for row in dead] == [("unstorable", "KeyError: 'usd'", "open")] * PARTITIONS
        assert await totals(pool) == {f"C{number}": (200, 2) for number in range(9)}
        assert await pool.fetchval("select count(*) from events where type like 'credit.reference%'") == 2 * PARTITIONS


async def test_many_customers_that_cannot_be_written_stop_the_worker(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number, HUGE) for number in range(8)])
        with pytest.raises(Stopped, match="3 customers had to be parked"):
            async with working(make_worker(pool, log)) as running:
                await asyncio.wait([running], timeout=20)


async def test_a_sweep_goes_on_without_the_customer_whose_row_cannot_be_written(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number, due=DAY) for number in range(6)])
        await drain(make_worker(pool, log))
        await pool.execute("alter table toy_rows add check (stream <> 'C3' or overdue = 0)")
        await open_days(pool, DAY + timedelta(days=1), now=AT, partitions=PARTITIONS, instance="main")
        await log.relay(pool)
        async with working(make_worker(pool, log)):
            await until(lambda: pool.fetchval("select count(*) = 4 from partitions where rated > $1", DAY))

        assert [row["stream"] for row in await pool.fetch("select stream from parked")] == ["C3"]
        assert await pool.fetchval("select sum(overdue) from toy_rows") == 5


async def test_a_record_that_the_client_could_not_read_is_a_dead_letter_at_its_position(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1))
        (records,) = log.records.values()
        log.add(invoice("C1", 2))
        records[1] = msgspec.structs.replace(records[1], unreadable="the name of a header is not UTF-8")
        log.add(invoice("C1", 3))
        await drain(make_worker(pool, log))

        assert await totals(pool) == {"C1": (200, 2)}
        row = await pool.fetchrow("select position, rule, reason, raw, key from dead_letters")
        assert row is not None
        assert (row["position"], row["rule"], row["key"]) == (1, "unreadable", b"C1")
        assert BOX.open(row["raw"]) == codec.encode(invoice("C1", 2))
