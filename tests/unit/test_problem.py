"""Every answer that is not what was asked for is a problem document, in the reader's language, and says nothing of our inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import asyncpg
import httpx2
import pytest
import structlog
from fastapi import APIRouter, FastAPI, Query, Request, Security

from shared.core import errors
from shared.core.events import EVENTS
from shared.edge import codec
from shared.edge.codes import MEANINGS
from shared.edge.http import auth, problem, wording
from shared.edge.http.app import build
from shared.edge.http.auth import Principal, principal
from tests.architecture.tree import ROOT

RAISED: dict[str, tuple[Exception, int, str]] = {
    "malformed": (errors.Malformed("write text", pointer="/data/amount", rule="bare-number"), 422, "malformed"),
    "undecodable": (errors.Undecodable("no JSON", pointer="", rule="not-json"), 422, "malformed"),
    "conflict": (errors.Conflict("other content", index=3), 409, "conflict"),
    "not-found": (errors.NotFound(), 404, "not-found"),
    "unauthenticated": (errors.Unauthenticated(), 401, "unauthenticated"),
    "forbidden": (errors.Forbidden("this needs x"), 403, "forbidden"),
    "too-large": (errors.TooLarge(), 413, "too-large"),
    "rejected": (errors.Rejected(), 400, "rejected"),
    "unavailable": (errors.Unavailable(), 503, "unavailable"),
    "stopped": (errors.Stopped("secret dsn"), 500, "internal"),
    "database gone": (asyncpg.ConnectionDoesNotExistError("secret dsn"), 503, "unavailable"),
    "database driver": (asyncpg.InternalClientError("secret dsn"), 503, "unavailable"),
    "database slow": (TimeoutError("secret dsn"), 503, "unavailable"),
    "bug": (ZeroDivisionError("secret dsn"), 500, "internal"),
}


@pytest.fixture(autouse=True)
def lines() -> Iterator[list[Any]]:
    """What was logged, cheaply: the unconfigured log draws every trace as a picture."""
    with structlog.testing.capture_logs() as captured:
        yield captured


class Anyone:
    """Lets everybody in who brings any token, with every scope."""

    async def verify(self, _: str) -> Principal:
        return Principal(issuer="i", subject="s", scopes=frozenset({"ratings:read"}), sources=None, expires=0.0)


def app() -> FastAPI:
    router = APIRouter(dependencies=[Security(principal, scopes=["ratings:read"])])

    @router.get("/raise/{name}")
    async def raising(name: str) -> None:
        raise RAISED[name][0]

    @router.get("/count")
    async def count(number: Annotated[int, Query(ge=1)]) -> int:
        return number

    @router.post("/body", openapi_extra={}, max_body_size=100)
    async def body(request: Request) -> int:
        return len(await request.body())

    unlimited = frozenset({"/raise/{name}", "/count", "/body"})
    return build(title="test", routers=[router], verifier=Anyone(), unlimited=unlimited)  # type: ignore[arg-type]


def client(**headers: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app(), raise_app_exceptions=False)
    return httpx2.AsyncClient(
        transport=transport, base_url="http://test", headers={"authorization": "Bearer x", **headers}
    )


def checked(answer: httpx2.Response, status: int, name: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found: dict[str, Any] = answer.json()
    assert (answer.status_code, found["status"], found["type"]) == (status, status, f"/docs/problems/{name}")
    assert found["title"]
    assert found["detail"]
    assert found["trace_id"]
    problem.Problem.model_validate(found)
    return found


@pytest.mark.parametrize("name", RAISED)
async def test_every_error_is_a_problem(name: str) -> None:
    _, status, kind = RAISED[name]
    async with client() as http:
        answer = await http.get(f"/raise/{name}")
    found = checked(answer, status, kind)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert found["instance"] == f"/raise/{name}"
    assert ("retry-after" in answer.headers) == (status == 503)
    assert ("www-authenticate" in answer.headers) == (status in {401, 403})


async def test_a_field_is_named_with_its_rule() -> None:
    async with client() as http:
        malformed = checked(await http.get("/raise/malformed"), 422, "malformed")
        conflict = checked(await http.get("/raise/conflict"), 409, "conflict")
        count = checked(await http.get("/count", params={"number": "many"}), 422, "malformed")
    assert malformed["errors"] == [{"pointer": "/data/amount", "rule": "bare-number", "message": "write text"}]
    assert conflict["index"] == 3
    assert conflict["errors"][0]["index"] == 3
    assert [(one["pointer"], one["rule"]) for one in count["errors"]] == [("?number", "type")]


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/v1/../etc", 404, "not-found"),
        ("POST", "/count", 405, "method-not-allowed"),
        ("TRACE", "/count", 405, "method-not-allowed"),
        ("POST", "/docs/assets/swagger-ui.css", 405, "method-not-allowed"),
        ("GET", "/docs/assets/../../problem.py", 404, "not-found"),
        ("GET", "/docs/problems/else", 404, "not-found"),
    ],
)
async def test_what_the_framework_refuses_is_a_problem_too(method: str, path: str, status: int, name: str) -> None:
    async with client() as http:
        checked(await http.request(method, path), status, name)


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused_as_a_problem(declared: bool) -> None:
    async def chunks() -> Any:
        for _ in range(3):
            yield b"x" * 50

    async with client() as http:
        over = await http.post("/body", content=b"x" * 101 if declared else chunks())
        assert (await http.post("/body", content=b"x" * 100)).json() == 100
    checked(over, 413, "too-large")


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,zh;q=0.5", "en"),
        ("", "en"),
        ("de, zh;q=0.1", "zh"),
        ("zh;q=x", "en"),
        ("*", "en"),
    ],
)
async def test_the_title_is_in_the_language_that_was_asked_for(wanted: str, language: str) -> None:
    async with client(**{"accept-language": wanted}) as http:
        answer = await http.get("/nowhere")
    kind = problem.KINDS["not-found"]
    assert answer.json()["title"] == (kind.title_zh if language == "zh" else kind.title)
    assert answer.headers["content-language"] == language


async def test_every_kind_has_its_page_and_both_titles() -> None:
    async with client() as http:
        for kind in problem.KINDS.values():
            page = await http.get(f"/docs/problems/{kind.name}")
            assert page.status_code == 200, kind.name
            assert kind.title in page.text
            assert any("一" <= letter <= "鿿" for letter in kind.title_zh), kind.name


async def test_the_trace_of_the_caller_is_kept_and_a_bad_one_is_not() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with client(traceparent=f"00-{trace}-00f067aa0ba902b7-01", **{"x-request-id": "mine-1"}) as http:
        answer = await http.get("/nowhere")
        assert (answer.json()["trace_id"], answer.headers["x-request-id"]) == (trace, "mine-1")
    async with client(traceparent="00-zz-1-01", **{"x-request-id": "a b"}) as http:
        answer = await http.get("/nowhere")
        assert len(answer.json()["trace_id"]) == 32
        assert answer.headers["x-request-id"] != "a b"


async def test_every_answer_carries_the_security_headers() -> None:
    async with client() as http:
        for path in ("/nowhere", "/healthz", "/docs", "/count?number=1"):
            headers = (await http.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["x-frame-options"] == "DENY", path
            assert "default-src 'none'" in headers["content-security-policy"], path


async def test_the_documentation_needs_no_network() -> None:
    async with client() as http:
        page = await http.get("/docs")
        assert "://" not in page.text
        start = await http.get("/docs/start.js")
        assert "://" not in start.text
        for part in ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"):
            assert (await http.get(f"/docs/assets/{part}")).status_code == 200, part


async def test_the_asyncapi_document_is_served_as_it_is_published_with_a_page_that_needs_no_network() -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app()), base_url="http://test") as http:
        served, page = await http.get("/asyncapi.yaml"), await http.get("/asyncapi")
    assert (served.status_code, served.headers["content-type"]) == (200, "application/yaml")
    assert served.content == (ROOT / "docs" / "asyncapi.yaml").read_bytes()
    assert page.status_code == 200
    assert all(cls.TYPE in page.text for cls in EVENTS if cls.TOPIC)
    assert set(re.findall(r'(?:src|href)="([^"]*)"', page.text)) == {"/asyncapi.yaml"}


@pytest.mark.parametrize("scopes", [[], ["ratings:reed"]])
def test_a_route_without_a_known_scope_does_not_start(scopes: list[str]) -> None:
    router = APIRouter()

    @router.get("/leak", dependencies=[Security(principal, scopes=scopes)])
    async def leak() -> str:
        return "everything"

    with pytest.raises(AssertionError, match="/leak"):
        build(title="test", routers=[router], verifier=Anyone())  # type: ignore[arg-type]


def test_a_route_without_any_guard_does_not_start_even_deep_inside() -> None:
    inner, outer = APIRouter(), APIRouter(prefix="/deep")
    inner.add_api_route("/leak", lambda: "everything", include_in_schema=False)
    outer.include_router(inner)
    with pytest.raises(AssertionError, match="/deep/leak"):
        build(title="test", routers=[outer], verifier=Anyone())  # type: ignore[arg-type]


def test_a_mounted_application_does_not_start() -> None:
    router = APIRouter()
    router.mount("/files", FastAPI())
    with pytest.raises(AssertionError, match="/files"):
        build(title="test", routers=[router], verifier=Anyone())  # type: ignore[arg-type]


def test_every_rule_of_the_codec_and_every_refusal_of_a_parameter_has_words_in_both_languages() -> None:
    listed = set(
        re.findall(r"\b[a-z]+(?:-[a-z]+)*\b", " ".join(re.findall(r"^    (.*?)  ", codec.__doc__ or "", re.M)))
    )
    assert len(listed) > 20
    assert listed - MEANINGS.keys() == set()
    assert set(wording.PYDANTIC.values()) <= wording.SENTENCES.keys()
    for sentence in wording.SENTENCES.values():
        assert set(re.findall(r"{(\w+)}", sentence.en)) == {
            name.removesuffix("_zh") for name in re.findall(r"{(\w+)}", sentence.zh)
        }


async def test_a_missing_scope_is_403_and_a_missing_token_401() -> None:
    router = APIRouter(dependencies=[Security(principal, scopes=["audit:read"])])
    router.add_api_route("/log", lambda: "log")
    guarded = build(title="test", routers=[router], verifier=Anyone(), unlimited=frozenset({"/log"}))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(guarded), base_url="http://test") as http:
        assert checked(await http.get("/log"), 401, "unauthenticated")["detail"]
        assert (
            "audit:read"
            in checked(await http.get("/log", headers={"authorization": "Bearer x"}), 403, "forbidden")["detail"]
        )
        checked(await http.get("/log", headers={"authorization": "Basic eDp5"}), 401, "unauthenticated")
    assert auth.ALGORITHMS == ("RS256", "ES256", "EdDSA", "Ed25519")
