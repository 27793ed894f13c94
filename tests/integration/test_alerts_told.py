"""From a decision to people: what the worker leaves is planned by the dispatcher, and what reaches nobody is said of the alert."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.alerts.adapters import staff, watching
from services.alerts.adapters.dispatching import Dispatcher
from services.alerts.adapters.reporting import reporting
from services.alerts.core.people import Post
from shared.edge import clock
from tests.support.alert_desk import LABELS, grade
from tests.support.alert_house import House, house
from tests.support.staffed import HOUSE, changed

pytestmark = [pytest.mark.parts, pytest.mark.timeout(180)]


async def peopled(one: House) -> Dispatcher:
    """A house with staff whose quiet hours never begin; the manager of the labels is Li Na."""
    told: Any = HOUSE
    for name in ("gm", "east.head", "sh.lead", "li.na", "wang.wei", "zhao.min", "sun.li", "qian"):
        told = changed(told, name, calendar="every_day")
    told = changed(told, "li.na", codes=(LABELS["manager"],))
    async with one.pool.acquire() as connection, connection.transaction():
        put = (*told, Post(person="zhao.min", role="operator"))
        await staff.change(connection, staff.Change(put), by="test", reason="a test", now=clock.now())
    return Dispatcher(one.pool, zone="Asia/Shanghai", report=reporting(one.desk, one.pool))


async def test_a_fall_of_the_grade_becomes_messages_to_the_people_of_its_route(database: str) -> None:
    async with house(database) as one:
        dispatcher = await peopled(one)
        await one.hears(grade("A", "C", -2))
        await dispatcher.drain(clock.now() + timedelta(minutes=1))
        rows = await one.pool.fetch("select person, severity, form from messages order by person")
        people = {row["person"] for row in rows}
        assert {"li.na", "zhao.min"} <= people, "the owner, and the fallback of posts that nobody holds"
        assert {row["severity"] for row in rows} == {"critical"}
        await watching.look(one.pool)
        assert await one.pool.fetchval(watching.LOST_NOTICES) == 0


async def test_what_reaches_nobody_is_said_of_the_alert_and_told_to_its_fallback_once(database: str) -> None:
    async with house(database) as one:
        dispatcher = await peopled(one)
        await one.hears(grade("A", "C", -2))
        for minute in range(1, 41):
            await dispatcher.drain(clock.now() + timedelta(minutes=minute))
            await one.pool.execute("update messages set state = 'undelivered' where state = 'waiting'")
        said = [name for name in await one.logged() if name == "alert.undelivered"]
        assert said == ["alert.undelivered"]
        states = {row["what"]: row["state"] for row in [
            {"what": msgspec.json.decode(row["notice"])["what"], "state": row["state"]}
            for row in await one.pool.fetch("select notice, state from notices")
        ]}  # fmt: skip
        assert states == {"opened": "undelivered", "undelivered": "undelivered"}
        assert (
            await one.pool.fetchval("select count(*) from notices where reported_at is null and state = 'undelivered'")
            == 0
        )
        await watching.look(one.pool)
        assert await one.pool.fetchval(watching.LOST_NOTICES) == 0
