"""People and notices over HTTP, on a real database: who may change the staff, what is refused, what became of a notice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from services.alerts.adapters.knowing import Knowing
from services.alerts.api import notices, staff
from shared.edge.http import app, trust
from tests.support.covers import covers
from tests.support.dispatched import Queue, queue
from tests.support.rating_api import bearer, client, settings
from tests.support.staffed import NOON, away, later, notice

pytestmark = [pytest.mark.parts, pytest.mark.timeout(120)]

NEW: dict[str, Any] = {
    "name_en": "Gao Shan", "name_zh": "高山", "unit": "sh", "codes": ["m03"], "posts": [{"role": "sales"}],
    "contacts": [{"channel": "email", "address": "gao@example.com"}], "reason": "joined",
}  # fmt: skip


class Office:
    """The API, and who comes to it."""

    def __init__(self, made: Any, folder: Path, queue: Queue) -> None:
        self.app, self.folder, self.queue = made, folder, queue

    async def does(
        self, method: str, path: str, body: Any = None, *, role: str = "operator", **more: Any
    ) -> httpx2.Response:
        headers = bearer(self.folder, role, who="hr", **{key: more[key] for key in ("limits",) if key in more})
        headers |= {"Accept-Language": more.get("language", "en")}
        async with client(self.app, headers) as api:
            return await api.request(method, f"/v1/{path}", json=body)

    async def opened(self, alert: str, labels: dict[str, str]) -> None:
        await self.queue.pool.execute(
            "insert into alerts values ($1, 'C-1', 1, 'f', 'k', 'warning', 'open', 'x', $2::text::jsonb, '{}', 'r', now(), now(), "
            "null, 0, 1, null, null, null, null, true, '{}')", alert, json.dumps(labels),
        )  # fmt: skip


@asynccontextmanager
async def opened(database: str, folder: Path) -> AsyncIterator[Office]:
    async with queue(database) as q:
        made = app.build(
            title="staff", routers=[staff.router, notices.router], verifier=trust.verifier(settings(database, folder)),
            unlimited=staff.PATHS,
        )  # fmt: skip
        made.state.ports = SimpleNamespace(database=lambda: q.pool, knowing=Knowing("Asia/Shanghai"))
        yield Office(made, folder, q)


async def test_a_person_is_put_as_a_whole_and_the_journal_says_who_and_why(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        assert (await office.does("PUT", "staff/gao.shan", NEW, role="risk_manager")).status_code == 403
        assert (await office.does("PUT", "staff/gao.shan", NEW)).status_code == 204
        found = (await office.does("GET", "staff/gao.shan")).json()
        assert (found["name_zh"], found["line"], found["hears"]) == ("高山", ["sh.lead", "east.head", "gm"], "gao.shan")
        assert found["contacts"] == [{"channel": "email", "address": "gao@example.com", "rank": 1, "verified": True}]
        quiet = NEW | {"posts": [], "contacts": [], "quiet_from": "21:00", "quiet_to": "07:30", "reason": "moved"}
        assert (await office.does("PUT", "staff/gao.shan", quiet)).status_code == 204
        assert (await office.does("GET", "staff/gao.shan")).json()["posts"] == []
        changes = (await office.does("GET", "staff-changes?person=gao.shan")).json()["changes"]
        assert [(one["kind"], one["by"], one["reason"], one["after"] is None) for one in changes] == [
            ("contact", "hr", "moved", True), ("post", "hr", "moved", True), ("person", "hr", "moved", False),
            ("contact", "hr", "joined", False), ("post", "hr", "joined", False), ("person", "hr", "joined", False),
        ]  # fmt: skip
        assert changes[2]["before"]["name_zh"] == "高山"
        assert (await office.does("PUT", "staff/gao.shan", quiet)).status_code == 204
        assert len((await office.does("GET", "staff-changes?person=gao.shan")).json()["changes"]) == 6, (
            "nothing changed"
        )


@covers("AP-08")
async def test_what_must_not_be_is_refused_in_both_languages_with_everything_that_is_wrong(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        wrong = NEW | {"posts": [{"role": "sales"}, {"role": "disbursement"}], "unit": "moon", "quiet_from": "21:00"}
        told = await office.does("PUT", "staff/gao.shan", wrong, language="zh-CN")
        assert told.status_code == 422
        errors = {(one["pointer"], one["rule"]): one["message"] for one in told.json()["errors"]}
        assert errors.keys() == {("/unit", "unknown-unit"), ("/quiet_to", "half-quiet"), ("/role", "posts-apart")}
        assert "不得同时担任" in errors["/role", "posts-apart"]
        assert (await office.does("GET", "staff/gao.shan")).status_code == 404, "nothing of it was kept"
        unknown = await office.does("PUT", "staff/gao.shan", NEW | {"shoe": 43})
        assert unknown.status_code == 422


async def test_people_are_listed_in_pages_by_post_and_unit(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        first = (await office.does("GET", "staff?limit=5")).json()
        second = (await office.does("GET", f"staff?limit=5&after={first['next']}")).json()
        names = [one["person"] for one in first["staff"] + second["staff"]]
        assert (names, second["next"]) == (sorted(names), None)
        assert len(names) == 8
        held = (await office.does("GET", "staff?role=credit_manager")).json()["staff"]
        assert [one["person"] for one in held] == ["sun.li", "zhao.min"]
        assert len((await office.does("GET", "staff?unit=sh")).json()["staff"]) == 3


async def test_absences_units_and_portfolio_are_said_and_taken_back(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        path = "staff/li.na/absences/2026-03-04"
        assert (
            await office.does("PUT", path, {"last": "2026-03-06", "deputy": "wang.wei", "reason": "ill"})
        ).status_code == 204
        await office.queue.arise(notice(1))
        await office.queue.plan()
        assert [one.person for one in await office.queue.messages()] == ["wang.wei"]
        backwards = await office.does("PUT", path, {"last": "2026-03-01", "reason": "ill"})
        assert [one["rule"] for one in backwards.json()["errors"]] == ["ends-before-it-begins"]
        assert (await office.does("DELETE", f"{path}?reason=back")).status_code == 204
        assert (await office.does("DELETE", f"{path}?reason=back")).status_code == 404
        owner = {"person": "qian", "first": "2026-01-01", "reason": "handed over"}
        assert (await office.does("PUT", "portfolio/C-1", owner)).status_code == 204
        assert (await office.does("GET", "portfolio?person=qian")).json()["portfolio"][0]["customer"] == "C-1"
        await office.queue.arise(notice(1, alert="A-2"))
        await office.queue.plan()
        assert await office.queue.hearings("A-2/1") == {"qian": "planned"}
        west = {
            "name_en": "West",
            "name_zh": "西部",
            "level": "branch",
            "parent": "hq",
            "regions": ["CN-SC"],
            "reason": "new",
        }
        assert (await office.does("PUT", "units/west", west)).status_code == 204
        assert {one["unit"] for one in (await office.does("GET", "units")).json()["units"]} == {
            "hq",
            "east",
            "sh",
            "west",
        }


async def test_a_notice_says_who_hears_why_and_by_which_message(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.queue.staffed(away("li.na", "2026-03-04", "2026-03-06", "wang.wei"))
        await office.queue.arise(
            notice(1, to=("owner", "role:inspector")), notice(2, alert="A-2", severity="info", digest=True),
            notice(3, alert="A-3", at=later(minutes=1), what="withdrawn", to=("told",)),
        )  # fmt: skip
        for alert in ("A-1", "A-2", "A-3"):
            await office.opened(alert, {"region": "CN-SH"})
        await office.queue.plan(NOON + timedelta(minutes=2))
        first, second = (await office.does("GET", "notices?limit=2", role="credit_manager")).json()["notices"]
        by = {one["person"]: one for one in first["hearings"]}
        assert [one["en"] for one in by["wang.wei"]["because"]] == [
            "stands in for li.na until 2026-03-06", "is the customer manager of C-1 (m01)",
        ]  # fmt: skip
        assert [one["zh"] for one in by["zhao.min"]["because"]] == ["作为兜底责任人接收，因为 稽查员 无人担任"]
        assert [(one["channel"], one["state"]) for one in by["wang.wei"]["messages"]] == [("email", "waiting")]
        assert (by["wang.wei"]["sees_grades"], first["state"]) == (True, "planned")
        assert second["hearings"][0]["waits"] == {"en": "goes with the morning digest", "zh": "随晨间摘要发送"}
        (third,) = (await office.does("GET", "notices?alert=A-3", role="credit_manager")).json()["notices"]
        assert (third["state"], third["why"][0]["en"]) == ("quiet", "nobody had been told of this alert")


@covers("AL-14")
async def test_notices_of_customers_that_one_may_not_see_are_not_told(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.queue.arise(notice(1))
        await office.opened("A-1", {"region": "CN-SH"})
        seen = await office.does("GET", "notices", role="sales", limits={"regions": ["CN-SH"]})
        assert len(seen.json()["notices"]) == 1
        other = await office.does("GET", "notices", role="sales", limits={"regions": ["CN-GD"]})
        assert other.json()["notices"] == []
        assert (await office.does("GET", "notices", role="integrator")).status_code == 403


@covers("RO-21")
async def test_notices_of_compliance_are_told_to_who_may_read_compliance_only(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.queue.arise(notice(1, labels={"purpose": "compliance"}))
        await office.opened("A-1", {"purpose": "compliance"})
        assert (await office.does("GET", "notices", role="risk_manager")).json()["notices"] == []
        assert len((await office.does("GET", "notices", role="compliance_officer")).json()["notices"]) == 1
