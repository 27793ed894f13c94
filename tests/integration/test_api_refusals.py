"""What a request may not hold is refused with the field, the rule that does not change, and what to write instead."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from shared.core import limits
from shared.edge.http.paging import cursor
from shared.edge.store.migrate import upgraded
from tests.support.rating_api import bearer, client, fact, running, wired

pytestmark = pytest.mark.parts
ONE = {"content-type": "application/cloudevents+json"}
HUGE = 2**63


@pytest.fixture
async def api(database: str, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The API as an auditor asks it."""
    await upgraded(database, "rating")
    async with running(wired(database, tmp_path)) as app, client(app) as http:
        http.headers.update(bearer(tmp_path, "auditor"))
        yield http


def refused(answer: httpx2.Response, pointer: str, rule: str, *words: str) -> dict[str, Any]:
    """The one thing that is wrong."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["rule"]) == (pointer, rule)
    assert answer.json()["detail"] == error["message"]
    for word in words:
        assert word in error["message"]
    return error  # type: ignore[no-any-return]


async def test_an_id_that_no_customer_has_is_refused(api: httpx2.AsyncClient) -> None:
    for rest in ("", "/ratings", "/explanation", "/ledger", "/events"):
        for id_ in ("C%001", "%00", "C%201", "C%0A"):
            refused(await api.get(f"/v1/customers/{id_}{rest}"), "{customer_id}", "characters", "as it was posted")


PARAMETERS = [
    ("customers?grade=%00", "?grade", "characters", "take them out"),
    ("customers?region=%00", "?region", "characters", "take them out"),
    ("customers?limit=0", "?limit", "range", "write 1 or more"),
    ("customers?limit=201", "?limit", "range", "write 200 or less"),
    ("customers?limit=many", "?limit", "type", "whole number"),
    ("customers?grade=" + "x" * 65, "?grade", "too-long", "64"),
    ("warnings?severity=high", "?severity", "choice", "write info, warning, critical"),
    ("customers/C-1?as_of=0", "?as_of", "date", "YYYY-MM-DD"),
    ("customers/C-1?as_of=1767225600", "?as_of", "date", "YYYY-MM-DD"),
    ("customers/C-1?as_of=20260301", "?as_of", "date", "YYYY-MM-DD"),
    ("customers/C-1?as_of=2026-02-30", "?as_of", "date", "calendar"),
    ("customers/C-1?as_of=2026-03-01T00:00:00", "?as_of", "date", "YYYY-MM-DD"),
    ("customers/C-1?as_of=1812-03-01", "?as_of", "range", "1900"),
    ("customers/C-1/events?as_of=0", "?as_of", "date", "YYYY-MM-DD"),
    ("customers/C-1?known_at=0001-01-01T00:00:00%2B14:00", "?known_at", "range", "1900"),
    ("customers/C-1?known_at=9999-12-31T23:59:59-14:00", "?known_at", "range", "2199"),
    ("customers/C-1/events?known_at=9999-12-31T23:59:59-14:00", "?known_at", "range", "2199"),
    ("customers/C-1?known_at=1767225600", "?known_at", "time", "2026-01-05T09:30:00Z"),
    ("customers/C-1?known_at=2026-03-01T00:00:00", "?known_at", "time", "offset"),
    ("customers/C-1?known_at=2026-03-01T00:00:00+08:00", "?known_at", "time", "%2B"),
    ("customers/C-1?as-of=2026-03-01", "?as-of", "unknown-parameter", "write as_of"),
    ("customers/C-1/ledger?asof=2026-03-01", "?asof", "unknown-parameter", "write as_of"),
    ("policies?page=2", "?page", "unknown-parameter", "leave it out"),
    ("customers?offset=2", "?offset", "unknown-parameter", "it takes after, grade, limit, region"),
    ("customers/C-1?as_of=2026-03-01&as_of=2026-03-02", "?as_of", "repeated-parameter", "write it once"),
    ("events/export?partition=12", "?partition", "range", "write 11 or less"),
    ("events/export", "?partition", "missing", "add it"),
]
"""What is asked, what of it is wrong, by which rule, and a word of the remedy."""


async def test_a_parameter_is_refused_with_what_to_write(api: httpx2.AsyncClient) -> None:
    for query, pointer, rule, words in PARAMETERS:
        english = refused(await api.get(f"/v1/{query}"), pointer, rule, words)["message"]
        chinese = refused(await api.get(f"/v1/{query}", headers={"accept-language": "zh-CN"}), pointer, rule)["message"]
        assert chinese != english
        assert any("一" <= letter <= "鿿" for letter in chinese)


PLACES: list[tuple[str, list[Any]]] = [
    ("customers", ["C\0"]),
    ("customers", ["C" * 300]),
    ("customers/C-1/events", [HUGE]),
    ("customers/C-1/events", [2**31]),
    ("customers/C-1/events", [-1]),
    ("warnings", ["C\0", "w"]),
    ("warnings", ["C", "w\0"]),
    ("dead-letters", ["2026-03-01T00:00:00Z", "t\0", 1, "g", 1]),
    ("dead-letters", ["2026-03-01T00:00:00Z", "t", HUGE, "g", 1]),
    ("dead-letters", ["2026-03-01T00:00:00Z", "t", 1, "g", HUGE]),
    ("dead-letters", ["2026-03-01T00:00:00", "t", 1, "g", 1]),
    ("dead-letters", ["9999-12-31T23:59:59-14:00", "t", 1, "g", 1]),
    ("dead-letters", ["0001-01-01T00:00:00+14:00", "t", 1, "g", 1]),
    ("events/export", [HUGE]),
    ("events/export", ["1"]),
]


async def test_a_cursor_that_was_not_ours_is_refused(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    for path, place in PLACES:
        who = bearer(tmp_path, "operator" if path == "dead-letters" else "auditor")
        query = {"after": cursor(*place)} | ({"partition": 0} if path == "events/export" else {})
        refused(await api.get(f"/v1/{path}", params=query, headers=who), "?after", "cursor", "next")


async def test_half_a_character_as_a_key_is_refused(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    api.headers.update(bearer(tmp_path, "integrator"))
    twice = await api.post("/v1/events", content=b'{"\\ud800":1,"\\ud800":2}', headers=ONE)
    refused(twice, "/\\ud800", "duplicate-key", "write it once")
    nul = await api.post("/v1/events", content=b'{"\\ud800":"\\u0000"}', headers=ONE)
    refused(nul, "/\\ud800", "nul", "take it out")


def binary(**changes: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Body and headers of an invoice in binary mode."""
    event = fact(1)
    data = event.pop("data")
    head = {b"ce-" + name.encode(): value.encode() for name, value in event.items() if name != "datacontenttype"}
    head[b"content-type"] = b"application/json"
    return json.dumps(data).encode(), list(
        (head | {name.replace("_", "-").encode(): v for name, v in changes.items()}).items()
    )


async def test_a_header_that_is_not_utf8_makes_no_customer(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    api.headers.update(bearer(tmp_path, "integrator"))
    for subject in (b"%ff", b"C-%C3", b"\xff"):
        body, headers = binary(ce_subject=subject)
        refused(await api.post("/v1/events", content=body, headers=headers), "/subject", "characters", "UTF-8")
    body, headers = binary(ce_subject="客-1".encode())
    assert (await api.post("/v1/events", content=body, headers=headers)).status_code == 202
    body, headers = binary(ce_subject=b"%E5%AE%A2-1")
    assert (await api.post("/v1/events", content=body, headers=headers)).json() == {"accepted": 0, "duplicates": 1}


async def test_another_encoding_is_refused_and_not_ignored(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    api.headers.update(bearer(tmp_path, "integrator"))
    for said, status in (
        ("; charset=gbk", 415),
        ('; charset="GB18030"', 415),
        ('; charset="UTF-8"', 202),
        (";charset=utf-8;x=1", 202),
    ):
        media = {"content-type": f"application/cloudevents+json{said}"}
        answer = await api.post("/v1/events", content=json.dumps(fact(1)), headers=media)
        assert answer.status_code == status, answer.text
        assert status == 202 or "UTF-8" in answer.json()["detail"]


async def test_a_source_that_could_be_ours_is_refused_however_it_is_written(
    api: httpx2.AsyncClient, tmp_path: Path
) -> None:
    api.headers.update(bearer(tmp_path, "integrator"))
    for source in ("/gradeline/main/rating", "gradeline/main/rating", "./gradeline/x", "//Gradeline", "gradeline"):
        answer = await api.post("/v1/events", content=json.dumps(fact(1, source=source)), headers=ONE)
        refused(answer, "/source", "reserved", "name your system")
    other = await api.post("/v1/events", content=json.dumps(fact(1, source="/gradelines/1")), headers=ONE)
    assert other.status_code == 202


async def test_a_payload_that_is_too_large_is_told_the_limit(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    api.headers.update(bearer(tmp_path, "integrator"))
    many = {"content-type": "application/cloudevents-batch+json"}
    bodies = [
        (json.dumps({**fact(1), "pad": "x" * limits.EVENT_HARD_BYTES}), ONE, limits.EVENT_HARD_BYTES),
        (" " * (limits.BATCH_BYTES + 1), many, limits.BATCH_BYTES),
        (json.dumps([fact(n) for n in range(limits.BATCH_EVENTS + 1)]), many, limits.BATCH_EVENTS),
    ]
    for body, headers, limit in bodies:
        for language in ("en", "zh"):
            answer = await api.post("/v1/events", content=body, headers=headers | {"accept-language": language})
            assert answer.status_code == 413
            assert str(limit) in answer.json()["detail"]


async def test_what_breaks_a_rule_in_an_event_is_said_in_chinese_too(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    api.headers.update(bearer(tmp_path, "integrator"))
    headers = ONE | {"accept-language": "zh"}
    answer = await api.post("/v1/events", content=json.dumps(fact(1, amount=1.5)), headers=headers)
    refused(answer, "/data/amount", "bare-number", "金额应为字符串", "/data/amount")


async def test_who_may_not_ask_hears_nothing_of_parameters(api: httpx2.AsyncClient) -> None:
    api.headers.pop("authorization")
    assert (await api.get("/v1/customers?page=2")).status_code == 401


def test_a_cursor_is_opaque_text() -> None:
    assert json.loads(base64.urlsafe_b64decode(cursor("C-1") + "==")) == ["C-1"]
