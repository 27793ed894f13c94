"""Runs give lists to people: once each, by their part, told by mail with proof, read over HTTP by who got them."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from python_calamine import CalamineWorkbook

from services.alerts.adapters import approvals, list_files, staff, wording
from services.alerts.adapters.channels.sending import linked
from services.alerts.adapters.publishing import Publisher
from services.alerts.adapters.watching import LOST_NOTICES
from services.alerts.core.composing import compose
from services.alerts.core.message import Message
from services.alerts.core.people import Assignment, Post, Record
from services.alerts.core.requests import Act
from shared.core.events.approval import ApprovalGranted, ApprovalRefused, ApprovalRequested, ApprovalVoted, Committee
from shared.core.events.limit import SupplySuspended
from shared.edge import clock
from shared.edge.store.pool import open_pool
from tests.integration.test_alerts_api import office
from tests.integration.test_alerts_told import peopled
from tests.support.alert_desk import HOURS, LABELS, RULES, grade, warning
from tests.support.alert_house import House, house
from tests.support.covers import covers
from tests.support.machine import DAY

covers("AL-10", "AL-11", "AL-12", "DN-08", "RO-18")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(180)]


def publisher() -> Publisher:
    return Publisher(list_files.load(RULES), HOURS, zone="Asia/Shanghai", currency="CNY")


def soon_after(name: str) -> datetime:
    """The next instant at which the list of that name is made, and a minute."""
    from services.alerts.core.lists import due_at

    listing = list_files.load(RULES).of(name)
    assert listing is not None
    now = clock.now()
    return next(
        due + timedelta(minutes=1)
        for days in range(1, 60)
        if (due := due_at(listing, now + timedelta(days=days), HOURS)) > now
    )


async def staffed(one: House, *more: Record) -> None:
    async with one.pool.acquire() as connection, connection.transaction():
        await staff.change(connection, staff.Change(more), by="test", reason="a test", now=clock.now())


async def owe(one: House, subject: str, amount: str, region: str = "east", days: int = 20) -> None:
    figures = {"overdue_days": str(days), "overdue_amount": amount, "currency": "CNY", "severity": "critical"}
    labels = LABELS | {"region": region}
    await one.hears(
        warning(name="AL-07", severity="critical", figures=figures, labels=labels, as_of=DAY), subject=subject
    )  # fmt: skip


def about(**more: Any) -> dict[str, Any]:
    return {"as_of": DAY, "cause": "override", "labels": LABELS, "approval_id": "A1", "kind": "limit",
            "payload_sha256": "0" * 64, "step": 1, "role": "credit_manager"} | more  # fmt: skip


async def rows_of(one: House, list_: str) -> dict[str, list[str]]:
    found = await one.pool.fetch("select person, rows from worklists where list = $1", list_)
    return {row["person"]: [line["subject"] for line in msgspec.json.decode(row["rows"])] for row in found}


async def test_each_collector_gets_the_customers_of_his_part_once_the_largest_loss_first_by_mail(database: str) -> None:
    async with house(database) as one:
        dispatcher = await peopled(one)
        await staffed(
            one,
            Post(person="wang.wei", role="collector", scope="region", of="east"),
            Post(person="gm", role="compliance_officer"),
        )
        await owe(one, "C-1", "500.00")
        await owe(one, "C-2", "9000.00")
        await owe(one, "C-3", "70.00", region="north")
        await one.hears(
            SupplySuspended(as_of=DAY, cause="fact", labels=LABELS, reason="OVERDUE", by="ma"), subject="C-1"
        )
        await one.hears(grade("A", "D", -3, is_worst=True), subject="C-4")
        restricted = LABELS | {"purpose": "compliance"}
        figures = {"overdue_days": "20", "overdue_amount": "99999.00", "currency": "CNY"}
        await one.hears(warning(name="AL-07", figures=figures, labels=restricted), subject="C-9")
        made = publisher()
        assert await made.step(one.pool, clock.now()) == 0, "nobody gets a list because the house was set up"
        due = soon_after("collection")
        runs = await asyncio.gather(*(publisher().step(one.pool, due) for _ in range(3)))
        assert sum(runs) >= 1
        assert await rows_of(one, "collection") == {"wang.wei": ["C-2", "C-1"], "qian": ["C-3"]}
        assert await made.step(one.pool, due + timedelta(minutes=5)) == 0
        await dispatcher.drain(due + timedelta(minutes=2))
        raw = await one.pool.fetchrow(
            "select message from messages join message_notices using (message_id) where person = 'wang.wei' and notice_id like '~list%'"
        )
        message = msgspec.json.decode(raw["message"], type=Message)
        said = compose([message], wording.words()[message.language], link=linked("https://credit.example"))
        (entry,) = [entry for entry in said.entries if "/worklists/" in entry.link]
        assert [line.split("；")[0].split(";")[0] for line in entry.rows] == ["C-2", "C-1"]
        assert "C-4" not in str(entry), "the grade is not for a collector"
        assert await one.pool.fetchval(LOST_NOTICES) == 0


async def test_the_ledger_of_the_day_goes_to_who_asked_and_to_whose_customer_it_is(database: str) -> None:
    async with house(database) as one:
        await peopled(one)
        await staffed(one, Assignment(customer="C-2", person="wang.wei", first=date(2026, 1, 1)))
        seats = {"board": Committee(members=("finance", "legal"), grant=1, refuse=2)}
        await one.hears(
            ApprovalRequested(**about(by="sun.li", roles=("board", "credit_manager"), committees=seats)),
            ApprovalVoted(**about(by="x", role="board", vote="for", seat="finance", reason="sound")),
            ApprovalGranted(**about(by="x", role="board", final=False)),
            ApprovalRefused(**about(by="zhao.min", step=2, reason="grade too low")),
        )
        await one.hears(ApprovalRequested(**about(by="~rating", approval_id="A2", kind="rise")), subject="C-2")
        day = clock.now().astimezone(HOURS.zone).date()
        async with one.pool.acquire() as connection:
            kept = {
                request.approval_id: request for _, request in await approvals.between(connection, day, day, HOURS.zone)
            }
            assert not await approvals.between(connection, day - timedelta(days=1), day - timedelta(days=1), HOURS.zone)
        assert [(act.did, act.by) for act in kept["A1"].acts] == [
            ("for", "x"),
            ("granted", "x"),
            ("refused", "zhao.min"),
        ]
        assert (kept["A1"].state, kept["A2"].state) == ("refused", "waiting")
        assert isinstance(kept["A1"].acts[0], Act)
        made = publisher()
        await made.step(one.pool, clock.now())
        await one.pool.execute("update list_runs set last = $1", day - timedelta(days=1))
        await made.step(one.pool, max(soon_after("approvals-day"), clock.now() + timedelta(days=1)))
        assert await rows_of(one, "approvals-day") == {"sun.li": ["C-1"], "li.na": ["C-1"], "wang.wei": ["C-2"]}
        raw = await one.pool.fetchval("select string_agg(convert_from(rows, 'UTF8'), '') from worklists")
        assert "grade too low" not in raw, "reasons may speak of a grade"


async def test_a_restart_keeps_what_was_heard_of_requests(database: str) -> None:
    async with house(database) as one:
        await one.hears(ApprovalRequested(**about(by="sun.li", roles=("credit_manager",))))
        one.restart()
        await one.hears(ApprovalGranted(**about(by="zhao.min")))
        row = await one.pool.fetchrow("select state, asked_by from approvals")
        assert tuple(row) == ("granted", "sun.li")


async def test_people_read_their_own_lists_and_who_runs_alerts_makes_and_reads_all(
    database: str, tmp_path: Path
) -> None:
    async with office(database, tmp_path) as one:
        await peopled(one.house)
        await owe(one.house, "C-1", "500.00")
        await owe(one.house, "C-2", "9000.00", region="north")
        assert (
            await one.does("POST", "worklists/runs", {"list": "collection"}, role="collector", who="qian")
        ).status_code == 403
        made = await one.does("POST", "worklists/runs", {"list": "collection"})
        assert made.status_code == 201, made.text
        (name,) = made.json()["worklists"]
        assert (await one.does("POST", "worklists/runs", {"list": "poems"})).status_code == 404
        listed = (await one.does("GET", "worklists", role="collector", who="qian")).json()["worklists"]
        assert [(row["worklist_id"], row["count"], row["state"]) for row in listed] == [(name, 2, "waiting")]
        assert (await one.does("GET", "worklists?list=inspection", role="collector", who="qian")).json()[
            "worklists"
        ] == []
        shown = (await one.does("GET", f"worklists/{name}", role="collector", who="qian")).json()
        assert [row["subject"] for row in shown["rows"]] == ["C-2", "C-1"]
        some = await one.does("GET", f"worklists/{name}", role="collector", who="qian", limits={"regions": ["east"]})
        assert [row["subject"] for row in some.json()["rows"]] == ["C-1"]
        assert (await one.does("GET", f"worklists/{name}", role="collector", who="li")).status_code == 404
        assert (await one.does("GET", "worklists?person=qian", role="collector", who="li")).status_code == 403
        assert len((await one.does("GET", "worklists?person=qian")).json()["worklists"]) == 1
        book = await one.does("GET", f"worklists/{name}?format=xlsx", role="collector", who="qian")
        lines = CalamineWorkbook.from_filelike(BytesIO(book.content)).get_sheet_by_index(0).to_python()
        assert [line[0] for line in lines[:3]] == ["customer", "C-2", "C-1"]


async def test_a_run_that_another_process_has_made_is_made_no_second_time(database: str) -> None:
    async with house(database) as one:
        await peopled(one)
        await owe(one, "C-1", "500.00")
        pools = [await open_pool(database, schema="alerts", size=2) for _ in range(3)]
        try:
            await publisher().step(one.pool, clock.now())
            due = soon_after("collection")
            await asyncio.gather(*(publisher().step(pool, due) for pool in pools))
            assert await one.pool.fetchval("select count(*) from worklists where list = 'collection'") == 1
            assert await one.pool.fetchval("select count(*) from notices where notice_id like '~list.collection%'") == 1
        finally:
            for pool in pools:
                await pool.close()
