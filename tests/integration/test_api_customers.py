"""Reads of customers: the two times, the shapes, who may see what, and pages that neither repeat nor skip."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from services.rating.adapters.projections import PROJECTIONS
from shared.edge import codec
from shared.edge.http.paging import cursor
from shared.edge.kafka.partition import partition_of
from shared.edge.store.migrate import upgraded
from tests.support.covers import covers
from tests.support.rating_api import bearer, client, fact, running, wired

covers("DP-18", "CF-16")

REGISTERED = {
    "name": "王小明",
    "kind": "person",
    "opened_on": "2026-01-01",
    "identifiers": {"id_no": "110101199003070000", "duns": "7"},
}


@asynccontextmanager
async def connected(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database, server_settings={"search_path": "rating"}, timeout=20)
    try:
        yield connection
    finally:
        await connection.close()


async def prepare(database: str) -> None:
    """Make the schema, and the projections where the migrations do not make them yet."""
    await upgraded(database, "rating")
    async with connected(database) as connection:
        if await connection.fetchval("select to_regclass('customers')") is None:
            for statement in PROJECTIONS:
                await connection.execute(statement)


@pytest.fixture
async def app(database: str, tmp_path: Path) -> AsyncIterator[FastAPI]:
    await prepare(database)
    async with running(wired(database, tmp_path)) as made:
        yield made


@pytest.fixture
async def api(app: FastAPI, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(app, bearer(tmp_path, "risk_analyst")) as http:
        yield http


async def append(database: str, *events: dict[str, Any]) -> None:
    """Put events into the log, one transaction each, as a worker does."""
    async with connected(database) as connection:
        for version, one in enumerate(events, 1):
            event = codec.decode(codec.msgspec.json.encode(one))
            stream, partition = event.subject, partition_of(event.subject, 12)
            recorded = datetime(2026, 2, version, tzinfo=UTC)
            await connection.execute(
                "insert into events (stream, version, identity, content, kind, type, source, id, time, utc_offset, business_on, "
                "recorded_at, partition, data) values ($1,$2,$3,$4,0,$5,$6,$7,$8,480,$9,$10,$11,$12)",
                stream, version, event.identity, event.content, event.type, event.source, event.id, event.time,
                event.business_date, recorded, partition, codec.encode_data(event.data),
            )  # fmt: skip
            await connection.execute(
                "insert into commits values ($1, $2, $3, $4, $5, $5)", partition, version, recorded, [stream], [version]
            )


async def test_a_customer_is_answered_as_the_interface_says(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/v1/customers/C-1")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert datetime.fromisoformat(found.pop("known_at")).tzinfo
    assert found.pop("ratings")[1]["parts"] == {"rival_goods": "A"}
    assert found.pop("warnings")[0]["rule"] == "MN-01"
    assert found == {
        "customer_id": "C-1", "as_of": "2026-03-01", "version": 7, "currency": "CNY", "grade": "B", "refusal": None, "score": None,
        "method": "rm-22", "since": "2026-02-01", "exceptions": [],
        "measures": {"receivable_balance": "1250.00", "max_days_past_due": 12, "ageing": {"not_due": "1250.00"}, "dso": None},
    }  # fmt: skip


async def test_both_times_reach_the_fold_and_the_answer(api: httpx2.AsyncClient, app: FastAPI) -> None:
    asked = app.state.ports.view.questions
    times = {"as_of": "2025-12-31", "known_at": "2026-01-05T08:00:00+08:00"}
    for part in ("", "/ratings", "/explanation", "/ledger"):
        found = (await api.get(f"/v1/customers/C-1{part}", params=times)).json()
        assert found["as_of"] == "2025-12-31", part
        assert datetime.fromisoformat(found["known_at"]) == datetime(2026, 1, 5, tzinfo=UTC), part
        assert asked[-1] == ("C-1", date(2025, 12, 31), datetime(2026, 1, 5, tzinfo=UTC)), part
    await api.get("/v1/customers/C-1")
    assert asked[-1] == ("C-1", None, None), "now is a default at the edge only"


async def test_the_explanation_answers_the_lines_and_the_ledger_the_items(api: httpx2.AsyncClient) -> None:
    lines = (await api.get("/v1/customers/C-1/explanation")).json()
    assert (lines["method"], lines["lines"][0]["letter"], lines["policy"]["id"]) == ("rm-22", "B", "rm-22")
    assert (await api.get("/v1/customers/C-1/explanation", params={"method": "rm-99"})).status_code == 404
    items = (await api.get("/v1/customers/C-1/ledger")).json()["items"]
    assert [(one["transaction_id"], one["open_amount"], one["days_past_due"]) for one in items] == [
        ("I-1", "1250.00", 28)
    ]
    path = (await api.get("/v1/customers/C-1/ratings")).json()["ratings"]
    assert [(step["grade"], step["since"], step["until"]) for step in path] == [("B", "2026-02-01", None)]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"as_of": "yesterday"}, "?as_of"),
        ({"as_of": "0001-01-01"}, "?as_of"),
        ({"known_at": "2026-01-01T00:00:00"}, "?known_at"),
        ({"known_at": "x"}, "?known_at"),
    ],
)
async def test_a_time_that_is_none_is_named(api: httpx2.AsyncClient, query: dict[str, str], pointer: str) -> None:
    answer = await api.get("/v1/customers/C-1", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("customer", ["C-2", "~day", "%E5%90%8D", "x" * 64])
async def test_who_is_not_known_is_404(api: httpx2.AsyncClient, customer: str) -> None:
    for part in ("", "/ratings", "/explanation", "/ledger", "/events"):
        answer = await api.get(f"/v1/customers/{customer}{part}")
        assert answer.status_code == 404, part
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_log_of_a_customer_is_read_in_pages_as_of_and_as_known(
    api: httpx2.AsyncClient, database: str
) -> None:
    made = [fact(number, booked_on=f"2026-01-0{number}") for number in range(1, 6)]
    await append(database, *made)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await api.get("/v1/customers/C-1/events", params=query)).json()
        seen += [one["event"]["id"] for one in page["events"]]
        if not page["next"]:
            break
        query["after"] = page["next"]
    assert seen == ["e-1", "e-2", "e-3", "e-4", "e-5"]
    first = (await api.get("/v1/customers/C-1/events", params={"limit": 1})).json()["events"][0]
    assert first["event"] == {**made[0], "recordedtime": "2026-02-01T00:00:00+00:00", "sequence": f"{1:020d}"}
    assert (first["kind"], first["version"], first["business_on"]) == ("fact", 1, "2026-01-01")
    early = await api.get("/v1/customers/C-1/events", params={"as_of": "2026-01-03"})
    assert len(early.json()["events"]) == 3
    known = await api.get("/v1/customers/C-1/events", params={"known_at": "2026-02-02T00:00:00Z"})
    assert len(known.json()["events"]) == 2
    assert (await api.get("/v1/customers/C-1/events", params={"known_at": "2026-01-31T00:00:00Z"})).status_code == 404


async def test_personal_fields_are_shown_only_to_whom_may_see_them(app: FastAPI, database: str, tmp_path: Path) -> None:
    """Posted through the API, so sealed by it; moved to the log as a worker does it."""
    registered = fact(1, type="credit.customer.registered.v1", data=REGISTERED)
    async with client(app, bearer(tmp_path, "integrator")) as http:
        headers = {"content-type": "application/cloudevents+json"}
        assert (await http.post("/v1/events", content=json.dumps(registered), headers=headers)).status_code == 202
    async with connected(database) as connection:
        kept = await connection.fetchval("select value from intake")
    assert "王".encode() not in kept
    assert "王" not in json.dumps(json.loads(kept), ensure_ascii=False), "sealed before it is kept"
    await append(database, json.loads(kept))
    shown: dict[str, Any] = {}
    for role in ("auditor", "privacy_officer"):
        async with client(app, bearer(tmp_path, role)) as http:
            shown[role] = (await http.get("/v1/customers/C-1/events")).json()["events"][0]["event"]["data"]
    assert (shown["auditor"]["name"], shown["auditor"]["identifiers"]) == (None, {"id_no": None, "duns": "7"})
    assert shown["privacy_officer"] == REGISTERED
    async with connected(database) as connection:
        await connection.execute("update subject_keys set wrapped = null, erased_at = now()")
    async with client(app, bearer(tmp_path, "privacy_officer")) as http:
        erased = (await http.get("/v1/customers/C-1/events")).json()["events"][0]["event"]["data"]
    assert (erased["name"], erased["identifiers"]["id_no"]) == (None, None)


async def test_the_export_gives_the_log_of_a_partition_in_commit_order(
    app: FastAPI, database: str, tmp_path: Path
) -> None:
    await append(database, *[fact(number) for number in range(1, 6)])
    partition = partition_of("C-1", 12)
    async with client(app, bearer(tmp_path, "auditor")) as http:
        first = (await http.get("/v1/events/export", params={"partition": partition, "limit": 3})).json()
        assert ([one["id"] for one in first["events"]], first["more"]) == (["e-1", "e-2", "e-3"], True)
        rest = (await http.get("/v1/events/export", params={"partition": partition, "after": first["next"]})).json()
        assert ([one["id"] for one in rest["events"]], rest["more"]) == (["e-4", "e-5"], False)
        later = (await http.get("/v1/events/export", params={"partition": partition, "after": rest["next"]})).json()
        assert later == {"events": [], "next": rest["next"], "more": False}
        assert codec.decode(codec.msgspec.json.encode(first["events"][0])).id == "e-1", "readers use the same codec"
        assert (await http.get("/v1/events/export", params={"partition": 12})).status_code == 422


async def fill(database: str) -> None:
    async with connected(database) as connection:
        await connection.executemany(
            "insert into customers (customer_id, version, as_of, currency, grade, region, receivable_balance, warnings) "
            "values ($1, 1, '2026-03-01', 'CNY', $2, $3, 12.50, 0)",
            [(f"C-{number:02}", "AB"[number % 2], ("north", "south", None)[number % 3]) for number in range(20)],
        )
        await connection.executemany(
            "insert into warnings values ($1, $2, 'MN-01', 'transaction', $3, '2026-02-01', '2026-02-01Z', '{\"days\": 12}')",
            [(f"C-{number % 3}", f"w{number}", ("warning", "critical")[number % 2]) for number in range(7)],
        )
        await connection.executemany(
            "insert into dead_letters (topic, partition, generation, position, reason, rule, pointer, raw, recorded_at) "
            "values ('credit.events', 0, 'g', $1, 'no JSON', 'not-json', '', '\\x00', '2026-02-01Z')",
            [(number,) for number in range(7)],
        )
        await connection.executemany(
            "insert into parked (stream, version, reason, since) values ($1, 1, 'KeyError: x', '2026-02-01Z')",
            [(f"C-{number}",) for number in range(7)],
        )
        await connection.executemany(
            "insert into quarantine (stream, identity, content, type, source, id, data, recorded_at) "
            "values ('C-1', 'i', $1::text::bytea, 'credit.payment.recorded.v1', '/erp', $1, $2, '2026-02-01Z')",
            [(f"e{number}", b'{"amount":"1.00","payer":"sealed:v1:x"}') for number in range(4)],
        )
        await connection.executemany(
            "insert into doubles (stream, identity, partition, type, source, id, other, found_at) "
            "values ($1, 'j', 0, 'credit.payment.recorded.v1', '/erp', $1, 'C-9', '2026-02-01Z')",
            [(f"C-{number}",) for number in range(3)],
        )


@pytest.mark.parametrize(
    ("path", "name", "key", "role", "count"),
    [
        ("/v1/customers", "customers", "customer_id", "sales", 20),
        ("/v1/customers?grade=A", "customers", "customer_id", "sales", 10),
        ("/v1/customers?region=north&grade=A", "customers", "customer_id", "sales", 4),
        ("/v1/warnings", "warnings", "warning_id", "sales", 7),
        ("/v1/warnings?severity=critical", "warnings", "warning_id", "sales", 3),
        ("/v1/dead-letters", "dead_letters", "position", "operator", 7),
        ("/v1/dead-letters?state=redriven", "dead_letters", "position", "operator", 0),
        ("/v1/parked", "parked", "customer_id", "operator", 7),
        ("/v1/quarantine", "quarantined", "id", "operator", 7),
    ],
)
async def test_pages_neither_repeat_nor_skip(
    app: FastAPI, database: str, tmp_path: Path, path: str, name: str, key: str, role: str, count: int
) -> None:
    await fill(database)
    seen: list[Any] = []
    async with client(app, bearer(tmp_path, role)) as http:
        after = None
        for _ in range(30):
            query = dict(parse_qsl(urlsplit(path).query)) | {"limit": "3"} | ({"after": after} if after else {})
            answer = await http.get(urlsplit(path).path, params=query)
            assert answer.status_code == 200, answer.text
            seen += [one[key] for one in answer.json()[name]]
            after = answer.json()["next"]
            if after is None:
                break
    assert (len(seen), len(set(seen))) == (count, count)


async def test_what_was_set_aside_is_explained_in_both_languages_and_shows_no_personal_field(
    app: FastAPI, database: str, tmp_path: Path
) -> None:
    await fill(database)
    async with client(app, bearer(tmp_path, "operator")) as http:
        aside = (await http.get("/v1/quarantine")).json()["quarantined"]
        letters = (await http.get("/v1/dead-letters")).json()["dead_letters"]
        parked = (await http.get("/v1/parked")).json()["parked"]
        wrong = await http.get(
            "/v1/quarantine", params={"after": cursor(datetime(2026, 1, 1, tzinfo=UTC), "C", "xy", "")}
        )
    assert wrong.status_code == 422
    assert {(one["reason"], one["other"]) for one in aside} == {
        ("SAME_IDENTITY_OTHER_CONTENT", None), ("SAME_IDENTITY_OTHER_CUSTOMER", "C-9"),
    }  # fmt: skip
    assert {one["data"]["payer"] for one in aside if one["data"]} == {None}
    assert letters[0]["about"] == "the bytes are not JSON"
    assert letters[0]["about_zh"] == "内容不是有效的 JSON"
    assert (parked[0]["reason"], parked[0]["retry"]) == ("KeyError: x", False)
    for role, path in (("sales", "/v1/parked"), ("auditor", "/v1/quarantine")):
        async with client(app, bearer(tmp_path, role)) as http:
            assert (await http.get(path)).status_code == 403


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/warnings", "/v1/customers/C-1/events"])
@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "WzFd"}, {"after": "令"}, {"limit": 0}, {"limit": 201}])
async def test_a_page_that_cannot_be_is_refused(api: httpx2.AsyncClient, path: str, query: dict[str, Any]) -> None:
    if path.endswith("events") and query == {"after": "WzFd"}:
        query = {"after": "WyJ4Il0"}
    answer = await api.get(path, params=query)
    assert answer.status_code == 422, answer.text


async def test_the_loaded_policies_are_listed(api: httpx2.AsyncClient) -> None:
    found = (await api.get("/v1/policies")).json()["policies"]
    assert [(one["id"], one["version"], one["grades"]) for one in found] == [
        ("rm-22", "1", ["A", "B", "C", "D"]),
        ("rm-32", "1", ["A", "B", "C", "D"]),
    ]


async def test_the_measure_library_is_listed_family_by_family(api: httpx2.AsyncClient) -> None:
    every = (await api.get("/v1/measures")).json()["measures"]
    habits = (await api.get("/v1/measures", params={"family": "habits"})).json()["measures"]
    high = next(one for one in every if one["name"] == "high_credit")

    assert habits == [one for one in every if one["family"] == "habits"] != []
    assert (high["title"], high["title_zh"], high["unit"]) == ("highest balance", "最高欠款额", "money")
    assert (high["unit_zh"], high["formula_zh"]) == ("金额", "窗口内任一日终了时的最高应收余额，外币按当日汇率折算。")
    assert (high["window"], high["unknown"], high["in_rules"], high["parameters"]) == ("any", "0", True, [])
    assert [one["reported_by"] for one in every if one["name"] == "consumption"] == ["meters"]
    assert (await api.get("/v1/measures", params={"family": "none"})).json() == {"measures": []}
