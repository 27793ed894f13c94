"""POST /v1/events over a real PostgreSQL: what 202 promises, what is refused, and how posts share transactions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.rating.adapters.keeping import Kept
from shared.core import limits
from shared.edge.http import serving
from shared.edge.store.migrate import upgraded
from tests.support.rating_api import bearer, client, fact, rows, running, settings, wired

ONE = {"content-type": "application/cloudevents+json"}
MANY = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
async def api(database: str, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    await upgraded(database, "rating")
    async with running(wired(database, tmp_path)) as app, client(app, bearer(tmp_path, "integrator")) as http:
        yield http


async def post(api: httpx2.AsyncClient, *events: dict[str, Any]) -> httpx2.Response:
    if len(events) == 1:
        return await api.post("/v1/events", content=json.dumps(events[0]), headers=ONE)
    return await api.post("/v1/events", content=json.dumps(events), headers=MANY)


async def kept(database: str) -> list[str]:
    found = await rows(database, "select convert_from(value, 'UTF8')::json->>'id' as id from intake order by 1")
    return [row["id"] for row in found]


async def test_an_accepted_fact_is_in_the_database_before_the_answer(api: httpx2.AsyncClient, database: str) -> None:
    answer = await post(api, fact(1))
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0})
    assert await kept(database) == ["e-1"]


async def test_the_same_fact_again_changes_nothing(api: httpx2.AsyncClient, database: str) -> None:
    await post(api, fact(1))
    assert (await post(api, fact(1))).json() == {"accepted": 0, "duplicates": 1}
    assert (await post(api, fact(2), fact(1), fact(2))).json() == {"accepted": 1, "duplicates": 2}
    assert await kept(database) == ["e-1", "e-2"]


async def test_a_batch_is_kept_whole_or_not_at_all(api: httpx2.AsyncClient, database: str) -> None:
    await post(api, fact(1))
    refused = await post(api, fact(2), fact(1, amount="9.00"), fact(3))
    assert refused.status_code == 409
    assert refused.json()["index"] == 1
    assert await kept(database) == ["e-1"]
    malformed = await post(api, fact(2), fact(3, amount=9), fact(4, kind="gift"))
    assert malformed.status_code == 422
    assert [(one["index"], one["pointer"]) for one in malformed.json()["errors"]] == [
        (1, "/1/data/amount"),
        (2, "/2/data/kind"),
    ]
    assert await kept(database) == ["e-1"]


async def test_a_thousand_facts_are_one_batch_and_one_more_is_too_many(api: httpx2.AsyncClient, database: str) -> None:
    many = [fact(number, subject=f"C-{number % 50}") for number in range(limits.BATCH_EVENTS + 1)]
    assert (await post(api, *many)).status_code == 413
    assert await kept(database) == []
    assert (await post(api, *many[1:])).json() == {"accepted": 1000, "duplicates": 0}
    assert (await api.post("/v1/events", content="[]", headers=MANY)).json() == {"accepted": 0, "duplicates": 0}


async def test_binary_mode_is_the_same_fact(api: httpx2.AsyncClient) -> None:
    event = fact(1)
    data = event.pop("data")
    headers = {f"ce-{name}": value for name, value in event.items() if name != "datacontenttype"}
    answer = await api.post(
        "/v1/events", content=json.dumps(data), headers={**headers, "content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0})
    assert (await post(api, fact(1))).json() == {"accepted": 0, "duplicates": 1}


@pytest.mark.parametrize(
    ("changes", "pointer", "rule"),
    [
        ({"amount": 1500.0}, "/data/amount", "bare-number"),
        ({"amount": "1500.001"}, "/data/amount", "scale"),
        ({"surprise": "x"}, "/data/surprise", "unknown-field"),
        ({"type": "credit.nothing.v1"}, "/type", "unknown-type"),
        ({"type": "com.example.v1"}, "/type", "foreign-type"),
        ({"subject": "~day"}, "/subject", "subject"),
        ({"subject": "g:1"}, "/subject", "subject"),
        ({"source": "/gradeline/main/rating"}, "/source", "reserved"),
        ({"time": "2026-01-01T08:00:00"}, "/time", ""),
    ],
)
async def test_what_breaks_a_rule_is_named(
    api: httpx2.AsyncClient, changes: dict[str, Any], pointer: str, rule: str
) -> None:
    answer = await post(api, fact(1, **changes))
    assert answer.status_code == 422, answer.text
    first = answer.json()["errors"][0]
    assert first["pointer"] == pointer
    assert first["rule"] == (rule or first["rule"])
    assert first["message"]


@pytest.mark.parametrize(
    ("type_", "subject", "data"),
    [
        ("credit.business-day.opened.v1", "~day", {"date": "2026-01-05"}),
        ("credit.reference.published.v1", "~reference", {"series": "rates", "as_of": "2026-01-05", "values": {}}),
        ("credit.business-day.rated.v1", "~day", {"date": "2026-01-05"}),
    ],
)
async def test_nobody_outside_says_what_gradeline_says(
    api: httpx2.AsyncClient, database: str, type_: str, subject: str, data: dict[str, Any]
) -> None:
    answer = await post(api, fact(1, type=type_, subject=subject, data=data))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith(("/type", "/subject", "/data"))
    assert await kept(database) == []


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "application/json"}, "{}", 415),
        ({"content-type": "text/csv"}, "a,b", 415),
        ({"content-type": ""}, "{}", 415),
        (ONE, "", 422),
        (ONE, "[1", 422),
        (ONE, "[" * 100_000, 422),
        (MANY, "{}", 422),
        (MANY, "[" * 100_000, 422),
        (ONE, json.dumps({**fact(1), "pad": "x" * limits.EVENT_HARD_BYTES}), 413),
        (MANY, json.dumps([{**fact(1), "pad": "x" * limits.EVENT_HARD_BYTES}]), 422),
        (MANY, " " * (limits.BATCH_BYTES + 1), 413),
    ],
    ids=[
        "json",
        "csv",
        "no type",
        "empty",
        "cut",
        "bomb",
        "no array",
        "batch bomb",
        "event",
        "event in batch",
        "batch",
    ],
)
async def test_what_is_no_event_is_refused_as_a_problem(
    api: httpx2.AsyncClient, database: str, headers: dict[str, str], body: str, status: int
) -> None:
    answer = await api.post("/v1/events", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await kept(database) == []


async def test_a_token_speaks_only_for_its_own_sources(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    api.headers.update(bearer(tmp_path, "integrator", sources=["/erp/1"]))
    assert (await post(api, fact(1))).status_code == 202
    assert (await post(api, fact(2, source="/erp/10"))).status_code == 403
    assert (await post(api, fact(3), fact(4, source="/billing"))).status_code == 403


async def test_only_an_integrator_posts(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    api.headers.update(bearer(tmp_path, "risk_manager"))
    answer = await post(api, fact(1))
    assert answer.status_code == 403
    assert "events:write" in answer.json()["detail"]


async def test_parallel_posts_share_transactions_and_a_conflict_fails_its_own_post_only(
    api: httpx2.AsyncClient, database: str
) -> None:
    await post(api, fact(0))
    posts = [fact(number, subject=f"C-{number % 7}") for number in range(1, 200)]
    posts += [fact(0), fact(0, amount="7.00"), fact(5, subject="C-5", amount="8.00")]
    answers = await asyncio.gather(*(post(api, one) for one in posts))
    counts = [answer.status_code for answer in answers]
    assert counts[:199] == [202] * 199
    assert answers[199].json() == {"accepted": 0, "duplicates": 1}
    assert counts[200:] == [409, 409]
    assert answers[200].json()["index"] == 0
    recorded = await rows(database, "select count(*) as facts, count(distinct recorded_at) as groups from intake")
    assert recorded[0]["facts"] == 200
    assert recorded[0]["groups"] < 100, "posts that arrive during a transaction share the next one"


async def test_a_caller_that_leaves_stops_nobody(api: httpx2.AsyncClient, database: str) -> None:
    leaving = [asyncio.create_task(post(api, fact(number))) for number in range(10)]
    staying = [asyncio.create_task(post(api, fact(number))) for number in range(10, 20)]
    await asyncio.sleep(0.01)
    for task in leaving:
        task.cancel()
    answers = await asyncio.gather(*staying)
    await asyncio.gather(*leaving, return_exceptions=True)
    assert {answer.status_code for answer in answers} == {202}


async def test_without_a_database_posts_are_503_and_readiness_says_so(tmp_path: Path) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    async with running(wired(nowhere, tmp_path)) as app, client(app, bearer(tmp_path, "integrator")) as http:
        answer = await post(http, fact(1))
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert (await http.get("/healthz")).status_code == 200
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)


async def test_readiness_knows_a_schema_that_is_not_migrated(database: str, tmp_path: Path) -> None:
    async with running(wired(database, tmp_path)) as app, client(app) as http:
        assert (await http.get("/readyz")).status_code == 503
        await upgraded(database, "rating")
        assert (await http.get("/readyz")).json()["ready"] is True


class Slowly:
    """Keeps nothing, slowly: what a post in flight looks like."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def __call__(self, _: Any, events: Sequence[Any]) -> Kept:
        self.begun.set()
        await asyncio.sleep(0.5)
        return Kept(frozenset())


async def test_a_post_in_flight_is_answered_after_the_order_to_stop(database: str, tmp_path: Path) -> None:
    slowly = Slowly()
    server = serving.server(wired(database, tmp_path, keeper=slowly), settings(database, tmp_path, port=0))
    serving_task = asyncio.create_task(server.serve())
    try:
        for _ in range(1500):
            if server.started:
                break
            await asyncio.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=bearer(tmp_path, "integrator")
        ) as http:
            posted = asyncio.create_task(post(http, fact(1)))
            await asyncio.wait_for(slowly.begun.wait(), 30)
            server.should_exit = True
            answer = await asyncio.wait_for(posted, 30)
        assert answer.status_code == 202
        assert "server" not in answer.headers, "no version banner"
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving_task, 30)
