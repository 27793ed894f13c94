"""Who of a population would move, over HTTP: given measures need no database, an installation is read a part at a time."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from services.rating.adapters import catalogue
from services.rating.adapters.comparing import Comparisons
from shared.core import limits
from shared.edge.store.pool import open_pool
from tests.integration.test_api_policies import AAA, CHINESE
from tests.support.covers import covers
from tests.support.house import HIGH, LOADED, imported
from tests.support.machine import store
from tests.support.rating_api import bearer, client, no_database, settings, wired
from tests.support.several import rules

covers("DP-22")

AAB = {"net_collection_rate": "1", "worst_days_late": 3, "rival_goods": "ours_only"}
PATH = "/v1/policies/rm-22/comparisons"


def with_rules(dsn: str, data: Path, rules: Any, database: Any = no_database) -> FastAPI:
    """The application over *rules*."""
    app = wired(dsn, data)
    app.state.ports.rules = rules
    app.state.ports.compare = partial(Comparisons(settings(dsn, data), rules), database)
    return app


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The API with a second version of rm-22 under which a single B makes B; without a database."""
    folder = Path(shutil.copytree(catalogue.SHIPPED, tmp_path / "rules"))
    text = (folder / "rm-22/1.yaml").read_text("utf-8").replace('version: "1"', 'version: "2"')
    text = text.replace("effective: 2000-01-01", "effective: 2026-07-01").replace("AAB: A", "AAB: B")
    (folder / "rm-22/2.yaml").write_text(text, "utf-8")
    app = with_rules("postgresql://nobody@127.0.0.1:1/nothing", tmp_path, catalogue.in_use(folder))
    async with client(app, bearer(tmp_path, "risk_analyst")) as http:
        yield http


def people(*measures: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"customer_id": f"C-{number}", "measures": one} for number, one in enumerate(measures, 1)]


async def test_given_measures_are_graded_under_both_versions(api: httpx2.AsyncClient) -> None:
    answer = await api.post(PATH, json={"population": people(AAA, AAB, {})})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["before"]["version"], found["after"]["version"]) == ("1", "2")
    assert [one["at"] for one in found["changes"] if "AAB" in one["at"]] == ["letters.table.AAB"]
    seen = found["population"]
    assert (seen["customers"], seen["up"], seen["down"]) == (3, 0, 1)
    assert seen["steps"] == [{"before": "A", "after": "B", "customers": 1}]
    (moved,) = seen["moved"]
    assert (moved["customer_id"], moved["before"], moved["after"]) == ("C-2", "A", "B")
    assert moved["because"][0]["words"] == "paid a few days late"
    chinese = await api.post(PATH, json={"population": people(AAB)}, headers=CHINESE)
    assert chinese.headers["content-language"] == "zh"
    assert chinese.json()["population"]["moved"][0]["because"][0]["words"] == "付款略有逾期"


async def test_another_method_is_compared_with_its_last_version(api: httpx2.AsyncClient) -> None:
    found = (await api.post(PATH, json={"other": "rm-32", "population": people(AAA)})).json()
    assert (found["before"], found["after"]["id"]) == ({**found["before"], "id": "rm-22", "version": "2"}, "rm-32")
    assert found["population"]["steps"] == [{"before": "A", "after": "none", "customers": 1}]


async def test_the_largest_population_is_answered(api: httpx2.AsyncClient) -> None:
    found = await api.post(PATH, json={"population": people(*[AAB] * limits.POPULATION)})
    assert found.json()["population"]["steps"][0]["customers"] == limits.POPULATION
    assert (await api.post(PATH, json={"population": people(*[AAB] * (limits.POPULATION + 1))})).status_code == 422


@pytest.mark.parametrize(
    ("body", "pointer", "rule"),
    [
        ({}, "/population", "one-of"),
        ({"population": people(AAA), "installation": True}, "/installation", "one-of"),
        ({"population": people(AAA), "following": "C-1"}, "/following", "one-of"),
        ({"population": people(AAA), "as_of": "2026-01-01"}, "/as_of", "one-of"),
        ({"installation": True, "other": "rm-32"}, "/other", "one-of"),
        ({"population": [*people(AAA), *people(AAB)]}, "/population/1/customer_id", "unique"),
        ({"population": people(AAA, {"moon": 1})}, "/population/1/measures/moon", "unknown-field"),
        ({"population": people({"worst_days_late": "soon"})}, "/population/0/measures/worst_days_late", "type"),
        ({"population": people({"net_collection_rate": 0.5})}, "/population/0/measures/net_collection_rate", "type"),
        ({"installation": True, "limit": limits.POPULATION_PART + 1}, "/limit", "range"),
    ],
)
async def test_a_bad_request_names_field_rule_and_remedy(
    api: httpx2.AsyncClient, body: dict[str, Any], pointer: str, rule: str
) -> None:
    answer = await api.post(PATH, json=body)
    assert answer.status_code == 422, answer.text
    assert (pointer, rule) in {(one["pointer"], one["rule"]) for one in answer.json()["errors"]}


async def test_what_a_reader_of_measures_refuses_is_said_in_chinese(api: httpx2.AsyncClient) -> None:
    asked = {"population": people({"worst_days_late": "soon"}), "before": "1"}
    (english,) = (await api.post(PATH, json=asked)).json()["errors"]
    (chinese,) = (await api.post(PATH, json=asked, headers=CHINESE)).json()["errors"]
    assert english["message"] == "C-1: worst_days_late is 'soon': write a number, e.g. 0.95"
    assert chinese["message"] == "C-1: worst_days_late 为 'soon'：请写数字，例如 0.95"


async def test_what_is_not_there_is_404(api: httpx2.AsyncClient) -> None:
    for path, body in (
        ("/v1/policies/rm-98/comparisons", {}),
        (PATH, {"before": "9"}),
        (PATH, {"after": "9"}),
        (PATH, {"other": "rm-98"}),
    ):
        assert (await api.post(path, json={"population": people(AAA), **body})).status_code == 404


@pytest.mark.slow
async def test_an_installation_is_compared_a_part_at_a_time_and_the_parts_add_up(database: str, tmp_path: Path) -> None:
    async with store(database) as pool:
        await imported(pool, 12)
        reading = await open_pool(database, schema="rating", size=1)

        async def connected() -> Any:
            return reading

        loaded = rules(LOADED.books["level"].versions[0], HIGH)
        app = with_rules(database, tmp_path, loaded, connected)
        path = "/v1/policies/level/comparisons"
        async with client(app, bearer(tmp_path, "risk_analyst")) as api:
            whole = (await api.post(path, json={"installation": True})).json()["population"]
            assert (whole["customers"], whole["following"]) == (12, None)
            assert whole["moved"]
            assert all(one["because"] for one in whole["moved"])
            assert 0 < whole["up"] + whole["down"] == len(whole["moved"]) - whole["waiting"]
            parts: list[dict[str, Any]] = []
            following = None
            while not parts or following:
                body = {"installation": True, "limit": 5, "following": following}
                parts.append((await api.post(path, json=body)).json()["population"])
                following = parts[-1]["following"]
            assert [one["customers"] for one in parts] == [5, 5, 2]
            assert [one for part in parts for one in part["moved"]] == whole["moved"]
            earlier = (await api.post(path, json={"installation": True, "as_of": "2024-06-30"})).json()["population"]
            assert earlier["before"] != whole["before"]
        await reading.close()


async def test_who_sees_some_customers_only_may_not_compare_the_installation(tmp_path: Path) -> None:
    app = wired("postgresql://nobody@127.0.0.1:1/nothing", tmp_path)
    some = bearer(tmp_path, "sales", limits={"regions": ["east"]})
    async with client(app, some) as api:
        answer = await api.post("/v1/policies/rm-22/comparisons", json={"installation": True, "before": "1"})
        assert answer.status_code == 403, answer.text
        given = {"population": people(AAA), "before": "1", "after": "1"}
        assert (await api.post("/v1/policies/rm-22/comparisons", json=given)).status_code == 200
