"""The log as a whole: replayed in sequence, exported in commit order, upgraded safely; dead letters and erased subjects."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.core.errors import Conflict, Misconfigured, NotFound
from shared.core.events.customer import Contact, CustomerRegistered
from shared.edge import clock, codec
from shared.edge.store import dead, export, intake, secret
from shared.edge.store.keys import SubjectKeys
from shared.edge.store.migrate import upgraded
from shared.edge.store.read import read_stream
from shared.edge.store.replay import InOrder, event_of_row, replay
from shared.edge.store.sealing import Box
from tests.support.covers import covers
from tests.support.machine import (
    AT,
    BOX,
    DAY,
    PARTITIONS,
    FakeLog,
    drain,
    event,
    invoice,
    make_worker,
    payment,
    process,
    store,
    totals,
)

covers("DP-13")

KEK = b"w" * 64


async def test_a_replay_gives_every_event_as_it_was_read_one_stream_at_a_time(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        worker = make_worker(pool, log, batch_records=7)
        for number in range(60):
            log.add(invoice(f"客户{number % 9}", number, "700"))
        await drain(worker)
        order, found = InOrder(), {}
        async for rows in replay(database, schema="rating"):
            for row in order.feed(rows):
                found.setdefault(row[0], []).append(event_of_row(row))
        assert order.holes == []
        async with pool.acquire() as connection:
            for stream, events in found.items():
                assert events == [stored.event for stored in await read_stream(connection, stream)]
        assert sum(len(events) for events in found.values()) == await pool.fetchval("select count(*) from events")


def test_rows_that_lie_out_of_order_are_given_on_in_order() -> None:
    def row(stream: str, version: int) -> Any:
        return (stream, version)

    order = InOrder()
    given = [*order.feed([row("A", 2), row("B", 1), row("A", 3)]), *order.feed([row("A", 1), row("A", 4)])]
    assert given == [("B", 1), ("A", 1), ("A", 2), ("A", 3), ("A", 4)]
    assert order.holes == []
    list(order.feed([row("C", 2)]))
    assert order.holes == ["C"]


async def test_an_export_gives_each_event_once_in_commit_order(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        worker = make_worker(pool, log, batch_records=6)
        log.add(*[invoice(f"C{number % 8}", number, "400") for number in range(80)])
        await drain(worker)
        seen: list[tuple[str, int]] = []
        async with pool.acquire() as connection:
            for partition in range(PARTITIONS):
                after, more = 0, True
                while more:
                    page = await export.page(connection, partition=partition, after=after, limit=5)
                    assert page.position > after or not page.events
                    seen += [(one.stream, one.version) for one in page.events]
                    after, more = page.position, page.more
        assert len(seen) == len(set(seen)) == await pool.fetchval("select count(*) from events")
        reached: dict[str, int] = {}
        for stream, version in seen:
            assert version == reached.get(stream, 0) + 1
            reached[stream] = version


async def test_an_upgrade_can_be_repeated_and_two_at_once_do_no_harm(database: str) -> None:
    both = await asyncio.gather(upgraded(database, "rating"), upgraded(database, "rating"))
    assert len(set(both)) == 1
    async with store(database) as pool:
        known = await pool.fetchval("select version_num from alembic_version")
        assert await upgraded(database, "rating") == known
        await pool.execute("update alembic_version set version_num = '9999'")
        with pytest.raises(Misconfigured, match="9999"):
            await upgraded(database, "rating")


async def test_a_mended_dead_letter_is_posted_again_and_the_letter_says_so(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        wrong_place = codec.encode(invoice("C1", 1))
        log.raw(wrong_place, key="C2")
        log.raw(b"{broken", key="C1")
        worker = make_worker(pool, log)
        await drain(worker)
        async with pool.acquire() as connection:
            open_ones = await dead.letters(connection)
            places = {letter.rule: dead.Place.parse(str(letter.place)) for letter in open_ones}
            assert (await dead.raw_bytes(connection, places["key"], box=BOX)).value == wrong_place
            with pytest.raises(Misconfigured, match="another instance key"):
                await dead.raw_bytes(connection, places["key"], box=Box(b"x" * 32))
            with pytest.raises(NotFound):
                await dead.raw_bytes(connection, dead.Place("t", 0, "", 1), box=BOX)
        told = {"box": BOX, "now": AT, "partitions": PARTITIONS, "sealer": None}
        done = await dead.redrive(pool, sorted(places.values()), **told)
        assert {one.place: one.state for one in done} == {places["key"]: "redriven", places["not-json"]: "open"}
        mended = codec.encode(invoice("C1", 2))
        (again,) = await dead.redrive(pool, [places["not-json"]], **told, mended=mended)
        assert again.state == "redriven"
        await log.relay(pool)
        await drain(worker)

        assert await totals(pool) == {"C1": (200, 2)}
        assert {row["state"] for row in await pool.fetch("select state from dead_letters")} == {"redriven"}
        async with pool.acquire() as connection:
            assert await dead.forget_old(connection, now=clock.now() + timedelta(days=89), limit=9) == 0
            assert await dead.forget_old(connection, now=clock.now() + timedelta(days=91), limit=1) == 1
            assert await dead.forget_old(connection, now=clock.now() + timedelta(days=91), limit=9) == 1


def registered(number: int, name: str = "王小明") -> Any:
    contacts = (Contact(name="李四", phone="13800000000"),)
    return event("P1", f"c{number}", CustomerRegistered(name=name, kind="person", opened_on=DAY, contacts=contacts))


async def test_personal_fields_are_never_in_clear_in_any_table(database: str) -> None:
    async with store(database) as pool:
        sealer = SubjectKeys(pool, KEK)
        log = FakeLog()
        log.add(registered(1))
        await drain(make_worker(pool, log, sealer=sealer))
        await intake.accept(pool, [registered(2)], now=AT, partitions=PARTITIONS, sealer=sealer)
        for table in ("events", "intake", "outbox", "snapshots", "dead_letters", "quarantine"):
            for row in await pool.fetch(f"select * from {table}"):
                for value in row.values():
                    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                    assert "王小明" not in text
                    assert "李四" not in text
        async with pool.acquire() as connection:
            (kept,) = await read_stream(connection, "P1")
        (clear,) = await sealer.unseal([kept.event])
        assert clear.data == registered(1).data


async def test_a_personal_fact_that_comes_again_in_clear_or_sealed_is_a_duplicate(database: str) -> None:
    async with store(database) as pool:
        sealer = SubjectKeys(pool, KEK)
        log = FakeLog()
        log.add(registered(1))
        worker = make_worker(pool, log, sealer=sealer)
        await drain(worker)
        done = await intake.accept(pool, [registered(1)], now=AT, partitions=PARTITIONS, sealer=SubjectKeys(pool, KEK))
        log.add(registered(1))
        await drain(worker)

        assert done.duplicates == 1
        assert await pool.fetchval("select count(*) from quarantine") == 0
        assert (await totals(pool))["P1"] == (0, 1)


async def test_after_erasure_nothing_opens_and_what_comes_again_is_a_duplicate(database: str) -> None:
    async with store(database) as pool:
        sealer = SubjectKeys(pool, KEK)
        log = FakeLog()
        log.add(registered(1))
        worker = make_worker(pool, log, sealer=sealer)
        await drain(worker)
        await SubjectKeys(pool, KEK).erase(pool, "P1", now=AT)
        log.add(registered(1), registered(2))
        await drain(worker)
        async with pool.acquire() as connection:
            kept = await read_stream(connection, "P1")
        clear = await sealer.unseal([one.event for one in kept])

        assert [one.id for one in clear] == ["c1", "c2"]
        assert {one.data.name for one in clear if isinstance(one.data, CustomerRegistered)} == {"erased:v1"}
        assert "王" not in str(kept)
        assert await pool.fetchval("select count(*) from quarantine") == 0
        assert await pool.fetchval("select wrapped from subject_keys") is None


async def test_after_erasure_other_content_is_told_wherever_it_can_be_compared(database: str) -> None:
    async with store(database) as pool:
        sealer = SubjectKeys(pool, KEK)
        log = FakeLog()
        log.add(registered(1), invoice("P1", 1))
        worker = make_worker(pool, log, sealer=sealer)
        await drain(worker)
        await sealer.erase(pool, "P1", now=AT)
        with pytest.raises(Conflict):
            await intake.accept(pool, [invoice("P1", 1, "999")], now=AT, partitions=PARTITIONS, sealer=sealer)
        log.add(registered(1), invoice("P1", 1, "999"))
        await drain(worker)

        assert [row["id"] for row in await pool.fetch("select id from quarantine")] == ["e1"]


async def test_what_intake_sealed_before_an_erasure_and_what_comes_in_clear_after_it_is_one_fact(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        accepting = SubjectKeys(pool, KEK)
        await intake.accept(pool, [registered(1)], now=AT, partitions=PARTITIONS, sealer=accepting)
        await accepting.erase(pool, "P1", now=AT)
        log.add(registered(1))
        await drain(make_worker(pool, log, sealer=SubjectKeys(pool, KEK)))
        await log.relay(pool)
        await drain(make_worker(pool, log, sealer=SubjectKeys(pool, KEK)))

        assert await pool.fetchval("select count(*) from events where kind = 0 and stream = 'P1'") == 1
        assert await pool.fetchval("select count(*) from quarantine") == 0


def test_the_secret_of_an_embedded_instance_is_made_once_and_kept(tmp_path: Any) -> None:
    with pytest.raises(Misconfigured, match="master_key is missing"):
        secret.read(secrets_folder=None, data=tmp_path, embedded=False)
    keys = secret.read(secrets_folder=None, data=tmp_path, embedded=True)
    assert keys == secret.read(secrets_folder=None, data=tmp_path, embedded=False)
    assert (tmp_path / "master_key").stat().st_mode & 0o777 == 0o600
    assert (len(keys.wrapping), len(keys.box)) == (64, 32)
    (tmp_path / "master_key").write_text("short")
    with pytest.raises(Misconfigured, match="64 hexadecimal"):
        secret.read(secrets_folder=None, data=tmp_path, embedded=True)


async def test_known_at_gives_what_was_recorded_until_then(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        for number, day in ((1, 3), (2, 5)):
            now = datetime(2026, 3, day, tzinfo=UTC)
            await intake.accept(pool, [payment("C1", number)], now=now, partitions=PARTITIONS, sealer=None)
        await log.relay(pool)
        await drain(make_worker(pool, log))
        async with pool.acquire() as connection:
            then = await read_stream(connection, "C1", known_at=datetime(2026, 3, 4, tzinfo=UTC))
            later = await read_stream(connection, "C1", after=1)
        assert [one.event.id for one in then] == ["p1"]
        assert [one.event.id for one in later][:1] == ["p2"]


async def test_one_worker_after_another_counts_every_fact_once(database: str) -> None:
    async with store(database) as pool:
        worker = await process(pool, invoice("C1", 1), invoice("C1", 2))
        assert worker.memory.committed >= 1
        assert await totals(pool) == {"C1": (200, 2)}
