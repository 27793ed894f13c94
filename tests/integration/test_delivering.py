"""Messages leave the house whatever their receivers do: at least once, by the schedule, each channel in its own room."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from standardwebhooks import Webhook as Verifier

from services.alerts.adapters import delivery_rules, endpoints, measuring, queue
from services.alerts.adapters.channels.robots import KINDS, Robot
from services.alerts.adapters.channels.webhook import Webhook
from services.alerts.adapters.delivering import Deliverer, keep_delivering
from shared.edge import clock
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.alert_desk import grade
from tests.support.alert_house import house
from tests.support.covers import covers
from tests.support.machine import until
from tests.support.receivers import (
    CONSOLE,
    KNOWN,
    OK,
    SECRET,
    TELLING,
    Hands,
    Receiver,
    Reply,
    endpoint,
    message,
    notice,
    outbound,
    put,
    receiver,
    states,
)

ROOMS = delivery_rules.shipped()
SLOW: Reply = (500, {}, b"busy")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    await upgraded(database, "alerts")
    opened = await open_pool(database, schema="alerts", size=6)
    yield opened
    await opened.close()


def hook(pool: asyncpg.Pool, there: Receiver, hands: Any, **changes: Any) -> Deliverer:
    """Delivers to a webhook; the jitter is none."""
    room = msgspec.structs.replace(ROOMS["webhook"], **changes)
    channel = Webhook(outbound(there), console=CONSOLE)
    return Deliverer(pool, "webhook", channel, room, KNOWN, now=hands, chance=lambda: 0)


async def attempts(pool: asyncpg.Pool, message_id: str = "M-1") -> list[tuple[str, str]]:
    rows = await pool.fetch("select outcome, status from attempts where message_id = $1 order by attempt", message_id)
    return [(row["outcome"], row["status"]) for row in rows]


async def played(pool: asyncpg.Pool, deliverer: Deliverer, hands: Hands, *, hours: float) -> None:
    """Let time pass: from one instant at which something is due to the next."""
    end = hands.at + timedelta(hours=hours)
    while True:
        await deliverer.deliver_due()
        due = await pool.fetchval("select min(next_at) from messages where state = 'waiting'")
        if due is None or due > end:
            return
        hands.at = max(hands.at, due)


async def test_a_message_is_signed_thin_and_delivered_once(pool: asyncpg.Pool) -> None:
    hands = Hands(clock.now())
    async with receiver() as there:
        await endpoint(pool, "hook", "webhook", f"{there.url}/in", SECRET)
        await put(pool, message(1))
        assert await hook(pool, there, hands).deliver_due() == 1
        assert await hook(pool, there, hands).deliver_due() == 0
    (asked,) = there.asked
    told = Verifier(SECRET).verify(asked.body, asked.headers)
    assert asked.headers["webhook-id"] == "M-1"
    assert told["data"]["alerts"][0]["link"] == f"{CONSOLE}/alerts/A-1"
    assert await states(pool) == {"delivered": 1}
    assert await attempts(pool) == [("delivered", "200")]


async def test_failures_are_tried_again_by_the_schedule_until_it_is_up(pool: asyncpg.Pool) -> None:
    """Row 73 of the fault matrix."""
    hands, at = Hands(), list[Any]()
    async with receiver() as there:
        there.reply = lambda _: (at.append(hands.at), OK if len(at) > 6 else SLOW)[1]  # type: ignore[func-returns-value] # both are wanted
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1))
        schedule = msgspec.structs.replace(ROOMS["subscription"].schedule)
        await played(pool, hook(pool, there, hands, schedule=schedule), hands, hours=100)
    assert [int((b - a).total_seconds()) for a, b in itertools.pairwise(at)] == [
        5,
        300,
        1800,
        7200,
        18000,
        36000,
    ]
    assert await states(pool) == {"delivered": 1}
    assert await attempts(pool) == [("retry", "500")] * 6 + [("delivered", "200")]
    assert {one.headers["webhook-id"] for one in there.asked} == {"M-1"}


async def test_an_end_of_trying_is_said_and_nothing_is_forgotten(pool: asyncpg.Pool) -> None:
    hands = Hands()
    async with receiver(reply=lambda _: SLOW) as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1, severity="critical"), message(2, severity="info"))
        await played(pool, hook(pool, there, hands), hands, hours=3)
        rows = await pool.fetch("select message_id, state, why from messages order by message_id")
        assert [(row["state"], row["why"]) for row in rows] == [
            ("undelivered", "given up after 120 minutes: 500"),
            ("waiting", ""),
        ]
        await played(pool, hook(pool, there, hands), hands, hours=30)
    assert await states(pool) == {"undelivered": 2}


async def test_gone_is_the_end_of_an_address_until_somebody_says_otherwise(pool: asyncpg.Pool) -> None:
    """Row 74: 410."""
    hands = Hands()
    async with receiver(reply=lambda _: (410, {}, b"gone")) as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1))
        await hook(pool, there, hands).deliver_due()
        await put(pool, message(2))
        await hook(pool, there, hands).deliver_due()
        assert len(there.asked) == 1
        assert await states(pool) == {"undelivered": 2}
        found = await KNOWN.read(pool, "hook")
        assert found is not None
        assert (found.state, found.why) == ("disabled", "410 gone")
        there.reply = lambda _: OK
        await endpoints.change_state(pool, "hook", "active", now=hands(), by="wang")
        await put(pool, message(3))
        await hook(pool, there, hands).deliver_due()
    assert await states(pool) == {"undelivered": 2, "delivered": 1}


async def test_who_asks_to_be_left_alone_is_left_alone_so_long(pool: asyncpg.Pool) -> None:
    """Row 74: 429 with Retry-After."""
    hands = Hands()
    async with receiver(reply=lambda _: (429, {"retry-after": "1800"}, b"")) as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1))
        await hook(pool, there, hands).deliver_due()
        there.reply = lambda _: OK
        hands.on(seconds=1799)
        assert await hook(pool, there, hands).deliver_due() == 0
        hands.on(seconds=1)
        assert await hook(pool, there, hands).deliver_due() == 1
    assert await states(pool) == {"delivered": 1}


async def test_a_redirect_is_a_failure(pool: asyncpg.Pool) -> None:
    """Row 74: 3xx."""
    hands = Hands()
    async with receiver() as inside, receiver() as there:
        there.reply = lambda _: (307, {"location": inside.url}, b"")
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1))
        await hook(pool, there, hands).deliver_due()
        assert inside.asked == []
    assert await attempts(pool) == [("retry", "307")]
    assert await states(pool) == {"waiting": 1}


async def test_a_tarpit_holds_up_nobody_else(pool: asyncpg.Pool) -> None:
    """Row 72: others go on while one accepts and never answers, in another channel and in the same."""
    stop, rooms = asyncio.Event(), {name: msgspec.structs.replace(room, seconds=2) for name, room in ROOMS.items()}
    async with receiver(hold=asyncio.Event()) as tarpit, receiver() as fine, receiver() as chat:
        await endpoint(pool, "tarpit", "webhook", tarpit.url, SECRET)
        await endpoint(pool, "hook", "webhook", fine.url, SECRET)
        await endpoint(pool, "wecom-1", "wecom", chat.url)
        at = clock.now()
        held = [message(n, address="tarpit", severity="critical", created_at=at) for n in range(100, 140)]
        quick = [message(n, created_at=at) for n in range(20)]
        quick += [message(n, "wecom", "wecom-1", created_at=at) for n in range(50, 55)]
        await put(pool, *held, *quick)
        reach = outbound(tarpit, fine, chat)
        channels = {"webhook": Webhook(reach, console=""), "wecom": Robot(KINDS["wecom"], reach, TELLING)}
        work = asyncio.create_task(keep_delivering(pool, stop, channels=channels, rooms=rooms, known=KNOWN))

        async def done() -> bool:
            return (await states(pool)).get("delivered", 0) == len(quick)

        await until(done)
        stop.set()
        await work
        assert len(tarpit.asked) >= 4
    rows = await pool.fetch("select state, count(*) as n from messages where address = 'tarpit' group by state")
    assert {row["state"]: row["n"] for row in rows} == {"waiting": 40}
    said = await pool.fetch(
        "select distinct status from attempts a join messages m using (message_id) where address = 'tarpit'"
    )
    assert [row["status"] for row in said] == ["timeout"]


async def test_an_hour_without_any_way_out_loses_nothing(pool: asyncpg.Pool) -> None:
    """Row 79."""
    hands = Hands()
    down, begun = True, hands.at
    async with receiver(reply=lambda _: (503, {}, b"") if down else OK) as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await endpoint(pool, "wecom-1", "wecom", there.url)
        await endpoint(pool, "feishu-1", "feishu", there.url)
        reach = outbound(there)
        channels = {
            "webhook": Webhook(reach, console=""),
            "wecom": Robot(KINDS["wecom"], reach, TELLING),
            "feishu": Robot(KINDS["feishu"], reach, TELLING),
        }
        ways = [Deliverer(pool, name, channel, ROOMS[name], KNOWN, now=hands) for name, channel in channels.items()]
        sent = 0
        for minute in range(60 + 60):
            down = minute < 60
            there.reply = (lambda _: (503, {}, b"")) if down else (lambda _: (200, {}, b'{"errcode":0,"code":0}'))
            if minute % 3 == 0 and down:
                for address, channel in (("hook", "webhook"), ("wecom-1", "wecom"), ("feishu-1", "feishu")):
                    sent += 1
                    grave = ("critical", "warning", "info")[sent % 3]
                    await put(pool, message(sent, channel, address, severity=grave, created_at=hands.at))
            for way in ways:
                await way.deliver_due()
            hands.on(minutes=1)
            if minute == 59:
                assert await states(pool) == {"waiting": sent}
    assert await states(pool) == {"delivered": sent}
    assert hands.at - begun == timedelta(hours=2)
    assert await measuring.difference(pool, now=hands()) == 0


async def test_what_was_under_way_when_a_process_was_killed_is_sent_again_under_the_same_id(
    pool: asyncpg.Pool, database: str
) -> None:
    hands = Hands(clock.now())
    async with receiver(hold=asyncio.Event()) as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1, created_at=hands.at))
        told = (sys.executable, "-m", "tests.support.deliverer", database, str(there.port))
        process = await asyncio.create_subprocess_exec(*told)
        try:
            await asyncio.wait_for(there.came.wait(), 30)
        finally:
            process.kill()  # between the sending and the keeping of the answer
            await process.wait()
        assert there.hold is not None
        there.hold.set()
        assert await hook(pool, there, hands).deliver_due() == 0, "the lease holds"
        hands.on(seconds=ROOMS["webhook"].lease_seconds + 60)
        assert await hook(pool, there, hands).deliver_due() == 1
    assert [one.headers["webhook-id"] for one in there.asked] == ["M-1", "M-1"]
    assert await attempts(pool) == [("retry", "lost"), ("delivered", "200")]
    assert await states(pool) == {"delivered": 1}


async def test_an_answer_is_kept_also_when_the_database_is_away_for_a_moment(pool: asyncpg.Pool) -> None:
    hands = Hands()
    async with receiver(hold=asyncio.Event()) as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1))
        sending = hook(pool, there, hands)
        await sending.begin()
        await asyncio.wait_for(there.came.wait(), 20)
        await pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()"
        )
        assert there.hold is not None
        there.hold.set()
        await sending.finish()
    assert len(there.asked) == 1
    assert await states(pool) == {"delivered": 1}


async def test_two_processes_send_each_message_once(pool: asyncpg.Pool) -> None:
    hands = Hands()
    async with receiver() as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, *[message(number) for number in range(60)])
        await asyncio.gather(*(hook(pool, there, hands).deliver_due() for _ in range(3)))
    assert Counter(one.headers["webhook-id"] for one in there.asked) == {f"M-{n}": 1 for n in range(60)}


async def test_what_one_process_has_leased_another_neither_takes_nor_waits_for(pool: asyncpg.Pool) -> None:
    hands = Hands()
    await put(pool, *[message(number) for number in range(6)])
    told: dict[str, Any] = {"now": hands(), "seconds": 60.0}
    async with pool.acquire() as one, pool.acquire() as other, one.transaction():
        first = await queue.lease(one, queue.PEOPLE, "webhook", most=2, **told)
        second = await asyncio.wait_for(queue.lease(other, queue.PEOPLE, "webhook", most=10, **told), 5)
    assert (len(first), len(second)) == (2, 4)
    assert {row.message_id for row in first} | {row.message_id for row in second} == {f"M-{n}" for n in range(6)}


async def test_one_address_gets_no_more_than_its_share_of_the_room(pool: asyncpg.Pool) -> None:
    async with receiver(hold=asyncio.Event()) as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await endpoint(pool, "other", "webhook", there.url, SECRET)
        await put(pool, *[message(number, severity="critical") for number in range(30)], message(31, address="other"))
        sending = hook(pool, there, Hands())
        begun = [await sending.begin() for _ in range(3)]
        assert begun == [ROOMS["webhook"].at_once_to_one, 1, 0]
        assert there.hold is not None
        there.hold.set()
        await sending.finish()


async def test_a_success_that_nobody_said_is_counted(pool: asyncpg.Pool) -> None:
    hands = Hands()
    async with receiver(reply=lambda _: SLOW) as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1), message(2))
        await hook(pool, there, hands).deliver_due()
    assert await measuring.difference(pool, now=hands()) == 0
    await pool.execute("update messages set state = 'delivered', settled_at = $1 where message_id = 'M-1'", hands())
    assert await measuring.difference(pool, now=hands()) == 1
    await pool.execute("update messages set state = 'forgotten' where message_id = 'M-2'")
    assert await measuring.difference(pool, now=hands()) == 2


async def test_the_gravest_goes_first(pool: asyncpg.Pool) -> None:
    hands = Hands()
    async with receiver() as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1, severity="info"), message(2, severity="warning"), message(3, severity="critical"))
        await hook(pool, there, hands, at_once=1).deliver_due()
    assert [one.headers["webhook-id"] for one in there.asked] == ["M-3", "M-2", "M-1"]


async def test_what_cannot_be_told_holds_up_nobody(pool: asyncpg.Pool) -> None:
    hands = Hands()
    async with receiver() as there:
        await endpoint(pool, "hook", "webhook", there.url, SECRET)
        await put(pool, message(1, address="nobody"), message(2))
        await pool.execute("update messages set message = '{' where message_id = 'M-1'")
        await hook(pool, there, hands).deliver_due()
        await endpoint(pool, "inside", "webhook", "http://10.0.0.1/", SECRET)
        await put(pool, message(3, address="inside"), message(4, address="nobody"))
        await hook(pool, there, hands).deliver_due()
    rows = await pool.fetch("select message_id, state, why from messages order by message_id")
    assert [(row["state"], row["why"]) for row in rows] == [
        ("waiting", ""), ("delivered", ""), ("undelivered", "refused: not reachable"), ("undelivered", "refused: no endpoint"),
    ]  # fmt: skip


async def test_secrets_and_addresses_lie_nowhere_in_clear(
    pool: asyncpg.Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    hands = Hands()
    async with receiver(reply=lambda _: SLOW) as there:
        await endpoint(pool, "hook", "webhook", f"{there.url}/send?access_token=CANARY1", SECRET)
        await put(pool, message(1))
        await hook(pool, there, hands).deliver_due()
        found = await KNOWN.read(pool, "hook")
    told = repr(found) + str(capsys.readouterr())
    for table in ("endpoints", "messages", "attempts"):
        told += "".join(str(dict(row)) for row in await pool.fetch(f"select * from {table}"))
    assert "CANARY1" not in told
    assert SECRET.removeprefix("whsec_") not in told


@covers("AL-14")
async def test_who_may_not_see_grades_is_told_whether_there_is_credit(database: str) -> None:
    async with house(database) as one, receiver() as there:
        await one.hears(grade("A", "C", -2))
        await endpoint(one.pool, "robot", "wecom", there.url)
        (alert,) = await one.alerts()
        about = notice(1, alert_id=alert["alert_id"], kind="grade_worse", figures={"from": "A", "to": "C"})
        await put(one.pool, message(1, "wecom", "robot", sees_grades=False, notices=(about,)))
        robot = Robot(KINDS["wecom"], outbound(there), TELLING)
        await Deliverer(one.pool, "wecom", robot, ROOMS["wecom"], KNOWN, now=Hands()).deliver_due()
    (asked,) = there.asked
    said = asked.json["markdown"]["content"]
    assert any(f"Credit available: {word}." in said for word in ("yes", "no"))
    assert "grade" not in said
