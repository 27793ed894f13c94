"""The worker's batch on a real PostgreSQL: what is kept, once, and what is decided from it."""

from __future__ import annotations

import msgspec
import pytest

from shared.core.errors import Stopped
from shared.edge import codec
from shared.edge.store.read import read_stream
from tests.support.machine import (
    BOX,
    PARTITIONS,
    FakeLog,
    drain,
    invoice,
    make_worker,
    payment,
    process,
    store,
    totals,
)
from tests.support.toy_brain import ToyBrain


async def test_facts_of_a_batch_are_kept_folded_decided_and_published(database: str) -> None:
    async with store(database) as pool:
        await process(pool, invoice("C1", 1, "1500"), invoice("C2", 2), payment("C1", 3, "200"))

        assert await totals(pool) == {"C1": (1300, 2), "C2": (100, 1)}
        async with pool.acquire() as connection:
            kept = await read_stream(connection, "C1")
        assert [one.event.id for one in kept] == ["e1", "p3", "C1/3"]
        sent = await pool.fetch("select event_id, topic, value from outbox where key = 'C1'")
        assert [(row["event_id"], row["topic"]) for row in sent] == [("C1/3", "credit.ratings")]
        published = codec.decode(sent[0]["value"])
        assert (published.sequence, published.source) == (f"{3:020d}", "/gradeline/main/rating")
        assert published == kept[2].event


async def test_the_same_fact_again_changes_nothing(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1, "1000"), invoice("C1", 1, "1000"))
        worker = make_worker(pool, log, batch_records=2)
        await drain(worker)
        log.add(invoice("C1", 1, "1000"), invoice("C1", 2), invoice("C1", 2), invoice("C1", 1, "1000"))
        await drain(worker)

        assert await totals(pool) == {"C1": (1100, 2)}
        assert await pool.fetchval("select version from streams where stream = 'C1'") == 3
        assert await pool.fetchval("select count(*) from outbox where key = 'C1'") == 1  # at 1,000, and never again
        assert await pool.fetchval("select count(*) from quarantine") == 0


async def test_the_same_fact_in_two_batches_under_way_at_once_is_kept_once(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        worker = make_worker(pool, log)
        await worker.step()
        log.add(invoice("C1", 1), invoice("C1", 1), invoice("C1", 2))
        (records,) = [rows for rows in log.records.values() if rows]
        async with pool.acquire() as other, other.transaction():
            await other.execute("select from partitions for update")  # the first write cannot end meanwhile
            await worker.work(records[:1])
            second = await worker.preparer.records(records[1:])
        assert (second.facts, second.duplicates) == (1, 1)
        assert await worker.settle()
        await worker.committer.commit(second)

        assert await totals(pool) == {"C1": (200, 2)}


async def test_the_same_identity_with_other_content_is_quarantined_once_and_said_in_the_stream(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1, "100"), invoice("C1", 1, "999"))
        worker = make_worker(pool, log)
        await drain(worker)
        log.add(invoice("C1", 1, "999"), invoice("C1", 1, "100"))
        await drain(worker)
        log.add(invoice("C1", 1, "998"))
        await drain(worker)

        assert await totals(pool) == {"C1": (100, 1)}
        said = await pool.fetch("select data from events where type = 'credit.fact.quarantined.v1' order by version")
        assert [msgspec.json.decode(row["data"])["fact"]["id"] for row in said] == ["e1", "e1"]
        assert await pool.fetchval("select count(*) from quarantine") == 2
        assert await pool.fetchval("select count(*) from outbox where key = 'C1'") == 2


async def test_what_is_no_event_becomes_a_dead_letter_and_the_rest_goes_on(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1))
        partition = next(iter(log.records))
        log.raw(b"{broken", key="C1")
        log.raw(None, key="C1")
        log.raw(codec.encode(invoice("C2", 2)), key="C1")
        log.raw(codec.encode(invoice("C1", 3)), key="C1", partition=(partition + 1) % PARTITIONS)
        log.raw(b'{"specversion":"1.0","id":"1","source":"/x","type":"other.thing","subject":"C1"}', key="C1")
        log.add(invoice("C1", 4))
        worker = make_worker(pool, log)
        await drain(worker)

        assert await totals(pool) == {"C1": (200, 2)}
        dead = await pool.fetch("select rule, raw from dead_letters order by partition = $1 desc, position", partition)
        assert [row["rule"] for row in dead] == ["not-json", "empty", "key", "partition"]
        assert b"broken" not in dead[0]["raw"]
        assert BOX.open(dead[0]["raw"]) == b"{broken"
        told = await pool.fetch(
            "select topic, headers from outbox where topic like '%.dead' order by partition, position"
        )
        assert {row["topic"] for row in told} == {"credit.events.dead"}
        assert ["rule", "not-json"] in [pair for row in told for pair in msgspec.json.decode(row["headers"])]


async def test_a_customer_whose_decision_raises_is_parked_and_the_others_commit(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1), invoice("BAD", 2), invoice("EVIL", 3), invoice("C2", 4))
        brain = ToyBrain(poison=frozenset({"BAD"}), venom=frozenset({"EVIL"}))
        worker = make_worker(pool, log, brain=brain)
        await drain(worker)
        log.add(invoice("BAD", 5))
        await drain(worker)

        assert await totals(pool) == {"C1": (100, 1), "C2": (100, 1)}
        parked = {row["stream"]: row["reason"] for row in await pool.fetch("select * from parked")}
        assert parked == {"BAD": "RuntimeError: poison", "EVIL": "ValueError: venom"}
        assert await pool.fetchval("select version from streams where stream = 'BAD' and parked") == 2

        mended = make_worker(pool, log)
        await drain(mended)
        assert (await totals(pool))["BAD"] == (200, 2)
        assert await pool.fetchval("select count(*) from parked") == 0
        assert await pool.fetchval("select count(*) from streams where parked") == 0


async def test_staff_ask_for_a_parked_customer_to_be_tried_again(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("BAD", 1))
        brain = ToyBrain(poison=frozenset({"BAD"}))
        worker = make_worker(pool, log, brain=brain, parked_check_seconds=0.0)
        await drain(worker)
        brain.poison = frozenset()
        await drain(worker)
        assert await pool.fetchval("select count(*) from parked") == 1
        await pool.execute("update parked set retry = true")
        await drain(worker)

        assert await totals(pool) == {"BAD": (100, 1)}


async def test_many_failing_customers_stop_the_worker_and_nothing_is_kept(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        names = [f"C{number}" for number in range(20)]
        log.add(*[invoice(name, number) for number, name in enumerate(names)])
        with pytest.raises(Stopped, match="3 of 20 customers"):
            await drain(make_worker(pool, log, brain=ToyBrain(poison=frozenset(names[:3]))))

        assert await pool.fetchval("select count(*) from events where not stream like '~%'") == 0


async def test_many_dead_letters_stop_the_worker_once_they_are_kept(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        for _ in range(12):
            log.raw(b"nonsense", key="C1")
        with pytest.raises(Stopped, match="10 dead letters"):
            await drain(make_worker(pool, log, dead_letters=10, dead_letters_of=50))

        assert await pool.fetchval("select count(*) from dead_letters") == 12
