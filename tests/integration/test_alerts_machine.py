"""The alerts service on its database: one alert a cause, published once, its notices in the transaction of the event."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from services.alerts.adapters import silencing
from services.alerts.adapters.proving import prove
from services.alerts.adapters.waking import wake
from services.alerts.adapters.watching import LOST_NOTICES, look
from services.alerts.core import acting
from services.alerts.core.silence import Silence
from shared.core.errors import Declined, NotFound
from shared.core.events.approval import ApprovalRequested
from shared.core.events.limit import GroupChanged, LimitBreached, LimitWatched, OrderHeld, SupplySuspended
from shared.core.events.rating import PolicyActivated, WarningCleared
from shared.edge import clock
from tests.support.alert_desk import LABELS, corrected, grade, warning
from tests.support.alert_house import House, brain, house
from tests.support.covers import covers
from tests.support.machine import DAY

covers("AL-03", "AL-05", "AL-08", "AL-14", "AL-16")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(180)]


def told(**more: object) -> dict[str, object]:
    return {"as_of": DAY, "cause": "fact", "labels": LABELS} | more


async def test_a_fall_of_the_grade_is_one_alert_published_once_and_leaves_its_notice(database: str) -> None:
    async with house(database) as one:
        await one.hears(grade("A", "C", -2))
        (row,) = await one.alerts()
        assert (row["alert_id"], row["kind"], row["severity"], row["state"]) == (
            "C-1.1",
            "grade_worse",
            "critical",
            "open",
        )
        assert msgspec.json.decode(row["figures"])["from"] == "A"
        assert row["wakes_at"] is not None
        assert row["wakes_at"] <= row["acknowledge_by"]
        assert await one.published() == ["credit.alerts alert.opened"]
        assert await one.notices() == ["opened"]
        one.restart()
        await one.hears(warning())
        assert await one.published() == ["credit.alerts alert.opened"] * 2
        assert [row["alert_id"] for row in await one.alerts()] == ["C-1.1", "C-1.2"]


async def test_the_same_decision_delivered_twice_opens_nothing_twice(database: str) -> None:
    async with house(database) as one:
        await one.hears(grade("A", "C", -2))
        record = one.logs["credit.ratings"].records
        for partition, records in record.items():
            for old in [r for r in records if r.key == b"C-1"]:
                one.logs["credit.ratings"].raw(old.value, key="C-1", partition=partition)
        await one.hears(warning(), subject="C-2")
        assert await one.logged() == ["alert.opened"]
        assert len(await one.notices()) == 2


async def test_people_take_an_alert_on_write_to_it_give_it_away_and_end_it_and_all_of_it_is_in_the_log(
    database: str,
) -> None:
    async with house(database) as one:
        await one.hears(grade("A", "C", -2))
        await one.does("C-1.1", lambda s, at: acting.acknowledge(s, at, "C-1.1", "li.na"))
        await one.does("C-1.1", lambda s, at: acting.acknowledge(s, at, "C-1.1", "li.na"))
        await one.does("C-1.1", lambda s, at: acting.comment(s, at, "C-1.1", "wang", "called", "CRM-1", "k1"))
        await one.does("C-1.1", lambda s, at: acting.comment(s, at, "C-1.1", "wang", "called", "CRM-1", "k1"))
        await one.does("C-1.1", lambda s, at: acting.assign(s, at, "C-1.1", "li.na", "zhao"))
        await one.does("C-1.1", lambda s, at: acting.resolve(s, at, "C-1.1", "zhao", "pays on Friday"))
        await one.does("C-1.1", lambda s, at: acting.resolve(s, at, "C-1.1", "zhao", "pays on Friday"))
        assert await one.logged() == [
            "alert.opened", "alert.acknowledged", "alert.commented", "alert.assigned", "alert.resolved",
        ]  # fmt: skip
        assert [name.split()[1] for name in await one.published()] == [
            "alert.opened",
            "alert.acknowledged",
            "alert.resolved",
        ]
        assert await one.notices() == ["opened", "commented", "assigned", "resolved"]
        with pytest.raises(Declined):
            await one.does("C-1.1", lambda s, at: acting.acknowledge(s, at, "C-1.1", "li.na"))
        await one.does("C-1.1", lambda s, at: acting.reopen(s, at, "C-1.1", "li.na", "did not pay"))
        (row,) = await one.alerts()
        assert (row["state"], row["owner"]) == ("open", "zhao")
        assert (await one.published())[-1] == "credit.alerts alert.opened"
        with pytest.raises(NotFound):
            await one.does("C-1.9", lambda s, at: acting.resolve(s, at, "C-1.9", "zhao", "x"))
        with pytest.raises(NotFound):
            await one.does("C-1", lambda s, at: acting.resolve(s, at, "C-1", "zhao", "x"))


async def test_of_twenty_who_acknowledge_at_once_the_last_is_the_owner_and_no_act_is_lost(database: str) -> None:
    async with house(database) as one:
        await one.hears(grade("A", "C", -2))
        await asyncio.gather(
            *(one.does("C-1.1", lambda s, at, n=n: acting.acknowledge(s, at, "C-1.1", f"p{n}")) for n in range(20))  # type: ignore[misc]
        )
        assert await one.logged() == ["alert.opened", *["alert.acknowledged"] * 20]
        (row,) = await one.alerts()
        assert row["state"] == "acknowledged"
        assert (await one.notices()) == ["opened"]


async def test_what_nobody_acknowledges_goes_up_the_chain_and_a_late_loop_says_the_same(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(database) as one:
        await one.hears(grade("A", "C", -2))
        assert await wake(one.pool, brain=one.desk.brain, commands=one.desk.commands) == 0
        later = clock.now() + timedelta(days=30)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert await wake(one.pool, brain=one.desk.brain, commands=one.desk.commands) == 1
        assert await wake(one.pool, brain=one.desk.brain, commands=one.desk.commands) == 0
        logged = await one.logged()
        assert logged.count("alert.escalated") == 3
        assert logged.count("alert.reminded") == 6, "five repeats, and that it was not resolved in time"
        rows = await one.pool.fetch("select notice from notices order by at")
        ups = [msgspec.json.decode(row["notice"]) for row in rows]
        assert [up["to"] for up in ups if up["what"] == "escalated"] == [
            ["line"], ["role:credit_manager"], ["role:deputy_general_manager"],
        ]  # fmt: skip
        assert len([name for name in await one.published() if name.endswith("escalated")]) == 3
        (row,) = await one.alerts()
        assert (row["step"], row["wakes_at"]) == (3, None)


async def test_a_silence_leaves_notices_quiet_with_its_id_and_no_longer_than_it_holds(database: str) -> None:
    async with house(database) as one:
        now = clock.now()
        made = Silence(
            silence_id="S1", matchers={"kind": ("early_warning",), "region": ("east", "west")}, author="li", reason="move",
            created_at=now, expires_at=now + timedelta(days=1),
        )  # fmt: skip
        await silencing.make(one.pool, made)
        await silencing.make(one.pool, made)
        await one.hears(warning())
        await one.hears(grade("A", "C", -2))
        assert await one.notices() == ["opened"]
        quiet = await one.pool.fetch("select alert_id, why from notices where state = 'quiet'")
        assert [(row["alert_id"], row["why"]) for row in quiet] == [("C-1.1", "silence:S1")]
        assert await silencing.end(one.pool, "S1", by="li", now=clock.now())
        assert not await silencing.end(one.pool, "S1", by="li", now=clock.now())
        await one.hears(warning(name="mn-07"))
        assert len(await one.notices()) == 2


async def test_while_supply_is_suspended_held_orders_are_told_to_nobody(database: str) -> None:
    async with house(database) as one:
        await one.hears(SupplySuspended(**told(reason="90 days late")))  # type: ignore[arg-type]
        await one.hears(
            OrderHeld(**told(order_id="SO-1", amount=Decimal("5.00"), currency="CNY", reasons=("SUSPENDED",)))  # type: ignore[arg-type]
        )
        rows = await one.pool.fetch("select alert_id, state, why from notices order by notice_id")
        assert [tuple(row) for row in rows] == [
            ("C-1.1", "waiting", ""), ("C-1.2", "quiet", "inhibited:suspended:C-1.1"),
        ]  # fmt: skip


async def test_a_matter_of_the_rules_is_a_case_like_any_other(database: str) -> None:
    async with house(database) as one:
        await one.hears(
            PolicyActivated(as_of=DAY, cause="policy", method="rm-32", version="2", sha256="0" * 64, effective=DAY),
            subject="~policy",
        )
        (row,) = await one.alerts()
        assert (row["subject"], row["kind"]) == ("~policy", "policy_activated")
        name = row["alert_id"]
        await one.does(name, lambda s, at: acting.comment(s, at, name, "li", "seen"))
        assert (await one.logged(f"~policy/{name.split('.')[1]}"))[-1] == "alert.commented"


async def test_compliance_is_published_on_its_own_topic_and_heard_on_it(database: str) -> None:
    async with house(database) as one:
        await one.hears(grade("low", "high", -2, purpose="compliance", is_worst=True))
        assert await one.published() == ["credit.restricted alert.opened"]


async def test_an_approval_is_a_task_of_the_role_whose_step_it_is(database: str) -> None:
    async with house(database) as one:
        await one.hears(
            ApprovalRequested(
                **told(
                    approval_id="AP-1",
                    kind="limit",
                    payload_sha256="0" * 64,
                    step=1,
                    role="credit_manager",
                    by="wang",
                    roles=("credit_manager", "general_manager"),
                )  # type: ignore[arg-type]
            )
        )
        rows = await one.pool.fetch("select notice from notices")
        assert [msgspec.json.decode(row["notice"])["to"] for row in rows] == [["role:credit_manager"]]


async def test_a_cleared_warning_is_resolved_by_the_day_and_a_correction_withdraws(database: str) -> None:
    async with house(database) as one:
        await one.hears(warning(), warning(WarningCleared))
        (cause,) = await one.hears(grade("A", "C", -2))
        await one.hears(corrected(cause, "A"))
        await one.opens(DAY + timedelta(days=1))
        await one.opens(DAY + timedelta(days=2))
        assert [row["state"] for row in await one.alerts()] == ["resolved", "withdrawn"]
        assert sorted(await one.notices()) == ["opened", "opened", "resolved", "withdrawn"]


async def test_no_notice_is_lost_and_the_figures_say_so(database: str) -> None:
    async with house(database) as one:
        await one.hears(grade("A", "C", -2))
        await one.hears(LimitBreached(**told(limit_id="L", kind="policy", from_=None, to=None, currency="CNY")))  # type: ignore[arg-type]
        assert await one.pool.fetchval(LOST_NOTICES) == 0
        await look(one.pool)
        await one.pool.execute("update notices set state = 'told' where alert_id = 'C-1.1'")
        assert await one.pool.fetchval(LOST_NOTICES) == 1, "told by no message"


async def test_the_log_alone_gives_the_table(database: str) -> None:
    async with house(database) as one:
        await one.hears(grade("A", "C", -2), warning())
        await one.does(
            "C-1.1", lambda s, at: acting.snooze(s, at, "C-1.1", "li", at + timedelta(days=1), "waits for papers")
        )
        await _refolds(one)


async def _refolds(one: House) -> None:
    from shared.edge.store.read import read_stream

    async with one.pool.acquire() as connection:
        stored = await read_stream(connection, "C-1")
    made = brain()
    case = made.initial("C-1")
    for event in stored:
        made.evolve(case, event.event)
    kept = {row["alert_id"]: row for row in await one.alerts()}
    assert {name: (alert.state, alert.severity, alert.owner or None) for name, alert in case.alerts.items()} == {
        name: (row["state"], row["severity"], row["owner"]) for name, row in kept.items()
    }


async def test_what_befalls_a_member_of_a_group_is_told_to_the_owners_of_the_others(database: str) -> None:
    async with house(database) as one:
        members = GroupChanged(**told(members=("C-1", "C-2", "C-3"), lead="C-3", since=DAY))  # type: ignore[arg-type]
        await one.hears(members, subject="g:G")
        await one.hears(grade("A", "C", -2))
        await one.hears(grade("C", "A", 2), subject="C-2")
        rows = await one.pool.fetch("select subject, notice from notices where subject <> 'g:G' order by subject")
        to = {row["subject"]: msgspec.json.decode(row["notice"])["to"] for row in rows}
        assert to["C-1"][-2:] == ["lead:C-3", "assisting:C-2"], "the lead first"
        assert to["C-2"] == ["owner"], "what is better is told to its own manager"
        await one.hears(
            GroupChanged(**told(members=("C-1",), lead=None, since=DAY)),  # type: ignore[arg-type]
            subject="g:G",
        )
        await one.hears(warning(severity="critical"))
        rows = await one.pool.fetch("select notice from notices where alert_id = 'C-1.2'")
        assert [name for row in rows for name in msgspec.json.decode(row["notice"])["to"] if ":C-" in name] == []


async def test_while_the_group_is_beyond_its_limit_a_member_that_fills_its_own_is_told_to_nobody(database: str) -> None:
    async with house(database) as one:
        await one.hears(
            GroupChanged(**told(members=("C-1", "C-2"), lead=None, since=DAY)),  # type: ignore[arg-type]
            LimitBreached(**told(limit_id="L", kind="policy", from_=None, to=None, currency="CNY")),  # type: ignore[arg-type]
            subject="g:G",
        )
        watched = LimitWatched(
            **told(limit_id="L", kind="policy", from_=None, to=None, currency="CNY", mark=Decimal("0.8"))  # type: ignore[arg-type]
        )
        await one.hears(watched)
        await one.hears(watched, subject="C-9")
        rows = await one.pool.fetch("select subject, state, why from notices where subject like 'C-%' order by subject")
        assert [tuple(row) for row in rows] == [
            ("C-1", "quiet", "inhibited:group-breached:g:G.2"), ("C-9", "waiting", ""),
        ]  # fmt: skip


async def test_what_is_kept_follows_from_the_log_and_what_is_altered_is_found(database: str) -> None:
    async with house(database) as one:
        await one.hears(grade("A", "C", -2), warning())
        await one.hears(warning(), subject="C-2")
        await one.does("C-1.1", lambda s, at: acting.acknowledge(s, at, "C-1.1", "li"))
        proof = await prove(database, brain(), ["C-1", "C-2"])
        assert (proof.customers, proof.skipped, proof.findings) == (2, 0, [])
        await one.pool.execute("update alerts set state = 'resolved' where alert_id = 'C-1.1'")
        await one.pool.execute("delete from notices where alert_id = 'C-2.1'")
        found = (await prove(database, brain(), ["C-1", "C-2"])).findings
        assert [(f.what, f.kept, f.computed) for f in found] == [
            ("C-1.1 state", "resolved", "acknowledged"), ("notice C-2.1/1", "none", "opened"),
        ]  # fmt: skip
        await one.pool.execute("update events set data = replace(convert_from(data, 'UTF8'), 'early', 'late')::bytea"
                               " where stream = 'C-2' and type = 'credit.alert.opened.v1'")  # fmt: skip
        assert "version" in (await prove(database, brain(), ["C-2"])).findings[0].what
