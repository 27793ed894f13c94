"""The exposure service on its database: headroom is given once, reservations end, and lists say what the log says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec
import pytest

from services.exposure.adapters import rule_files, wiring
from services.exposure.adapters.bounds import BOUNDS, SCHEMA
from services.exposure.adapters.deciding import Deciding
from services.exposure.adapters.expiring import expire
from services.exposure.adapters.lists import Lists
from services.exposure.adapters.projecting import AccountProjector
from services.exposure.adapters.proving import prove
from services.exposure.adapters.viewing import Viewer
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.checking import check
from services.exposure.core.found import Found
from services.exposure.core.judging import Asked
from services.exposure.core.listing import WantedHolds
from shared.core.brain import Decided
from shared.core.customer.state import Setting
from shared.core.errors import Malformed
from shared.core.events.approval import ExceptionGranted
from shared.core.events.granting import LimitGranted
from shared.core.ledger.documents import UNIT
from shared.edge.commanding import commands as commanding
from shared.edge.proof import customers
from shared.edge.rights import EVERY_ROW, Rows
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from shared.edge.worker.dropping import Dropper
from shared.edge.worker.loop import Worker
from tests.integration.test_following import graded, rated
from tests.support import machine
from tests.support.covers import covers
from tests.support.customer import Customer
from tests.support.machine import BOX, DAY, PARTITIONS, FakeLog, FakeSource, drain

pytestmark = [pytest.mark.parts, pytest.mark.timeout(180)]

TOLD = msgspec.structs.replace(machine.SETTINGS, service=SCHEMA, first_day=None, **BOUNDS)
ORDER = 70 * 10**UNIT


def brain() -> ExposureBrain:
    return ExposureBrain(rule_files.load(), Setting())


@dataclass
class House:
    """The worker of exposure, and what an API process has."""

    pool: asyncpg.Pool
    worker: Worker
    facts: FakeLog
    ratings: FakeLog
    desk: Deciding
    customer: Customer = field(default_factory=lambda: Customer("C-1"))
    told: int = 0

    async def hears(self) -> None:
        self.facts.add(*self.customer.events[self.told :])
        self.told = len(self.customer.events)
        await drain(self.worker)

    async def grants(self, amount: str, customer: str = "C-1") -> None:
        def limit(found: Found) -> Sequence[Decided]:
            data = LimitGranted(
                as_of=DAY, cause="override", limit_id="L-1", kind="management", amount=Decimal(amount), currency="CNY",
                valid_from=DAY, valid_to=DAY + timedelta(days=300),
            )  # fmt: skip
            return [Decided(data, publish=False)]

        await self.desk(self.pool, customer, limit, cause="override")

    async def checks(self, order: str, desk: Deciding | None = None) -> Any:
        """The answer to a credit check with reservation."""
        answers: list[Any] = []

        def ask(found: Found) -> Sequence[Decided]:
            act = check(found.moment, Asked(order_id=order, amount=ORDER, currency="CNY"))
            answers[:] = [act.answer]
            return act.decisions

        await (desk or self.desk)(self.pool, "C-1", ask, cause="fact")
        return answers[0]


def desk() -> Deciding:
    return Deciding(brain(), TOLD)


@asynccontextmanager
async def house(database: str) -> AsyncIterator[House]:
    await upgraded(database, SCHEMA)
    pool = await open_pool(database, schema=SCHEMA, size=8)
    facts, ratings = FakeLog(), FakeLog("credit.ratings")
    source = FakeSource(facts, range(PARTITIONS), ratings)
    worker = Worker(brain(), AccountProjector(), source, pool, TOLD, box=BOX, sealer=Dropper())
    try:
        one = House(pool, worker, facts, ratings, desk())
        for partition in range(PARTITIONS):
            ratings.raw(machine.codec.encode(rated(DAY, partition)), key="~day", partition=partition)
        one.customer.registered("2024-01-02", opened_on="2024-01-02", segment="dealer", region="east")
        one.customer.months("2024-01-05", 24)
        ratings.add(graded("C-1", 1, "A"))
        await one.hears()
        yield one
    finally:
        await pool.close()


async def kept(pool: asyncpg.Pool) -> tuple[int, Decimal]:
    row = await pool.fetchrow("select count(*), coalesce(sum(amount), 0) from reservations")
    return row[0], row[1]


async def test_of_200_checks_at_once_no_more_is_reserved_than_there_is_room(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commanding, "TURN_SECONDS", 120.0)  # the machine may be busy with other tests
    async with house(database) as one:
        await one.grants("13500.00")
        headroom = await one.pool.fetchval("select headroom from accounts where customer_id = 'C-1'")
        assert headroom > 70
        desks = [one.desk, desk()]
        answers = await asyncio.gather(*[one.checks(f"O-{n}", desks[n % 2]) for n in range(200)])
        approved = [a for a in answers if a.judged.decision == "approved"]
        count, amount = await kept(one.pool)
        assert len(approved) == count == int(headroom // 70), (headroom, {a.judged.decision for a in answers})
        assert amount <= headroom < amount + 70
        row = await one.pool.fetchrow("select reserved, headroom, held, utilisation from accounts")
        assert (row["reserved"], row["headroom"]) == (amount, headroom - amount)
        assert row["held"] == await one.pool.fetchval("select count(*) from holds") == 200 - count
        held = await Lists().holds(
            one.pool, after=(DAY.replace(year=1), "", ""), limit=500, wanted=WantedHolds(), rows=EVERY_ROW
        )
        assert len(held) == 200 - count
        assert {one.amount for one in held} == {"70.0000"}


async def test_checks_go_on_while_facts_about_the_customer_come_without_a_pause(database: str) -> None:
    async with house(database) as one:
        await one.grants("1000000.00")
        over = asyncio.Event()

        async def flow() -> None:
            number = 0
            while not over.is_set():
                number += 1
                one.customer.invoice(f"X-{number}", "10.00", DAY)
                one.facts.add(one.customer.events[-1])
                one.told += 1
                await one.worker.step()
            await drain(one.worker)

        flowing = asyncio.create_task(flow())
        try:
            for number in range(30):
                assert (await one.checks(f"O-{number}")).judged.decision == "approved"
        finally:
            over.set()
            await flowing
        assert (await kept(one.pool))[0] == 30
        assert await one.pool.fetchval("select count(*) from parked") == 0
        assert await one.pool.fetchval("select count(*) from events where kind = 0 and stream = 'C-1'") == one.told + 1


async def test_a_reservation_whose_instant_has_passed_is_ended_by_the_sweep_and_frees_its_room(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(database) as one:
        await one.grants("1000000.00")
        assert (await one.checks("O-1")).judged.decision == "approved"
        assert await expire(one.pool, commands=one.desk.commands, over=wiring.over) == 0
        assert (await kept(one.pool))[0] == 1
        ends = await one.pool.fetchval("select expires_at from reservations")
        monkeypatch.setattr(machine.clock, "now", lambda: ends + timedelta(seconds=1))
        assert await expire(one.pool, commands=one.desk.commands, over=wiring.over) == 1
        assert await kept(one.pool) == (0, 0)
        assert await one.pool.fetchval("select reserved from accounts") == 0
        sent = await one.pool.fetch("select topic, convert_from(value, 'UTF8')::jsonb ->> 'type' as type from outbox")
        assert [row["topic"] for row in sent if row["type"] == "credit.reservation.expired.v1"] == ["credit.limits"]
        assert await expire(one.pool, commands=one.desk.commands, over=wiring.over) == 0, "once"


async def test_what_is_only_for_the_log_leaves_by_no_topic(database: str) -> None:
    async with house(database) as one:
        await one.grants("1000000.00")
        await one.checks("O-1")
        kinds = {row["type"] for row in await one.pool.fetch("select distinct type from events where kind = 1")}
        sent = {row["type"] for row in await one.pool.fetch(
            "select distinct convert_from(value, 'UTF8')::jsonb ->> 'type' as type from outbox")}  # fmt: skip
        assert {"credit.limit.granted.v1", "credit.check.decided.v1"} <= kinds - sent
        assert {"credit.limit.changed.v1", "credit.reservation.made.v1"} <= sent


async def test_an_account_is_seen_as_of_a_day_and_as_known_at_an_instant(database: str) -> None:
    async with house(database) as one:
        before = machine.clock.now()
        await one.grants("5000.00")
        view = Viewer(brain(), PARTITIONS)
        now = await view(one.pool, "C-1", None, None)
        then = await view(one.pool, "C-1", None, before)
        earlier = await view(one.pool, "C-1", DAY - timedelta(days=1), None)
        assert now is not None
        assert then is not None
        assert earlier is not None
        assert (len(now.account.limits), len(then.account.limits), len(earlier.account.limits)) == (1, 0, 0)
        assert await view(one.pool, "C-0", None, None) is None
        with pytest.raises(Malformed, match="too far ahead"):
            await view(one.pool, "C-1", DAY.replace(year=2099), None)
        assert await Lists().may_see(one.pool, "C-1", Rows(regions=("east",)))
        assert not await Lists().may_see(one.pool, "C-1", Rows(regions=("west",)))


async def test_what_is_kept_follows_from_the_log_and_what_is_altered_is_found(database: str) -> None:
    async with house(database) as one:
        await one.grants("500.00")
        for number in range(9):
            await one.checks(f"O-{number}")
        async with one.pool.acquire() as connection:
            streams = await customers(connection, None, "")
        proof = await prove(database, brain(), streams)
        assert (proof.customers, proof.skipped, proof.findings) == (1, 0, [])
        await one.pool.execute("update accounts set exposure = exposure + 1")
        await one.pool.execute("update events set data = replace(convert_from(data, 'UTF8'), '70.00', '71.00')::bytea"
                               " where type = 'credit.reservation.made.v1' and version = (select max(version) from events"
                               " where type = 'credit.reservation.made.v1')")  # fmt: skip
        found = (await prove(database, brain(), streams)).findings
        assert [one.customer for one in found] == ["C-1"]
        assert found[0].what.startswith("version ")
        await one.pool.execute("update events set data = replace(convert_from(data, 'UTF8'), '71.00', '70.00')::bytea"
                               " where type = 'credit.reservation.made.v1'")  # fmt: skip
        assert [one.what for one in (await prove(database, brain(), streams)).findings] == ["exposure"]


async def test_history_that_is_told_in_pieces_suspends_nobody_who_has_paid_since(database: str) -> None:
    async with house(database) as one:
        other = Customer("C-2")
        other.registered("2024-01-02", opened_on="2024-01-02", segment="dealer")
        other.months("2024-01-05", 20)
        worker = Worker(
            brain(), AccountProjector(), FakeSource(one.facts, range(PARTITIONS), one.ratings), one.pool,
            msgspec.structs.replace(TOLD, batch_records=1), box=BOX, sealer=Dropper(),
        )  # fmt: skip
        one.facts.add(*other.events)
        await drain(worker, steps=400)
        said = await one.pool.fetch("select type from events where stream = 'C-2' and kind = 1")
        assert [row["type"] for row in said] == []
        assert await one.pool.fetchval("select exposure from accounts where customer_id = 'C-2'") == 0


async def test_a_check_says_how_long_ago_the_last_facts_came(database: str) -> None:
    async with house(database) as one:
        await one.grants("5000.00")
        fresh = await one.checks("O-1")
        assert fresh.lag is not None
        assert 0 <= fresh.lag < 60_000_000
        await one.pool.execute("update positions set moved_at = now() - interval '80 hours'")
        stale = await one.checks("O-2")
        assert stale.lag >= 80 * 3600 * 1_000_000
        one.customer.invoice("X-1", "1.00", DAY)
        await one.hears()
        assert (await one.checks("O-3")).lag < 60_000_000


async def test_something_may_be_decided_about_a_customer_of_whom_nothing_is_known(database: str) -> None:
    async with house(database) as one:
        await one.grants("100.00", "C-9")
        assert await one.pool.fetchval("select amount from limits where customer_id = 'C-9'") == 100
        one.facts.add(machine.invoice("C-9", 1, "10"))
        await drain(one.worker)
        assert await one.pool.fetchval("select exposure from accounts where customer_id = 'C-9'") == 10


@covers("AP-16")
async def test_an_exception_that_rating_publishes_is_heard_and_heeded(database: str) -> None:
    async with house(database) as one:
        await one.grants("150.00")
        before = await one.checks("O-1")
        assert [step.verdict for step in before.judged.steps if step.name == "document"] == ["hold"]
        data = ExceptionGranted(
            as_of=DAY,
            cause="override",
            exception_id="ex-1",
            excepts="DOCUMENT_TOO_LARGE",
            expires_on=DAY,
            reason="harvest",
        )
        told = graded("C-1", 2, "A")
        one.ratings.add(msgspec.structs.replace(told, id="C-1/2x", type=data.TYPE, data=data))
        await drain(one.worker)
        after = await one.checks("O-2")
        assert [step.verdict for step in after.judged.steps if step.name == "document"] == ["warn"]
