"""What people report over HTTP and on the command line: who may, what is refused, what is kept, who is told and why."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from typer.testing import CliRunner

from gradeline.main import build
from services.alerts.adapters.proving import prove
from services.alerts.core.people import Assignment, Post
from shared.core.events.limit import GroupChanged
from shared.edge import clock
from shared.edge.http import tokens
from tests.integration.test_alerts_api import Office, office, staffed
from tests.integration.test_alerts_told import peopled
from tests.support.alert_desk import LABELS, warning
from tests.support.alert_house import brain
from tests.support.covers import covers
from tests.support.machine import DAY

covers("AL-01", "AL-02", "AL-09", "AL-13", "RO-03", "RO-09")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(180)]

SECRET = "the owner fled abroad"
REPORT = {"kind": "investigation_report", "subject": "C-1", "text": SECRET, "reference": "DMS-17"}
FINDING = {
    "kind": "finding",
    "text": SECRET,
    "figures": {"topic": "missing-files", "unit": "sh", "source": "audit", "weight": "significant"},
}


async def reports(one: Office, body: dict[str, Any], key: str = "k1", status: int = 201, **more: Any) -> dict[str, Any]:
    asked = {"role": "business_developer", "who": "dev"} | more
    answer = await one.does("POST", "alerts", body, key=key, **asked)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_report_is_an_alert_by_its_author_and_its_text_is_in_the_log_alone(
    database: str, tmp_path: Path
) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(warning(severity="info"))
        made = await reports(one, REPORT)
        assert (made["alert_id"], made["kind"], made["state"], made["figures"]["by"]) == (
            "C-1.2", "investigation_report", "open", "dev",
        )  # fmt: skip
        assert (await reports(one, REPORT))["alert_id"] == "C-1.2", "the same key"
        assert (await one.does("GET", "alerts/C-1.2")).json()["times"] == 1
        other = await reports(one, REPORT | {"text": "other"}, status=409)
        assert other["errors"][0]["rule"] == "identity"
        mine = await one.does("POST", "alerts/C-1.2/acknowledge", {}, role="business_developer", who="dev")
        assert (mine.status_code, mine.json()["errors"][0]["rule"]) == (409, "OWN_REPORT")
        assert (await one.does("POST", "alerts/C-1.2/acknowledge", {})).json()["owner"] == "li"
        life = (await one.does("GET", "alerts/C-1.2")).json()
        first = life["history"][1]
        assert [(step["what"], step["by"]) for step in life["history"][:2]] == [("opened", "dev"), ("commented", "dev")]
        assert (first["why"], first["more"]["reference"], life["plan"]) == (SECRET, "DMS-17", [])
        assert life["notices"][0]["to"] == ["line:dev", "role:finance"]
        sent = await one.house.pool.fetch("select value from outbox union all select notice from notices")
        assert sent
        assert not any(SECRET.encode() in row[0] for row in sent)
        assert (await prove(database, brain(), ["C-1"])).findings == []


async def test_who_reports_what_is_said_by_the_kind_and_by_the_post_as_well_as_by_the_token(
    database: str, tmp_path: Path
) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(warning(severity="info"))
        refused = await reports(one, REPORT, status=403, role="collector", who="qian")
        assert "business_developer, customer_service, sales" in refused["detail"]
        assert "alerts:report" in (await reports(one, REPORT, status=403, role="finance_director"))["detail"]
        await staffed(one, Post(person="qian", role="business_developer"))
        assert (await reports(one, REPORT, role="collector", who="qian"))["figures"]["by"] == "qian"
        assert (await one.does("POST", "alerts", REPORT, role="business_developer")).status_code == 422, "without a key"


@pytest.mark.parametrize(
    ("change", "pointer", "rule"),
    [
        ({"kind": "grade_worse"}, "/kind", "choice"),
        ({"figures": {"colour": "red"}}, "/figures/colour", "unknown-field"),
        ({"figures": {"by": "somebody"}}, "/figures/by", "unknown-field"),
        ({"subject": None}, "/subject", "one-of"),
        ({"subject": "~policy"}, "/subject", "characters"),
        ({"subject": "C 1"}, "/subject", "characters"),
        ({"subject": "g:1", "labels": {"region": "east"}}, "/labels", "unknown-field"),
        ({"labels": {"region": "west"}}, "/labels", "unknown-field"),
        ({"due_on": "2030-01-01"}, "/due_on", "unknown-field"),
        ({"owner": "li"}, "/owner", "unknown-field"),
        ({"plan": [{"what": "x", "owner": "li", "due_on": "2030-01-01"}]}, "/plan", "unknown-field"),
        ({"kind": "urgent_report"}, "/figures/manner", "choice"),
        ({"kind": "asset_at_risk", "figures": {"rule": "MN-05"}}, "/figures/rule", "type"),
        ({"text": "a\x00b"}, "/text", "characters"),
        ({"author": "li"}, "/author", "unknown-field"),
    ],
)
async def test_what_is_wrong_is_named_with_the_remedy_in_both_languages(
    database: str, tmp_path: Path, change: dict[str, Any], pointer: str, rule: str
) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(warning(severity="info"))
        said = await reports(one, REPORT | change, status=422)
        assert [(flaw["pointer"], flaw["rule"]) for flaw in said["errors"]] == [(pointer, rule)]
        assert len(await one.house.alerts()) == 1


async def test_a_finding_names_what_the_kind_asks_for_and_findings_of_a_topic_are_one(
    database: str, tmp_path: Path
) -> None:
    async with office(database, tmp_path) as one:
        auditor = {"role": "auditor", "who": "an"}
        bare = await reports(one, FINDING | {"figures": {"topic": "x"}}, status=422, **auditor)
        assert {(flaw["pointer"], flaw["rule"]) for flaw in bare["errors"]} == {
            ("/figures/unit", "missing"), ("/figures/source", "choice"), ("/figures/weight", "choice"),
        }  # fmt: skip
        made = await reports(one, FINDING, **auditor)
        assert (made["alert_id"], made["subject"], made["severity"]) == ("~house.0.1", "~house", "warning")
        figures = FINDING["figures"] | {"unit": "east", "customer": "C-9"}  # type: ignore[operator]
        again = await reports(one, FINDING | {"figures": figures}, key="k2", **auditor)
        assert (again["alert_id"], again["times"], again["figures"]["unit"]) == ("~house.0.1", 2, "east")
        due = (DAY + timedelta(days=3)).isoformat()
        step = {"kind": "plan_step", "of": "~house.0.1", "text": "copy all files", "owner": "sh.lead", "due_on": due}
        await reports(one, step, key="k3", role="sales", who="li.na")
        life = (await one.does("GET", "alerts/~house.0.1")).json()
        assert life["plan"] == [
            {"alert_id": "~house.0.2", "what": "copy all files", "owner": "sh.lead", "due_on": due, "state": "open"}
        ]
        await one.house.opens(DAY + timedelta(days=3))
        step_told = (await one.does("GET", "alerts/~house.0.2")).json()["notices"]
        assert {told["what"]: told["to"] for told in step_told} == {
            key: ["person:sh.lead"] for key in ("opened", "reminded")
        }
        early = await one.does("POST", "alerts/~house.0.1/resolve", {"reason": "done"})
        assert (early.status_code, early.json()["errors"][0]["rule"]) == (409, "PLAN_STANDS")
        await one.does("POST", "alerts/~house.0.2/resolve", {"reason": "copied"}, who="sh.lead")
        assert (await one.does("POST", "alerts/~house.0.1/resolve", {"reason": "checked"})).json()[
            "state"
        ] == "resolved"
        assert (await prove(database, brain(), ["~house/0"])).findings == []


async def test_rows_hold_for_reports_and_what_is_amended_must_be_seen(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(warning(severity="info"))
        west = {"limits": {"regions": ["west"]}}
        await reports(one, REPORT, status=404, **west)
        await reports(one, REPORT | {"subject": "NEW"}, status=404)
        await reports(one, REPORT | {"subject": "NEW", "labels": {"region": "east"}}, status=404, **west)
        new = await reports(one, REPORT | {"subject": "NEW", "labels": {"region": "west"}}, **west)
        assert (new["subject"], new["labels"]) == ("NEW", {"region": "west"})
        made = await reports(one, REPORT)
        amended = REPORT | {"subject": None, "of": made["alert_id"]}
        await reports(one, amended, key="k2", status=404, **west)
        await reports(one, amended, key="k2", status=409, who="other")
        await reports(one, amended, key="k2")
        assert (await one.does("GET", f"alerts/{made['alert_id']}")).json()["state"] == "resolved"


@covers("RO-15", "AL-08")
async def test_who_leads_a_group_and_who_assists_hear_and_are_told_apart(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        lead = [Post(person="gm", role=role, scope="unit", of="hq") for role in ("lead_unit", "gathering_unit")]
        await staffed(one, Assignment(customer="C-1", person="qian", first=DAY), *lead)
        dispatcher = await peopled(one.house)
        await one.house.hears(warning(severity="info", labels=LABELS | {"manager": "m02"}), subject="C-2")
        said = GroupChanged(as_of=DAY, cause="fact", members=("C-1", "C-2", "C-3"), lead="C-1", since=DAY)
        await one.house.hears(said, subject="g:G")
        body = {"kind": "member_evaluation", "subject": "g:G", "text": "sound"}
        made = await reports(one, body, role="assisting_unit", who="wang.wei")
        for days in (0, 2):
            await dispatcher.drain(clock.now() + timedelta(days=days))
        (notice,) = (await one.does("GET", f"notices?alert={made['alert_id']}")).json()["notices"]
        assert notice["to"] == ["role:credit_manager", "lead:C-1", "assisting:C-2", "assisting:C-3"]
        why = {hearing["person"]: [words["en"] for words in hearing["because"]] for hearing in notice["hearings"]}
        assert why == {
            "qian": ["manages C-1, which leads the group"],
            "gm": [
                f"holds the post {post} of a group for the unit Head office" for post in ("lead unit", "gathering unit")
            ],
            "wang.wei": ["manages C-2, a member of the group"],
            "zhao.min": [
                "holds the post head of credit",
                "hears as the fallback, because nobody is behind the unit that assists by C-3",
            ],
        }


async def test_the_command_reports_with_figures_and_a_plan(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as one:
        await one.house.hears(warning(severity="info", labels=LABELS))
        server = uvicorn.Server(uvicorn.Config(one.app, port=0, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
        try:
            port = server.servers[0].sockets[0].getsockname()[1]
            token = tokens.issue(data=tmp_path, role="credit_manager", subject="li", ttl=timedelta(hours=1))
            due = (clock.now() + timedelta(days=9)).date().isoformat()
            words = ["alerts", "report", "asset_at_risk", "--subject", "C-1", "--text", SECRET, "--figure", "amount=5.00",
                     "--step", f"wang:{due}:call", "--url", f"http://127.0.0.1:{port}", "--token", token]  # fmt: skip
            done = await asyncio.to_thread(CliRunner().invoke, build(), [*words, "--json"])
            assert done.exit_code == 0, done.output
            made = json.loads(done.stdout)
            assert (made["kind"], made["figures"]["by"], made["figures"]["amount"]) == ("asset_at_risk", "li", "5.00")
            (step,) = (await one.does("GET", f"alerts/{made['alert_id']}")).json()["plan"]
            assert (step["owner"], step["due_on"], step["what"]) == ("wang", due, "call")
        finally:
            server.should_exit = True
            await serving


@pytest.mark.parametrize("words", [["--figure", "amount"], ["--step", "wang:soon"], ["--label", "=x"]])
def test_what_is_written_wrong_on_the_command_line_ends_with_two(words: list[str]) -> None:
    said = CliRunner().invoke(build(), ["alerts", "report", "finding", "--text", "x", *words])
    assert said.exit_code == 2
    assert "write" in said.output


def test_the_way_of_each_kind_of_report_is_shown() -> None:
    for kind, receiver in (
        ("investigation_report", "line:dev"), ("urgent_report", "line:dev"), ("plan_step", "person:wang"), ("finding", "unit:sh"),
        ("asset_at_risk", "role:asset_preservation"), ("member_evaluation", "role:credit_manager"),
    ):  # fmt: skip
        words = ["--label", "by=dev", "--label", "owner=wang", "--label", "unit=sh"]
        said = CliRunner().invoke(build(), ["routes", "test", "--kind", kind, *words, "--json"])
        assert said.exit_code == 0, said.output
        (way,) = msgspec.json.decode(said.stdout)["routes"]
        assert receiver in way["to"], kind
