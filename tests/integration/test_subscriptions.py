"""Systems are posted what was decided: all of it that they asked for, in order for each subject, at least once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from standardwebhooks import Webhook as Verifier

from services.alerts.adapters import delivery_rules, endpoints
from services.alerts.adapters.channels.webhook import Webhook
from services.alerts.adapters.delivering import Deliverer
from services.alerts.adapters.feeding import Feeder
from services.alerts.adapters.subscriptions import CHANNEL, KEPT, Subscriptions, forget
from services.alerts.core.subscribing import BODY_BYTES, Filter, posted
from shared.core.errors import NotFound
from shared.edge import clock
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.decided import Log, grade
from tests.support.receivers import CONSOLE, KNOWN, OK, SECRET, Asked, Hands, Receiver, outbound, receiver, states

SUBSCRIPTIONS = Subscriptions(KNOWN)
ROOM = delivery_rules.shipped()[CHANNEL]


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    await upgraded(database, "alerts")
    opened = await open_pool(database, schema="alerts", size=6)
    await Log(opened).begin()
    yield opened
    await opened.close()


async def subscribe(pool: asyncpg.Pool, there: Receiver, name: str = "sub_1", **more: Any) -> None:
    told: dict[str, Any] = {
        "title": "ERP",
        "wanted": Filter(),
        "full_content": False,
        "since": None,
        "now": clock.now(),
    }
    told |= {"by": "op", "secret": SECRET, "url": there.url}
    assert await SUBSCRIPTIONS.make(pool, subscription_id=name, **(told | more))


def poster(pool: asyncpg.Pool, there: Receiver, hands: Any = clock.now) -> Deliverer:
    return Deliverer(pool, CHANNEL, Webhook(outbound(there), console=""), ROOM, KNOWN, now=hands, chance=lambda: 0)


async def feed(pool: asyncpg.Pool, hands: Any = clock.now) -> None:
    feeder = Feeder(pool, console=CONSOLE, now=hands)
    while await feeder.feed():
        pass


def ids(there: Receiver) -> list[str]:
    return [one.json["data"]["id"] for one in there.asked]


async def test_what_was_decided_is_posted_signed_and_thin_and_in_order(pool: asyncpg.Pool) -> None:
    log = Log(pool)
    await log.say(grade(1, "C-0"))  # before it subscribed
    async with receiver() as there:
        await subscribe(pool, there)
        await log.say(*[grade(number, f"C-{number % 3}") for number in range(2, 32)])
        await feed(pool)
        await poster(pool, there).deliver_due()
        assert len(there.asked) == 30
        told = Verifier(SECRET).verify(there.asked[0].body, there.asked[0].headers)
        assert set(told["data"]) == {"source", "id", "subject", "topic", "sequence", "link"}
        assert told["data"]["link"].startswith(f"{CONSOLE}/customers/C-")
        order = defaultdict(list)
        for one in there.asked:
            order[one.json["data"]["subject"]].append(int(one.json["data"]["id"].split("/")[1]))
        assert all(numbers == sorted(numbers) for numbers in order.values())
        await feed(pool)
        assert await poster(pool, there).deliver_due() == 0


async def test_only_what_is_wanted_is_posted_and_compliance_never(pool: asyncpg.Pool) -> None:
    log = Log(pool)
    async with receiver() as there:
        await subscribe(pool, there, "all")
        await subscribe(pool, there, "east", wanted=Filter(labels={"region": ("east",)}))
        await subscribe(pool, there, "one", wanted=Filter(subjects=("C-2",)))
        await subscribe(pool, there, "grades", wanted=Filter(types=("credit.grade.*",)))
        await subscribe(pool, there, "limits", wanted=Filter(topics=("credit.limits",)))
        await log.say(
            grade(1, "C-1", region="east"), grade(1, "C-2", region="west"), grade(2, "C-2", purpose="compliance")
        )
        await feed(pool)
        rows = await pool.fetch("select address, count(*) as n from postings group by address")
        assert {row["address"]: row["n"] for row in rows} == {"all": 2, "east": 1, "one": 1, "grades": 2}


async def test_a_subject_waits_for_its_own_and_for_nobody_elses(pool: asyncpg.Pool) -> None:
    log, hands = Log(pool), Hands(clock.now())

    def reply(asked: Asked) -> Any:
        return (500, {}, b"") if asked.json["data"]["id"] == "C-1/1" and len(there.asked) < 10 else OK

    async with receiver(reply=reply) as there:
        await subscribe(pool, there)
        await log.say(*[grade(number, subject) for number in (1, 2, 3) for subject in ("C-1", "C-2")])
        await feed(pool, hands)
        await poster(pool, there, hands).deliver_due()
        assert ids(there)[-1] != "C-1/2"
        assert [one for one in ids(there) if one.startswith("C-2")] == ["C-2/1", "C-2/2", "C-2/3"]
        assert {one for one in ids(there) if one.startswith("C-1")} == {"C-1/1"}
        there.reply = lambda _: OK
        hands.on(seconds=5)
        await poster(pool, there, hands).deliver_due()
        assert [one for one in ids(there) if one.startswith("C-1")] == ["C-1/1", "C-1/1", "C-1/2", "C-1/3"]
        same = [one.headers["webhook-id"] for one in there.asked if one.json["data"]["id"] == "C-1/1"]
        assert len(set(same)) == 1


async def test_while_it_is_away_everything_waits_and_comes_when_it_is_back(pool: asyncpg.Pool) -> None:
    log, hands = Log(pool), Hands(clock.now())
    async with receiver(reply=lambda _: (410, {}, b"")) as there:
        await subscribe(pool, there)
        await log.say(grade(1, "C-1"), grade(1, "C-2"))
        await feed(pool, hands)
        await poster(pool, there, hands).deliver_due()
        assert (await SUBSCRIPTIONS.one(pool, "sub_1")).state == "disabled"
        there.reply = lambda _: OK
        await log.say(grade(2, "C-1"))
        await feed(pool, hands)
        assert await poster(pool, there, hands).deliver_due() == 0
        assert await states(pool, "postings") == {"waiting": 2}, "the rest waits in the log"
        await SUBSCRIPTIONS.switch(pool, "sub_1", "active", now=hands(), by="op")
        await feed(pool, hands)
        await poster(pool, there, hands).deliver_due()
        assert await states(pool, "postings") == {"delivered": 3}


async def test_after_the_last_attempt_it_is_switched_off_and_nothing_is_lost(pool: asyncpg.Pool) -> None:
    log, hands = Log(pool), Hands(clock.now())
    async with receiver(reply=lambda _: (503, {}, b"")) as there:
        await subscribe(pool, there)
        await log.say(grade(1, "C-1"))
        await feed(pool, hands)
        for _ in range(11):
            await poster(pool, there, hands).deliver_due()
            hands.on(days=1)
        found = await SUBSCRIPTIONS.one(pool, "sub_1")
        assert (found.state, found.waiting, len(there.asked)) == ("disabled", 1, 10)
        there.reply = lambda _: OK
        await SUBSCRIPTIONS.switch(pool, "sub_1", "active", now=hands(), by="op")
        await poster(pool, there, hands).deliver_due()
        assert await states(pool, "postings") == {"delivered": 1}
        attempts = await pool.fetch("select attempt, outcome from attempts order by attempt")
        assert [row["attempt"] for row in attempts] == list(range(1, 12))


async def test_a_paused_one_is_left_alone(pool: asyncpg.Pool) -> None:
    log = Log(pool)
    async with receiver() as there:
        await subscribe(pool, there)
        await log.say(grade(1, "C-1"))
        await feed(pool)
        await SUBSCRIPTIONS.switch(pool, "sub_1", "paused", now=clock.now(), by="op")
        assert await poster(pool, there).deliver_due() == 0
        await SUBSCRIPTIONS.switch(pool, "sub_1", "active", now=clock.now(), by="op")
        assert await poster(pool, there).deliver_due() == 1


async def test_one_or_everything_since_is_posted_again_under_the_same_ids(pool: asyncpg.Pool) -> None:
    log, begun = Log(pool), clock.now()
    async with receiver() as there:
        await log.say(grade(1, "C-1"), now=begun - timedelta(hours=2))
        await subscribe(pool, there)
        await log.say(grade(2, "C-1"), now=begun + timedelta(hours=1))
        await log.say(grade(3, "C-1"), now=begun + timedelta(hours=2))
        await feed(pool)
        await poster(pool, there).deliver_due()
        assert ids(there) == ["C-1/2", "C-1/3"]
        await SUBSCRIPTIONS.again(pool, "sub_1", there.asked[0].headers["webhook-id"], now=clock.now())
        await poster(pool, there).deliver_due()
        assert ids(there) == ["C-1/2", "C-1/3", "C-1/2"]
        await SUBSCRIPTIONS.again_since(pool, "sub_1", begun - timedelta(hours=3))
        await feed(pool)
        await poster(pool, there).deliver_due()
        assert ids(there)[3:] == ["C-1/1", "C-1/2", "C-1/3"]
        assert len({one.headers["webhook-id"] for one in there.asked}) == 3
        with pytest.raises(NotFound):
            await SUBSCRIPTIONS.again(pool, "sub_1", "msg_0", now=clock.now())


async def test_nothing_is_missed_while_others_write_and_two_feed(pool: asyncpg.Pool) -> None:
    log = Log(pool)
    async with receiver() as there:
        await subscribe(pool, there)

        async def writes() -> None:
            for number in range(1, 61):
                await log.say(grade(number, f"C-{number % 7}"), grade(1000 + number, f"C-{number % 5}"))

        feeders = [Feeder(pool, console=CONSOLE) for _ in range(2)]
        work = asyncio.create_task(writes())
        while not work.done():
            await asyncio.gather(*(one.feed() for one in feeders))
        await work
        await feed(pool)
        rows = await pool.fetch("select lane, array_agg(lane_at order by lane_at) as at from postings group by lane")
        assert {row["lane"]: row["at"] for row in rows} == {
            name: list(range(1, count + 1)) for name, count in log.versions.items()
        }


async def test_a_secret_is_rotated_with_an_overlap_of_a_day(pool: asyncpg.Pool) -> None:
    log, hands = Log(pool), Hands(clock.now())
    async with receiver() as there:
        await subscribe(pool, there)
        fresh = await SUBSCRIPTIONS.rotate(pool, "sub_1", now=hands(), by="op")
        await log.say(grade(1, "C-1"))
        await feed(pool, hands)
        await poster(pool, there, hands).deliver_due()
        for secret in (fresh, SECRET):
            Verifier(secret).verify(there.asked[0].body, there.asked[0].headers)
        hands.on(days=1.1)
        await log.say(grade(2, "C-1"))
        await feed(pool, hands)
        await poster(pool, there, hands).deliver_due()
        assert there.asked[1].headers["webhook-signature"].count("v1,") == 1
        stored = str([dict(row) for row in await pool.fetch("select * from endpoints")])
        assert fresh.removeprefix("whsec_") not in stored


async def test_one_that_ends_leaves_nothing_behind(pool: asyncpg.Pool) -> None:
    log = Log(pool)
    async with receiver() as there:
        await subscribe(pool, there)
        await log.say(grade(1, "C-1"))
        await feed(pool)
        await SUBSCRIPTIONS.end(pool, "sub_1")
        for table in ("subscriptions", "subscription_positions", "postings", "endpoints"):
            assert await pool.fetchval(f"select count(*) from {table}") == 0
        with pytest.raises(NotFound):
            await SUBSCRIPTIONS.end(pool, "sub_1")
        assert not await endpoints.change_state(pool, "sub_1", "active", now=clock.now())


async def test_what_was_posted_long_ago_is_forgotten_and_what_waits_is_not(pool: asyncpg.Pool) -> None:
    log, hands = Log(pool), Hands(clock.now())
    async with receiver() as there:
        await subscribe(pool, there)
        await log.say(grade(1, "C-1"))
        await feed(pool, hands)
        await poster(pool, there, hands).deliver_due()
        await log.say(grade(2, "C-1"))
        await feed(pool, hands)
        assert await forget(pool, hands() - KEPT) == 0
        hands.on(days=91)
        assert await forget(pool, hands() - KEPT) == 1
        assert await states(pool, "postings") == {"waiting": 1}
        assert await pool.fetchval("select count(*) from attempts") == 0


def test_content_goes_along_where_it_fits() -> None:
    small = grade(1, "C-1")
    assert b'"direction":"down"' in posted(small, full=True, link="")
    assert b'"direction":"down"' not in posted(small, full=False, link="")
    large = grade(1, "C-1", **{f"label{number}": "x" * 60 for number in range(400)})
    assert len(posted(large, full=True, link="")) <= BODY_BYTES
