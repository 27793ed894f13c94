"""Robots answer 200 whatever happens: no success that none was; and a storm waits, is put together, and loses nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.alerts.adapters import delivering, delivery_rules
from services.alerts.adapters.channels.robots import KINDS, Robot
from services.alerts.adapters.delivering import Deliverer
from services.alerts.core.message import Message
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.receivers import (
    KNOWN,
    OK,
    TELLING,
    Asked,
    Hands,
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


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    await upgraded(database, "alerts")
    opened = await open_pool(database, schema="alerts", size=6)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("dingtalk", b'{"errcode":310000,"errmsg":"sign not match"}'),
        ("dingtalk", b'{"errcode":130101,"errmsg":"send too fast"}'),
        ("wecom", b'{"errcode":45009,"errmsg":"api freq out of limit"}'),
        ("wecom", b'{"errcode":93000,"errmsg":"invalid webhook url"}'),
        ("feishu", b'{"code":19021,"msg":"sign match fail"}'),
        ("feishu", b'{"StatusCode":0,"code":9499,"msg":"Bad Request"}'),
        *[(kind, raw) for kind in KINDS for raw in (
            b"", b"{}", b"ok", b"[]", b"<html>", b'{"errcode":"0"}', b'{"code":"0"}', b'{"errcode":false,"code":false}', b'{"errcode":null}',
        )],
    ],
)  # fmt: skip
async def test_no_robot_is_believed_that_did_not_say_so(pool: asyncpg.Pool, kind: str, wrong: bytes) -> None:
    """Row 75: 200 with another code than 0."""
    async with receiver(reply=lambda _: (200, {}, wrong)) as there:
        await endpoint(pool, "robot", kind, there.url, "SEC1")
        await put(pool, message(1, kind, "robot"))
        robot = Robot(KINDS[kind], outbound(there), TELLING)
        await Deliverer(pool, kind, robot, ROOMS[kind], KNOWN, now=Hands()).deliver_due()
        assert len(there.asked) == 1
    assert (await states(pool)).get("delivered", 0) == 0
    assert [row["outcome"] for row in await pool.fetch("select outcome from attempts")] in (["retry"], ["refused"])


async def test_a_storm_into_a_robot_loses_nothing_and_says_the_worst_first(pool: asyncpg.Pool) -> None:
    """Row 76: 1,000 alerts in a minute into a robot that takes 20."""
    hands, at, storm = Hands(), list[Any](), 1_000

    def reply(asked: Asked) -> Reply:
        at.append(hands.at)
        last = [one for one in at if one > hands.at - timedelta(seconds=60)]
        return OK if len(last) <= 20 else (200, {}, b'{"errcode":130101,"errmsg":"send too fast"}')

    def one(number: int) -> Message:
        grave = "critical" if number % 100 == 99 else "info" if number % 2 else "warning"
        made = hands.at
        return message(
            number, "dingtalk", "robot", severity=grave, created_at=made, notices=(notice(number, severity=grave),)
        )

    async with receiver(reply=reply) as there:
        await endpoint(pool, "robot", "dingtalk", f"{there.url}/robot/send?access_token=T", "SEC1")
        robot = Deliverer(
            pool, "dingtalk", Robot(KINDS["dingtalk"], outbound(there), TELLING), ROOMS["dingtalk"], KNOWN, now=hands
        )
        for second in range(60):
            first = storm * second // 60
            await put(pool, *[one(number) for number in range(first, storm * (second + 1) // 60)])
            await robot.deliver_due()
            hands.on(seconds=1)
        for _ in range(120):
            await robot.deliver_due()
            hands.on(seconds=1)
    assert await states(pool) == {"delivered": storm}
    said = Counter(row["status"] for row in await pool.fetch("select status from attempts"))
    assert said == {"errcode 0": storm}
    assert len(there.asked) <= 60
    digests = [
        one.json["actionCard"]["text"] for one in there.asked if "alerts at once" in one.json["actionCard"]["title"]
    ]
    assert digests
    counted = sum(
        int(text.split("] ")[1].split(" alerts")[0]) for text in (t.translate({0xFF3D: "]"}) for t in digests)
    )
    alone = len(there.asked) - len(digests)
    assert counted + alone == storm
    for text in digests:
        assert text.index("Critical") < text.find("Warning") if "Critical" in text and "Warning" in text else True


async def test_a_process_that_is_to_stop_waits_for_no_robot_that_stands_still(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "DRAIN_SECONDS", 0.2)
    async with receiver(hold=asyncio.Event()) as there:
        await endpoint(pool, "robot", "wecom", there.url)
        await put(pool, message(1, "wecom", "robot"))
        robot = Robot(KINDS["wecom"], outbound(there), TELLING)
        sending = Deliverer(pool, "wecom", robot, ROOMS["wecom"], KNOWN, now=Hands())
        await sending.begin()
        await asyncio.wait_for(there.came.wait(), 20)
        await asyncio.wait_for(sending.finish(), 5)
    assert await states(pool) == {"waiting": 1}
    assert await pool.fetchval("select count(*) from attempts") == 0, (
        "nobody knows what became of it until the lease ends"
    )
