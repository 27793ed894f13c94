"""The alerts API on a real database: what is seen and by whom, what people do, silences, the way that an alert would take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from openapi_spec_validator import validate

from services.alerts.adapters import staff
from services.alerts.core.people import Absence, Assignment, Record
from services.alerts.main import application, documented, wired
from shared.edge import clock
from shared.edge import settings as edge_settings
from shared.edge.http import openapi, trust
from tests.support.alert_desk import LABELS, grade, warning
from tests.support.alert_house import House, house
from tests.support.covers import covers
from tests.support.machine import DAY, PARTITIONS
from tests.support.rating_api import bearer, client, running
from tests.support.staffed import HOUSE

covers("AL-14", "RO-01", "RO-02", "RO-21")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(180)]


class Office:
    """The API, and who comes to it."""

    def __init__(self, app: FastAPI, folder: Path, one: House) -> None:
        self.app, self.folder, self.house = app, folder, one

    async def does(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str = "credit_manager",
        who: str = "li",
        key: str = "",
        **more: Any,
    ) -> httpx2.Response:
        headers = bearer(self.folder, role, who=who, **more)
        headers |= {"Idempotency-Key": key} if key else {}
        async with client(self.app, headers) as api:
            return await api.request(method, f"/v1/{path}", json=body)

    async def sees(self, path: str = "alerts", **more: Any) -> list[dict[str, Any]]:
        answer = await self.does("GET", path, **more)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["alerts"]
        return found


@asynccontextmanager
async def office(database: str, folder: Path) -> AsyncIterator[Office]:
    async with house(database) as one:
        settings = edge_settings.load(postgres=database, data=folder, embedded=True, partitions=PARTITIONS)
        app = application(settings, verifier=trust.verifier(settings), ports=wired(settings))
        async with running(app):
            yield Office(app, folder, one)


async def test_lists_filter_and_page_the_newest_first(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        for number in range(5):
            await one.house.hears(warning(), subject=f"C-{number}")
        await one.house.hears(grade("A", "C", -2), subject="C-1")
        assert [found["alert_id"] for found in await one.sees("alerts?limit=2")] == ["C-1.2", "C-4.1"]
        page = (await one.does("GET", "alerts?limit=4")).json()
        rest = (await one.does("GET", f"alerts?limit=4&after={page['next']}")).json()
        assert [len(page["alerts"]), len(rest["alerts"]), rest["next"]] == [4, 2, None]
        for query, count in (
            ("severity=critical", 1), ("kind=early_warning", 5), ("subject=C-1", 2), ("state=open", 6), ("state=resolved", 0),
            ("label=region:east", 6), ("label=region:west", 0), ("owner=li", 0), ("mine=true", 0),
        ):  # fmt: skip
            assert len(await one.sees(f"alerts?{query}")) == count, query
        assert len(await one.sees("alerts?mine=true", who="S-204")) == 6, "whose customers they are"
        assert (await one.does("GET", "alerts?label=east")).status_code == 422
        assert (await one.does("GET", "alerts?colour=red")).status_code == 422


async def test_people_deal_with_an_alert_and_its_life_says_who_did_what_and_why(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(grade("A", "C", -2))
        taken = await one.does("POST", "alerts/C-1.1/acknowledge", {"note": "I call"})
        assert (taken.status_code, taken.json()["state"], taken.json()["owner"]) == (200, "acknowledged", "li")
        text = {"text": "pays on Friday", "reference": "CRM-7"}
        assert (await one.does("POST", "alerts/C-1.1/comment", text)).status_code == 422, "a key is asked for"
        for _ in range(2):
            assert (await one.does("POST", "alerts/C-1.1/comment", text, key="k1")).status_code == 200
        until = (clock.now() + timedelta(days=3)).isoformat()
        snoozed = await one.does("POST", "alerts/C-1.1/snooze", {"until": until, "reason": "waits"})
        assert (snoozed.status_code, snoozed.json()["state"]) == (200, "snoozed")
        given = await one.does("POST", "alerts/C-1.1/assign", {"owner": "wang", "note": "hers"})
        assert given.json()["owner"] == "wang"
        solved = await one.does("POST", "alerts/C-1.1/resolve", {"reason": "paid"}, who="wang")
        assert solved.json()["state"] == "resolved"
        again = await one.does("POST", "alerts/C-1.1/acknowledge", {})
        assert (again.status_code, again.json()["errors"][0]["rule"]) == (409, "ALERT_IS_OVER")
        assert (await one.does("POST", "alerts/C-1.1/reopen", {"reason": "not paid"})).json()["state"] == "open"
        life = (await one.does("GET", "alerts/C-1.1")).json()
        assert [(step["what"], step["by"], step["why"]) for step in life["history"]] == [
            ("opened", None, None), ("acknowledged", "li", "I call"), ("commented", "li", "pays on Friday"),
            ("snoozed", "li", "waits"), ("assigned", "li", "hers"), ("resolved", "wang", "paid"), ("opened", "li", "not paid"),
        ]  # fmt: skip
        assert life["history"][2]["more"] == {"reference": "CRM-7"}
        assert [notice["what"] for notice in life["notices"]] == ["opened", "assigned", "resolved", "reopened"]
        far = (clock.now() + timedelta(days=31)).isoformat()
        late = await one.does("POST", "alerts/C-1.1/snooze", {"until": far, "reason": "x"})
        assert (late.status_code, late.json()["errors"][0]["rule"]) == (409, "SNOOZE_TOO_LONG")


async def test_who_has_no_need_to_know_hears_of_credit_and_of_no_grade(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(grade("A", "C", -2))
        for role, who, knows in (
            ("credit_manager", "li", True), ("finance", "wang", True), ("sales", "S-204", True), ("sales", "S-999", False),
            ("customer_service", "zhao", False), ("auditor", "an", False),
        ):  # fmt: skip
            (found,) = await one.sees(role=role, who=who)
            assert ("from" in found["figures"], "from A" in found["about"]) == (knows, knows), (role, who)
            if not knows:
                assert found["figures"] == {"credit_available": "yes"}
                assert found["about"] == "grade_worse"
                whole = await one.does("GET", "alerts/C-1.1", role=role, who=who)
                assert '"from"' not in whole.text
                assert "method rm-32" not in whole.text


async def staffed(one: Office, *more: Record) -> None:
    """The people of the house: li.na is called m01 and led by sh.lead, whom east.head leads, and her gm."""
    async with one.house.pool.acquire() as connection, connection.transaction():
        put = staff.Change((*HOUSE, *more))
        await staff.change(connection, put, by="test", reason="a test", now=clock.now())


async def knowing(one: Office) -> set[str]:
    """Who of the house reads the grade, each with a token that needs to know nothing."""
    knows = set()
    for who in ("li.na", "wang.wei", "sh.lead", "east.head", "gm", "zhao.min", "qian"):
        (found,) = await one.sees(role="customer_service", who=who)
        knows |= {who} if "from" in found["figures"] else set()
    return knows


async def test_who_leads_the_owner_reads_grades_whatever_the_owner_is_called(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(grade("A", "C", -2, labels=LABELS | {"manager": "m01"}))
        assert await knowing(one) == set(), "nobody knows who m01 is"
        await staffed(one)
        assert await knowing(one) == {"li.na", "sh.lead", "east.head", "gm", "zhao.min"}, "zhao.min is head of credit"
        assert len(await one.sees("alerts?mine=true", role="customer_service", who="li.na")) == 1
        await staffed(one, Assignment(customer="C-1", person="wang.wei", first=DAY, last=None))
        assert await knowing(one) == {"wang.wei", "sh.lead", "east.head", "gm", "zhao.min"}, "an assignment goes before"
        assert await one.sees("alerts?mine=true", role="customer_service", who="li.na") == []
        assert len(await one.sees("alerts?mine=true", role="customer_service", who="wang.wei")) == 1
        today = clock.now().date()
        off = Absence(person="wang.wei", first=today - timedelta(1), last=today + timedelta(1), deputy="qian")
        await staffed(one, off)
        assert await knowing(one) == {"wang.wei", "qian", "sh.lead", "east.head", "gm", "zhao.min"}, "who stands in"


async def test_compliance_is_seen_by_its_post_alone(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(grade("low", "high", -2, purpose="compliance", is_worst=True))
        assert await one.sees() == []
        assert (await one.does("GET", "alerts/C-1.1")).status_code == 404
        assert (await one.does("POST", "alerts/C-1.1/acknowledge", {})).status_code == 404
        (found,) = await one.sees(role="compliance_officer", who="aml")
        assert found["figures"]["to"] == "high"
        taken = await one.does("POST", "alerts/C-1.1/acknowledge", {}, role="compliance_officer", who="aml")
        assert taken.status_code == 200


async def test_row_rights_hold_for_lists_and_for_every_act(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(warning(), subject="C-1")
        await one.house.hears(warning(labels=LABELS | {"region": "west"}), subject="C-2")
        limits = {"limits": {"regions": ["west"]}}
        assert [found["subject"] for found in await one.sees(role="sales", who="ma", **limits)] == ["C-2"]
        refused = await one.does("POST", "alerts/C-1.1/acknowledge", {}, role="sales", who="ma", **limits)
        assert refused.status_code == 404
        assert (await one.does("GET", "alerts/C-1.1", role="sales", who="ma", **limits)).status_code == 404
        await one.does("POST", "alerts/C-1.1/assign", {"owner": "ma"})
        seen = {found["subject"] for found in await one.sees(role="sales", who="ma", **limits)}
        assert seen == {"C-1", "C-2"}, "what was given to somebody is seen"


@pytest.mark.parametrize(
    ("method", "path", "body", "role"),
    [
        ("GET", "alerts", None, "integrator"),
        ("POST", "alerts/C-1.1/acknowledge", {}, "auditor"),
        ("POST", "silences", {"matchers": {"kind": ["x"]}, "until": "2030-01-01T00:00:00Z", "reason": "x"}, "sales"),
        ("GET", "alerts", None, "operator"),
    ],
)
async def test_each_route_needs_its_scope(
    database: str, tmp_path: Path, method: str, path: str, body: Any, role: str
) -> None:
    async with office(database, tmp_path) as one:
        assert (await one.does(method, path, body, role=role, key="k")).status_code == 403


async def test_silences_are_made_listed_ended_and_bounded(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        until = (clock.now() + timedelta(days=2)).isoformat()
        wanted = {"matchers": {"kind": ["early_warning"]}, "until": until, "reason": "data move"}
        made = await one.does("POST", "silences", wanted, key="s1")
        again = await one.does("POST", "silences", wanted, key="s1")
        assert (made.status_code, made.json()["silence_id"]) == (201, again.json()["silence_id"])
        await one.house.hears(warning())
        assert await one.house.notices("quiet") == ["opened"]
        assert len((await one.does("GET", "silences")).json()["silences"]) == 1
        name = made.json()["silence_id"]
        assert (await one.does("POST", f"silences/{name}/end")).status_code == 204
        assert (await one.does("POST", f"silences/{name}/end")).status_code == 404
        for days, code in ((15, "SILENCE_TOO_LONG"), (-1, "SILENCE_IN_THE_PAST")):
            wrong = wanted | {"until": (clock.now() + timedelta(days=days)).isoformat()}
            refused = await one.does("POST", "silences", wrong, key=f"s{days}")
            assert (refused.status_code, refused.json()["errors"][0]["rule"]) == (409, code)


async def test_the_way_of_an_alert_is_shown_over_http_as_on_the_command_line(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        asked = {"labels": {"kind": "grade_worse", "severity": "critical"}, "at": "2026-03-02T17:00:00+08:00"}
        answer = await one.does("POST", "routes/test", asked)
        (way,) = answer.json()["routes"]
        assert (way["path"], way["escalation"][0]["at"]) == (["default", "critical"], "2026-03-03T02:00:00Z")


def test_the_committed_document_is_the_served_one_and_valid() -> None:
    document = documented().openapi()
    del document["paths"]["/v1/stream"]  # server-sent events are written with `itemSchema`, which 3.1 does not know
    validate(document)
    committed = Path(__file__).parents[2] / "docs" / "openapi-alerts.json"
    assert committed.read_text("utf-8") == openapi.render(documented()), "run `make docs`"
