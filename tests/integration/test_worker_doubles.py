"""One identity under two customers: found behind the log, raised on both, once; and the ids that a link resolves."""

from __future__ import annotations

import asyncpg
import msgspec
import pytest

from services.rating.adapters import aliases
from services.rating.adapters.keeping import Keeper
from shared.core.errors import Conflict
from shared.core.events.customer import Contact, CustomerRegistered
from shared.edge.store import identities, intake
from shared.edge.store.keys import SubjectKeys
from shared.edge.worker.loop import Worker
from tests.support.machine import (
    AT,
    DAY,
    PARTITIONS,
    FakeLog,
    FakeSource,
    drain,
    event,
    invoice,
    make_worker,
    payment,
    rates,
    store,
    totals,
)
from tests.support.toy_brain import ToyBrain


async def said(pool: asyncpg.Pool) -> list[tuple[str, str, str, str]]:
    """(customer, id, reason, other customer) of every warning in the log."""
    rows = await pool.fetch(
        "select stream, data from events where type = 'credit.fact.quarantined.v1' order by stream, version"
    )
    told = [(row["stream"], msgspec.json.decode(row["data"])) for row in rows]
    return [(stream, data["fact"]["id"], data["reason"], data["detail"]) for stream, data in told]


def eager(pool: asyncpg.Pool, log: FakeLog, **settings: object) -> Worker:
    return make_worker(pool, log, identity_seconds=0.0, **settings)


LEFT = """
select (select count(*) from partitions p left join identities_checked c using (partition)
        where p.log_position > coalesce(c.position, 0))
     + (select count(*) from doubles where raised_at is null)
"""


async def looked_through(pool: asyncpg.Pool, *workers: Worker) -> None:
    """Let *workers* go on until the whole log is looked through and everything found is said."""
    for _ in range(200):
        for worker in workers:
            await worker.step()
            await worker.settle()
        if not await pool.fetchval(LEFT):
            return
    raise AssertionError("it never came to an end")


ELSEWHERE = "SAME_IDENTITY_OTHER_CUSTOMER"


async def test_one_identity_under_two_customers_is_raised_on_both_and_once(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(*[invoice(f"C{number}", number) for number in range(12)])
        log.add(invoice("C9", 3), invoice("C4", 77, source="/crm"), invoice("C5", 77))
        worker = eager(pool, log)
        await looked_through(pool, worker)
        await looked_through(pool, eager(pool, log))

        assert await said(pool) == [("C3", "e3", ELSEWHERE, "C9"), ("C9", "e3", ELSEWHERE, "C3")]
        sent = await pool.fetch("select key from outbox where topic = 'credit.ratings' and key <> '~day' order by key")
        assert [row["key"] for row in sent] == ["C3", "C9"]
        assert await totals(pool) == {f"C{number}": (100, 1) for number in range(12)} | {
            "C9": (200, 2), "C4": (200, 2), "C5": (200, 2)
        }  # fmt: skip
        assert await pool.fetchval("select count(*) from identities") == 14


async def test_a_third_customer_is_raised_too_and_the_first_is_not_raised_again(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("C1", 1), invoice("C2", 1))
        worker = eager(pool, log)
        await looked_through(pool, worker)
        log.add(invoice("C3", 1))
        await looked_through(pool, worker)

        others = {stream: other for stream, _, _, other in await said(pool)}
        assert set(others) == {"C1", "C2", "C3"}
        assert len(await said(pool)) == 3


async def test_the_log_is_looked_through_a_bounded_piece_at_a_time_whoever_owns_the_partition(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        for number in range(30):  # each in its own transaction, as live facts come
            log.add(invoice(f"A{number}", number), invoice(f"B{number}", number % 3))
            await drain(make_worker(pool, log, identity_seconds=1e9))
        # what an earlier release appended is found like what comes now
        await pool.execute("truncate identities, identities_checked, doubles")
        found = 0
        async with pool.acquire() as connection:
            for _ in range(500):
                before = await pool.fetchval("select count(*) from identities")
                async with connection.transaction():
                    more = await identities.check(connection, range(PARTITIONS), limit=5, now=AT)
                assert await pool.fetchval("select count(*) from identities") - before <= 6
                if not more:
                    break
                found += 1
        assert found > 10
        await looked_through(pool, eager(pool, log, partitions=(0, 1)), eager(pool, log, partitions=(2, 3)))

        raised = {stream for stream, *_ in await said(pool)}
        assert raised == {f"A{number}" for number in range(3)} | {f"B{number}" for number in range(30)}
        assert await pool.fetchval("select count(*) from doubles where raised_at is null") == 0


async def test_a_customer_that_cannot_be_decided_is_told_all_the_same(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        log.add(invoice("BAD", 1), invoice("C2", 1))
        worker = eager(pool, log, brain=ToyBrain(poison=frozenset({"BAD"})))
        await looked_through(pool, worker)

        assert {stream for stream, *_ in await said(pool)} == {"BAD", "C2"}
        assert await pool.fetchval("select count(*) from parked") == 1


async def test_what_every_partition_has_is_not_shared_between_customers(database: str) -> None:
    async with store(database) as pool:
        log = FakeLog()
        await intake.accept(pool, [rates(1, "7.1"), invoice("C1", 1)], now=AT, partitions=PARTITIONS, sealer=None)
        await log.relay(pool)
        await looked_through(pool, eager(pool, log))

        assert [row["stream"] for row in await pool.fetch("select stream from identities")] == ["C1"]


KEK = b"w" * 64


def registered() -> object:
    contacts = (Contact(name="李四", phone="13800000000"),)
    return event("K-0042", "c1", CustomerRegistered(name="王小明", kind="person", opened_on=DAY, contacts=contacts))


@pytest.mark.parametrize("where", ["intake", "events"])
async def test_the_same_fact_posted_before_and_after_its_id_was_linked_counts_once(database: str, where: str) -> None:
    async with store(database) as pool:
        keep = Keeper(partitions=PARTITIONS, sealer=lambda pool: SubjectKeys(pool, KEK))
        facts = [invoice("K-0042", 1), registered()]
        if where == "intake":
            assert (await keep(pool, facts)).duplicates == set()
        else:
            log = FakeLog()
            log.add(*facts)
            await drain(make_worker(pool, log, sealer=SubjectKeys(pool, KEK)))
        kept = await pool.fetchval("select count(*) from intake")
        async with pool.acquire() as connection:
            await aliases.write(connection, [aliases.Claim("/erp", "K-0042", "C1", (1, 1, "/crm", "link"), True)])
        again = await keep(pool, [payment("C7", 5), *facts, invoice("K-0042", 2)])

        assert again.duplicates == {1, 2}
        rows = await pool.fetch("select stream from intake order by stream")
        assert len(rows) == kept + 2
        assert {"C1", "C7"} <= {row["stream"] for row in rows}
        with pytest.raises(Conflict) as refused:
            await keep(pool, [invoice("K-0042", 3), invoice("K-0042", 1, "999")])
        assert refused.value.index == 1


class Idle(FakeSource):
    """Notes how long it may wait, and has nothing."""

    asked: list[float]

    async def batch(self, max_records: int, timeout_s: float) -> None:
        self.asked.append(timeout_s)


async def test_a_worker_that_has_no_partition_yet_waits_for_one_and_does_not_spin(database: str) -> None:
    async with store(database) as pool:
        worker = eager(pool, log := FakeLog())
        worker.source = idle = Idle(log)
        idle.asked = []
        for _ in range(3):
            await worker.step()
        assert idle.asked == [worker.settings.poll_seconds] * 3
