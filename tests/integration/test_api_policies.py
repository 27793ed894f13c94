"""The tools of authors over HTTP: a version whole, what changed, trials on measures, on customers, and of drafts."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gradeline.shapes import SHAPES
from services.rating.adapters import catalogue
from services.rating.adapters.activating import RECORD
from services.rating.adapters.trials import Trials
from services.rating.adapters.viewing import customer_view
from services.rating.core.trying import Trial
from shared.core import limits
from shared.core.policy.rulebook import Rulebook
from shared.edge import clock
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.integration.test_api_reads import DAY, answered, serving
from tests.support.covers import covers
from tests.support.rating_api import bearer, client, settings, wired

covers("DP-20", "DP-22")

AAA = {"net_collection_rate": "1", "worst_days_late": 0, "rival_goods": "ours_only"}
BBB = {"net_collection_rate": "0.96", "worst_days_late": 3, "rival_goods": "ours_main"}
DRAFT = (SHAPES["p4"] / "1.yaml").read_text("utf-8").replace("method: p4", "method: rm-99")
CASES = (SHAPES["p4"] / "cases" / "edges.yaml").read_text("utf-8")
TRIALS = "/v1/policies/rm-22/trials"
CHINESE = {"accept-language": "zh-CN"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The API without a database: what is given needs none."""
    app = wired("postgresql://nobody@127.0.0.1:1/nothing", tmp_path)
    async with client(app, bearer(tmp_path, "risk_analyst")) as http:
        yield http


async def post(api: httpx2.AsyncClient, path: str = TRIALS, **body: Any) -> dict[str, Any]:
    answer = await api.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_given_measures_are_graded_line_by_line_in_words(api: httpx2.AsyncClient) -> None:
    found = (await post(api, measures=BBB, reach="A"))["result"]
    assert (found["grade"], found["refusal"], found["policy"]["id"], found["policy"]["version"]) == (
        "B",
        None,
        "rm-22",
        "1",
    )
    lines = {line["characteristic"]: line for line in found["lines"]}
    assert (lines["net_collection_rate"]["value"], lines["net_collection_rate"]["letter"]) == ("0.96", "B")
    assert lines["net_collection_rate"]["band"] == "[0.95, 1)"
    assert lines["net_collection_rate"]["because"] == ["pays slightly less than was invoiced"]
    assert lines["net_collection_rate"]["reference"]
    assert [one["code"] for one in found["because"]] == [code for line in found["lines"] for code in line["reasons"]]
    assert [way["grade"] for way in found["ways"]] == ["A"] * len(found["ways"])
    assert {len(way["changes"]) for way in found["ways"]} == {2}, "AAB needs two letters more"
    assert found["reach"] == "A"


async def test_points_lost_and_the_most_useful_improvements(api: httpx2.AsyncClient) -> None:
    found = (
        await post(api, "/v1/policies/rm-32/trials", measures={"days_beyond_terms": "12", "overdue_ratio": "0.07"})
    )["result"]
    line = next(one for one in found["lines"] if one["characteristic"] == "days_beyond_terms")
    assert (line["points"], line["max_points"], line["lost"]) == ("6", "15", "9")
    assert len(found["improvements"]) <= 3


async def test_words_are_in_the_language_of_the_reader(api: httpx2.AsyncClient) -> None:
    answer = await api.post(TRIALS, json={"measures": BBB}, headers=CHINESE)
    found = answer.json()["result"]
    assert answer.headers["content-language"] == "zh"
    assert found["lines"][0]["because"] == ["净回款率低于 100%"]
    assert next(change["title"] for way in found["improvements"] for change in way["changes"]) == "净回款率"
    assert (await api.post(TRIALS, json={"measures": BBB})).headers["content-language"] == "en"


async def test_a_refusal_is_an_answer(api: httpx2.AsyncClient) -> None:
    found = (await post(api, measures={"worst_days_late": 0}))["result"]
    assert (found["grade"], found["refusal"]) == (None, "MEASURE_MISSING")
    assert "net_collection_rate" in found["refusal_detail"]
    answer = await api.post(TRIALS, json={"measures": {"worst_days_late": 0}}, headers=CHINESE)
    assert answer.json()["result"]["because"][0] == {"code": "MEASURE_MISSING", "words": "缺少必需的指标"}


async def test_a_draft_is_checked_and_tried_and_nothing_of_it_stays(api: httpx2.AsyncClient) -> None:
    path = "/v1/policies/rm-99/trials"
    whole = await post(api, path, draft=DRAFT, cases=CASES, measures=AAA)
    assert whole["findings"] == []
    assert (whole["result"]["grade"], whole["result"]["policy"]["id"]) == ("A", "rm-99")
    bent = DRAFT.replace("AAB: A", "AAB: B")
    found = await post(api, path, draft=bent, cases=CASES)
    assert found["result"] is None
    assert {(one["rule"], one["file"], one["grave"]) for one in found["findings"]} == {("case", "cases.yaml", True)}
    assert all(one["line"] > 1 and "grade is B, not A" in one["message"] for one in found["findings"])
    alone = await post(api, path, draft=DRAFT)
    assert {one["rule"] for one in alone["findings"]} >= {"untried-edge", "untried-unknown"}
    answer = await api.post(path, json={"draft": DRAFT}, headers=CHINESE)
    assert "没有案例" in answer.json()["findings"][0]["message"]
    assert (await api.get("/v1/policies/rm-99")).status_code == 404


@pytest.mark.parametrize(
    ("draft", "line", "says"),
    [
        (DRAFT.replace("owner:", "oner:"), None, "owner"),
        (DRAFT.replace("    BBC: C\n", ""), None, "BBC"),
        ("cards: [", None, "not YAML"),
        ("[" * 100_000, 1, "levels"),
        ("a: &a [1]\nb: *a", 2, "write it out"),
        (" ", 1, "empty"),
    ],
    ids=["key", "table", "yaml", "deep", "alias", "empty"],
)
async def test_a_draft_that_cannot_be_read_is_one_finding_with_its_line(
    api: httpx2.AsyncClient, draft: str, line: int | None, says: str
) -> None:
    found = await post(api, "/v1/policies/rm-99/trials", draft=draft, measures=AAA)
    (finding,) = found["findings"]
    assert (finding["rule"], finding["file"], found["result"]) == ("file", "draft.yaml", None)
    assert line in (None, finding["line"])
    assert says in finding["message"]


@pytest.mark.parametrize(
    ("body", "pointer", "rule"),
    [
        ({}, "/measures", "one-of"),
        ({"measures": AAA, "customer_id": "C-1"}, "/customer_id", "one-of"),
        ({"measures": AAA, "known_at": "2026-01-05T00:00:00Z"}, "/known_at", "one-of"),
        ({"measures": {"moon": "1"}}, "/measures/moon", "unknown-field"),
        ({"measures": {"worst_days_late": "soon"}}, "/measures/worst_days_late", "type"),
        ({"measures": {"worst_days_late": -1}}, "/measures/worst_days_late", "type"),
        ({"measures": {"net_collection_rate": 0.95}}, "/measures/net_collection_rate", "type"),
        ({"measures": AAA, "reach": "AAA"}, "/reach", "choice"),
        ({"measures": AAA, "cases": "x"}, "/cases", "one-of"),
        ({"measures": AAA, "grade": "A"}, "/grade", "unknown-field"),
        ({"measures": {f"m{n}": "1" for n in range(limits.MEASURES + 1)}}, "/measures", "too-long"),
        ({"draft": "x" * (limits.DRAFT_CHARACTERS + 1)}, "/draft", "too-long"),
        ({"draft": DRAFT}, "/draft", "choice"),
        ({"measures": AAA, "as_of": "2026-W01"}, "/as_of", "date"),
    ],
)  # fmt: skip
async def test_a_bad_trial_names_field_rule_and_remedy_in_both_languages(
    api: httpx2.AsyncClient, body: dict[str, Any], pointer: str, rule: str
) -> None:
    answer = await api.post(TRIALS, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    found = answer.json()["errors"]
    assert (pointer, rule) in {(one["pointer"], one["rule"]) for one in found}
    chinese = (await api.post(TRIALS, json=body, headers=CHINESE)).json()
    assert chinese["title"] == "内容不符合规则"


async def test_what_is_not_there_is_404_and_a_draft_needs_its_own_scope(
    api: httpx2.AsyncClient, tmp_path: Path
) -> None:
    assert (await api.post("/v1/policies/rm-98/trials", json={"measures": AAA})).status_code == 404
    assert (await api.post(TRIALS, json={"measures": AAA, "version": "9"})).status_code == 404
    for path in ("/v1/policies/rm-98", "/v1/policies/rm-22/diff", "/v1/policies/rm-22?version=9"):
        assert (await api.get(path)).status_code == 404
    reader = bearer(tmp_path, "auditor")
    assert (await api.post(TRIALS, json={"measures": AAA}, headers=reader)).status_code == 200
    refused = await api.post(TRIALS, json={"draft": DRAFT}, headers=reader)
    assert (refused.status_code, "rules:propose" in refused.json()["detail"]) == (403, True)


async def test_a_version_is_shown_whole(api: httpx2.AsyncClient) -> None:
    found = (await api.get("/v1/policies/rm-22")).json()
    assert (found["id"], found["version"], len(found["sha256"]), found["owner"]) == ("rm-22", "1", 64, "credit-policy")
    assert [card["id"] for card in found["rules"]["cards"]] == ["net_collection_rate", "worst_days_late", "rival_goods"]
    assert found["rules"]["movement"]["rise"]["cooldown_days"] == 90


def second(tmp_path: Path) -> Rulebook:
    """The shipped rules with a second version of rm-22, dated 2026-07-01."""
    folder = Path(shutil.copytree(catalogue.SHIPPED, tmp_path / "rules"))
    text = (folder / "rm-22/1.yaml").read_text("utf-8").replace('version: "1"', 'version: "2"')
    text = text.replace("effective: 2000-01-01", "effective: 2026-07-01").replace(
        "cooldown_days: 90", "cooldown_days: 120"
    )
    (folder / "rm-22/2.yaml").write_text(text, "utf-8")
    return catalogue.in_use(folder)


@pytest.mark.parts
async def test_a_trial_that_names_no_version_is_of_the_activated_one(database: str, tmp_path: Path) -> None:
    await upgraded(database, "rating")
    rules, pool = second(tmp_path), await open_pool(database, schema="rating", size=1)
    told = settings(database, tmp_path)
    trials = Trials(told, rules, catalogue.shared_tables(None), customer_view(told, rules))

    async def connected() -> Any:
        return pool

    async def version(on: date) -> str | None:
        found = await trials(connected, Trial(method="rm-22", measures=AAA, as_of=on))
        return found.tried.policy.version if found and found.tried else None

    assert await version(date(2026, 8, 3)) == "1", "its date alone puts no version in force"
    sha256 = rules.books["rm-22"].versions[1].sha256
    row = (1, "rm-22", "2", sha256, date(2026, 8, 3), clock.now(), "risk", None)
    await pool.execute(RECORD, *row)
    assert (await version(date(2026, 8, 2)), await version(date(2026, 8, 3))) == ("1", "2")
    await pool.close()


async def test_a_diff_names_every_place(tmp_path: Path) -> None:
    app = wired("postgresql://nobody@127.0.0.1:1/nothing", tmp_path)
    app.state.ports.rules = second(tmp_path)
    async with client(app, bearer(tmp_path, "risk_analyst")) as api:
        found = (await api.get("/v1/policies/rm-22/diff")).json()
        assert (found["before"]["version"], found["after"]["version"]) == ("1", "2")
        changed = {one["at"]: (one["before"], one["after"]) for one in found["changes"]}
        assert changed["movement.rise.cooldown_days"] == ("90", "120")
        back = (await api.get("/v1/policies/rm-22/diff", params={"before": "2", "after": "1"})).json()
        assert (back["before"], back["after"]) == (found["after"], found["before"])


@pytest.mark.parts
async def test_a_customer_is_tried_under_a_method_that_does_not_rate_it_and_under_a_draft(
    database: str, tmp_path: Path
) -> None:
    """Three invoices that nobody paid: rated by rm-32, tried under rm-22 and under a draft that reads them otherwise."""
    async with serving(database, tmp_path, documents=3) as api:
        await answered(api)
        live = (await api.get("/v1/customers/C-short/explanation")).json()
        loaded = (await post(api, customer_id="C-short"))["result"]
        assert (live["method"], loaded["policy"]["id"], loaded["as_of"]) == ("rm-32", "rm-22", f"{DAY}")
        assert loaded["measures"]["worst_days_late"] == "2"
        graceful = DRAFT.replace("grace_days: 0", "grace_days: 3")
        draft = (await post(api, "/v1/policies/rm-99/trials", draft=graceful, customer_id="C-short"))["result"]
        assert draft["measures"]["worst_days_late"] == "0", "a lens that no loaded method has"
        later = (await post(api, customer_id="C-short", as_of=f"{DAY + timedelta(days=1)}"))["result"]
        assert later["measures"]["worst_days_late"] == "3"
        assert (await api.post(TRIALS, json={"customer_id": "C-nobody"})).status_code == 404
        assert (await api.get("/v1/customers/C-short/explanation")).json()["policy"] == live["policy"]
        assert live["improvements"] or live["grade"] is None
        reached = (await api.get("/v1/customers/C-short/explanation", params={"reach": "B"}, headers=CHINESE)).json()
        assert reached["reach"] == "B"
        wrong = await api.get("/v1/customers/C-short/explanation", params={"reach": "Z"})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "?reach")
