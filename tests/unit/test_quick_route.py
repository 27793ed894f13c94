"""The route of the busiest addresses refuses what every other refuses, and takes nothing that it cannot fill in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response, Security
from pydantic import BaseModel, ConfigDict

from shared.edge.http import tokens
from shared.edge.http.app import build
from shared.edge.http.auth import Principal, Seen, Verifier, principal
from shared.edge.http.keys import FixedKeys
from shared.edge.http.quick import QuickRoute

Who = Annotated[Principal, Security(principal, scopes=["checks:run"])]


class Form(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra="forbid")
    order: str
    items: list[int] = []


async def path_of(request: Request) -> str:
    return str(request.url.path)


async def limited(most: Annotated[int, Query()] = 1) -> int:
    return most


async def ask(who: Who, seen: Seen, at: Annotated[str, Depends(path_of)], request: Request, body: Form) -> Response:
    told = [who.subject, seen.all, at, request.method, body.order, body.items]
    return Response(json.dumps(told), media_type="application/json")


@pytest.fixture(params=["quick", "usual"])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    tokens.ensure_key(tmp_path)
    keys = FixedKeys(tokens.public_path(tmp_path))
    verifier = Verifier(keys=keys, issuer=tokens.ISSUER, audience=tokens.AUDIENCE)
    router = APIRouter(route_class=QuickRoute) if request.param == "quick" else APIRouter()
    router.post("/ask")(ask)
    app = build(title="test", routers=[router], verifier=verifier)
    token = tokens.issue(data=tmp_path, role="order_system", subject="erp", ttl=timedelta(hours=1))
    async with caller(app, {"authorization": f"Bearer {token}", "content-type": "application/json"}) as made:
        yield made


def caller(app: FastAPI, headers: dict[str, str]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test", headers=headers)


async def test_it_fills_in_who_asks_whose_rows_what_is_made_of_the_request_and_the_body(
    api: httpx2.AsyncClient,
) -> None:
    for kind in ("application/json", "application/merge-patch+json; charset=utf-8"):
        answer = await api.post("/ask", content='{"order": "SO-1", "items": [2]}', headers={"content-type": kind})
        assert (answer.status_code, answer.json()) == (200, ["erp", True, "/ask", "POST", "SO-1", [2]])


@pytest.mark.parametrize(
    ("body", "kind", "pointer", "rule"),
    [
        ("{", "application/json", "", "not-json"),
        ("", "application/json", "", "missing"),
        ("[]", "application/json", "", "type"),
        ('{"order": "SO-1"}', "text/plain", "", "type"),
        ("{}", "application/json", "/order", "missing"),
        ('{"order": 7}', "application/json", "/order", "type"),
        ('{"order": "a", "items": ["x"]}', "application/json", "/items/0", "type"),
        ('{"order": "a", "more": 1}', "application/json", "/more", "unknown-field"),
    ],
)
async def test_a_body_that_is_wrong_is_refused_with_field_and_rule(
    api: httpx2.AsyncClient, body: Any, kind: str, pointer: str, rule: str
) -> None:
    answer = await api.post("/ask", content=body, headers={"content-type": kind})
    assert answer.status_code == 422
    (found,) = answer.json()["errors"]
    assert (found["pointer"], found["rule"]) == (pointer, rule)
    assert found["message"].startswith(f"{pointer[1:] or 'body'}: ")


@pytest.mark.parametrize("api", ["quick"], indirect=True)
async def test_bytes_that_are_no_text_are_no_json(api: httpx2.AsyncClient) -> None:
    answer = await api.post("/ask", content=b"\xff\xfe\xfa")
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "not-json")


@pytest.mark.parametrize("api", ["quick"], indirect=True)
async def test_who_may_not_ask_is_told_so_whatever_was_sent(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    assert (await api.post("/ask", content="{", headers={"authorization": ""})).status_code == 401
    other = tokens.issue(data=tmp_path, role="auditor", subject="eve", ttl=timedelta(hours=1))
    refused = await api.post("/ask", content='{"order": "SO-1"}', headers={"authorization": f"Bearer {other}"})
    assert refused.status_code == 403
    assert (await api.post("/ask?most=2", content='{"order": "SO-1"}')).status_code == 422


def test_a_route_that_asks_for_more_does_not_start() -> None:
    async def more(who: Who, most: Annotated[int, Depends(limited)]) -> Response:
        raise AssertionError(who, most)

    async def nobody(request: Request) -> Response:
        raise AssertionError(request)

    async def one(who: Who, number: int) -> Response:
        raise AssertionError(who, number)

    with pytest.raises(AssertionError, match="made of more than the request"):
        APIRouter(route_class=QuickRoute).post("/more")(more)
    with pytest.raises(AssertionError, match="takes more than the request and a body"):
        APIRouter(route_class=QuickRoute).post("/one/{number}")(one)
    with pytest.raises(AssertionError, match="made of more than the request"):
        APIRouter(route_class=QuickRoute, dependencies=[Depends(path_of)]).post("/ask")(ask)
    with pytest.raises(ValueError, match="not enough values"):
        APIRouter(route_class=QuickRoute).post("/nobody")(nobody)
