"""The dispatcher on a real database: from notices to messages and back, whatever is away, and with two of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.alerts.adapters import counting, hearings
from services.alerts.adapters.dispatching import Dispatcher, keep_dispatching
from services.alerts.core.notice import Notice
from services.alerts.core.people import Contact, Person, Post
from services.alerts.core.resolving import Reason
from shared.core.errors import Unavailable
from tests.support.dispatched import ZONE, queue
from tests.support.staffed import HOUSE, NOON, away, later, notice

pytestmark = [pytest.mark.parts, pytest.mark.timeout(120)]


async def test_a_notice_becomes_a_message_and_is_told_once_it_is_delivered(database: str) -> None:
    async with queue(database) as q:
        await q.arise(notice(1, to=("owner", "role:credit_manager")))
        await q.plan()
        assert await q.told() == [("li.na", "email", ["A-1/1"]), ("sun.li", "email", ["A-1/1"])]
        assert await q.states() == {"A-1/1": "planned"}
        await q.plan()
        assert len(await q.messages()) == 2, "another look writes nothing again"
        await q.settle()
        await q.plan()
        assert await q.states() == {"A-1/1": "told"}


async def test_what_waits_for_a_group_or_the_morning_is_waiting_until_then(database: str) -> None:
    async with queue(database) as q:
        await q.arise(notice(1, wait_seconds=30, severity="info"), notice(2, alert="A-2", digest=True, severity="info"))
        await q.plan()
        assert set((await q.states()).values()) == {"waiting"}
        await q.plan(later(seconds=30))
        assert await q.states() == {"A-1/1": "planned", "A-2/2": "waiting"}
        await q.plan(datetime(2026, 3, 5, 0, 30, tzinfo=UTC))
        assert [one.form for one in await q.messages()] == ["alert", "digest"]


async def test_the_channels_of_the_route_go_first(database: str) -> None:
    async with queue(database) as q:
        await q.arise(notice(1, channels=("dingtalk",)))
        await q.plan()
        assert await q.told() == [("li.na", "dingtalk", ["A-1/1"])]


async def test_what_is_not_delivered_goes_by_the_next_channel_then_up_then_to_the_fallback(database: str) -> None:
    reported: list[tuple[str, list[str]]] = []

    async def report(one: Notice, tried: Sequence[str], why: tuple[Reason, ...]) -> None:
        assert set(tried) == {"li.na", "sh.lead", "east.head", "gm", "zhao.min", "sun.li"}
        reported.append((one.notice_id, [reason.code for reason in why]))

    async with queue(database, report=report) as q:
        await q.arise(notice(1))
        everybody = ("email", "dingtalk")
        went = []
        for _ in range(20):
            await q.plan()
            went += [(one.person, one.channel) for one in await q.messages("waiting")]
            if not await q.settle(lost=everybody):
                break
        up = ["li.na", "sh.lead", "east.head", "gm", "zhao.min", "sun.li"]
        assert went == [(person, channel) for person in up for channel in ("email", "dingtalk")]
        assert await q.states() == {"A-1/1": "undelivered"}
        assert reported == [("A-1/1", ["exhausted"])]
        replaced = [one for one in await q.messages() if one.instead_of]
        assert len(replaced) == 6, "the second channel of each takes the place of the first"
        await q.plan()
        assert len(reported) == 1


async def test_what_only_the_aml_post_may_hear_goes_to_nobody_who_leads_it(database: str) -> None:
    house = (
        *HOUSE,
        Person(person="aml", name_en="AML", name_zh="反洗钱", unit="sh"),
        Post(person="aml", role="compliance_officer"),
    )
    secret: dict[str, Any] = {"to": ("role:compliance_officer",), "labels": {"purpose": "compliance", "manager": "m01"}}
    async with queue(database, house=(*house, Contact(person="aml", channel="email", address="aml@email"))) as q:
        calm = notice(2, alert="A-2", at=later(minutes=1), wait_seconds=30, severity="info", **secret)
        await q.arise(notice(1, **secret), calm)
        await q.plan()
        await q.settle(lost=["email"])
        await q.plan()
        assert (await q.hearings("A-1/1"), await q.why("A-1/1")) == ({"aml": "undelivered"}, ["exhausted"])
        await q.plan(later(minutes=1))
        await q.staffed(away("aml", "2026-03-04", "2026-03-04", "li.na"))
        await q.plan(later(minutes=2))
        assert await q.hearings("A-2/2") == {"aml": "planned"}


async def test_another_channel_that_delivers_ends_it(database: str) -> None:
    async with queue(database) as q:
        await q.arise(notice(1))
        await q.plan()
        await q.settle(lost=["email"])
        await q.plan()
        await q.settle(lost=["email"])
        await q.plan()
        assert await q.states() == {"A-1/1": "told"}
        assert [(one.person, one.channel) for one in await q.messages("delivered")] == [("li.na", "dingtalk")]


async def test_who_leads_and_hears_anyway_does_not_hear_twice(database: str) -> None:
    async with queue(database) as q:
        await q.arise(notice(1, to=("owner", "line")))
        await q.plan()
        for _ in range(3):
            await q.settle(lost=["li.na"])
            await q.plan()
        assert await q.hearings("A-1/1") == {"li.na": "undelivered", "sh.lead": "told"}
        assert await q.states() == {"A-1/1": "told"}


async def test_who_has_no_address_is_stood_in_for_by_who_leads(database: str) -> None:
    bare = [one for one in HOUSE if not (isinstance(one, Contact) and one.person == "li.na")]
    async with queue(database, house=bare) as q:
        await q.arise(notice(1))
        await q.plan()
        assert await q.hearings("A-1/1") == {"li.na": "passed", "sh.lead": "planned"}


async def test_who_is_away_by_the_time_it_is_due_is_stood_in_for(database: str) -> None:
    night, morning = datetime(2026, 3, 4, 13, 0, tzinfo=UTC), datetime(2026, 3, 5, 0, 0, tzinfo=UTC)
    async with queue(database) as q:
        await q.arise(notice(1, at=night))
        await q.plan(night)
        await q.staffed(away("li.na", "2026-03-05", "2026-03-05", "wang.wei"), now=night)
        await q.plan(morning)
        assert await q.told() == [("wang.wei", "email", ["A-1/1"])]
        (message,) = await q.messages()
        assert message.sees_grades, "who stands in sees what the other would"


async def test_a_withdrawal_before_the_morning_leaves_nobody_to_be_told(database: str) -> None:
    night = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)
    async with queue(database) as q:
        await q.arise(notice(1, at=night))
        await q.plan(night)
        await q.arise(notice(2, at=night + timedelta(hours=1), what="withdrawn", to=("told",)))
        await q.plan(night + timedelta(hours=12))
        assert await q.states() == {"A-1/1": "quiet", "A-1/2": "quiet"}
        assert (await q.why("A-1/1"), await q.why("A-1/2")) == (["overtaken"], ["untold"])
        assert await q.messages() == []


async def test_whoever_was_told_hears_of_the_withdrawal(database: str) -> None:
    async with queue(database) as q:
        await q.arise(notice(1, to=("owner", "role:collector")))
        await q.plan()
        await q.settle()
        await q.arise(notice(2, at=later(hours=1), what="withdrawn", to=("told",)))
        await q.plan(later(hours=1))
        assert await q.hearings("A-1/2") == {"li.na": "planned", "qian": "planned"}
        sees = {one.person: one.sees_grades for one in await q.messages("waiting")}
        assert sees == {"li.na": True, "qian": False}


async def test_without_staff_notices_wait_and_are_told_once_there_are_people(database: str) -> None:
    async with queue(database, house=()) as q:
        await q.arise(notice(1))
        await q.plan()
        assert (await q.states(), await q.why("A-1/1")) == ({"A-1/1": "waiting"}, ["no_staff"])
        await q.staffed(*HOUSE)
        await q.plan(later(minutes=1))
        assert await q.states() == {"A-1/1": "planned"}


async def test_where_nobody_has_a_channel_that_can_be_sent_by_notices_wait_and_say_so(database: str) -> None:
    async with queue(database) as q:
        q.dispatcher = Dispatcher(q.pool, zone=ZONE, lacking=["email", "dingtalk"])
        await q.arise(notice(1))
        await q.plan()
        assert (await q.states(), await q.why("A-1/1")) == ({"A-1/1": "waiting"}, ["no_channel"])
        q.dispatcher = Dispatcher(q.pool, zone=ZONE, lacking=["email"])
        await q.plan()
        assert await q.states() == {"A-1/1": "planned"}


async def test_a_storm_of_ten_thousand_warnings_ends_in_digests_with_none_missing(database: str) -> None:
    async with queue(database) as q:
        numbers = count()
        for minute in range(10):
            at = NOON + timedelta(seconds=6 * minute)
            await q.arise(*(notice(1, at=at, alert=f"S-{next(numbers):05}", wait_seconds=30) for _ in range(1000)))
            await q.plan(at)
        for second in (60, 90, 120, 660):
            await q.plan(later(seconds=second))
        messages = await q.messages()
        assert len(messages) <= 30
        assert all(one.form == "storm" and len(one.notices) <= 1000 for one in messages)
        carried = [n.notice_id for one in messages for n in one.notices]
        assert len(carried) == len(set(carried)) == 10_000
        await q.settle()
        await q.plan(later(seconds=661))
        assert set((await q.states()).values()) == {"told"}


async def test_two_dispatchers_at_once_write_each_message_once(database: str) -> None:
    async with queue(database) as q:
        others = [Dispatcher(q.pool, zone=ZONE) for _ in range(3)]
        await q.arise(*(notice(1, alert=f"A-{n:03}", labels={"manager": f"m0{n % 2 + 1}"}) for n in range(60)))
        for _ in range(12):
            await asyncio.gather(*(one.step(NOON) for one in (q.dispatcher, *others)))
        await q.plan()
        carried = [(one.person, n.notice_id) for one in await q.messages() for n in one.notices]
        assert len(carried) == len(set(carried)) == 60


async def test_a_dispatcher_that_dies_in_between_leaves_what_was_before(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with queue(database) as q:
        await q.arise(notice(1), notice(2, alert="A-2"))
        with monkeypatch.context() as patch:

            async def dies(*_: object, **__: object) -> None:
                raise ConnectionError("gone")

            patch.setattr(hearings, "restate", dies)
            with pytest.raises(ConnectionError):
                await q.plan()
        assert await q.messages() == []
        assert set((await q.states()).values()) == {"waiting"}
        await q.plan()
        assert sorted(n.notice_id for one in await q.messages() for n in one.notices) == ["A-1/1", "A-2/2"]


async def test_the_loop_plans_soon_outlives_errors_and_reports_until_it_is_heard(database: str) -> None:
    heard: list[str] = []
    refused = count()

    async def report(one: Notice, *_: object) -> None:
        if next(refused) < 2:
            raise Unavailable("later")
        heard.append(one.notice_id)

    async with queue(database) as q:
        stop = asyncio.Event()
        loop = asyncio.create_task(
            keep_dispatching(q.pool, stop, zone=ZONE, report=report, now=lambda: NOON, pace=0.02)
        )
        await q.arise(notice(1))
        for _ in range(200):
            await q.settle(lost=["email", "dingtalk"])
            if heard:
                break
            await asyncio.sleep(0.02)
        assert heard == ["A-1/1"]
        stop.set()
        await asyncio.wait_for(loop, 5)


async def test_the_figures_say_what_is_due_how_long_and_that_nothing_is_lost(database: str) -> None:
    def figure(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(f"gradeline_alerts_{name}", labels)

    async with queue(database) as q:
        await q.arise(notice(1), notice(2, alert="A-2", wait_seconds=300, severity="info"))
        await counting.look(q.pool, later(seconds=20))
        assert figure("dispatch_oldest_seconds") == 20
        await q.plan()
        await counting.look(q.pool, later(seconds=40))
        assert (figure("dispatch_oldest_seconds"), figure("dispatch_difference")) == (0, 0)
        assert (figure("hearings", state="planned"), figure("hearings", state="pending")) == (1, 1)
        await q.settle()
        await q.plan()
        await counting.look(q.pool, later(seconds=40))
        assert (figure("dispatch_difference"), figure("hearings", state="told")) == (0, 1)
        await q.pool.execute("delete from hearings where state = 'pending'")
        await q.pool.execute("update notices set state = 'planned' where notice_id = 'A-1/1'")
        await counting.look(q.pool, later(seconds=40))
        assert figure("dispatch_difference") == 2, "one that nobody waits for, and one whose message is over"
