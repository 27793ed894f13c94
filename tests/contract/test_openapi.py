"""The OpenAPI document: valid, committed, and true of the running routes: no token no answer, no money as a number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from openapi_spec_validator import validate

from services.rating.main import documented
from shared.edge.http import openapi, problem, roles
from tests.support.covers import covers
from tests.support.rating_api import bearer, client, wired

covers("RO-01", "RO-02", "RO-05", "RO-09", "AL-14")

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi-rating.json"
OPEN = {"/healthz", "/readyz", "/metrics"}


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return wired("postgresql://nobody@127.0.0.1:1/nothing", tmp_path)


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_the_document_is_valid(app: FastAPI) -> None:
    validate(app.openapi())


def test_the_committed_document_is_the_served_one(app: FastAPI, tmp_path: Path) -> None:
    assert COMMITTED.read_text("utf-8") == openapi.render(app), "run `make docs`"
    assert openapi.render(documented()) == openapi.render(app)
    assert openapi.write(app, tmp_path / "made.json") is True
    assert openapi.write(app, tmp_path / "made.json") is False


async def test_without_a_token_every_route_but_health_and_docs_answers_401(app: FastAPI) -> None:
    guarded = 0
    async with client(app) as http:
        for method, path, _ in operations(app):
            answer = await http.request(method, path.replace("{customer_id}", "C-1").replace("{policy_id}", "rm-22"))
            if path in OPEN:
                assert answer.status_code in {200, 503}, path
                continue
            guarded += 1
            assert answer.status_code == 401, path
            assert answer.headers["content-type"] == problem.MEDIA_TYPE, path
            assert answer.headers["www-authenticate"].startswith("Bearer"), path
    assert guarded >= 11


async def test_every_role_reaches_exactly_the_routes_of_its_scopes(app: FastAPI, tmp_path: Path) -> None:
    for role, held in roles.roles().items():
        async with client(app, bearer(tmp_path, role)) as http:
            for method, path, operation in operations(app):
                if path in OPEN:
                    continue
                needed = {scope for one in operation["security"] for scopes in one.values() for scope in scopes}
                answer = await http.request(
                    method, path.replace("{customer_id}", "C-1").replace("{policy_id}", "rm-22")
                )
                assert (answer.status_code == 403) == (not needed <= held), (role, method, path, answer.status_code)


def test_every_operation_says_what_it_may_refuse(app: FastAPI) -> None:
    for _, path, operation in operations(app):
        if path not in OPEN:
            assert {"401", "403", "422", "503"} <= operation["responses"].keys(), path
            assert operation["summary"], path


def test_no_answer_has_a_number_with_a_point(app: FastAPI) -> None:
    def numbers(node: Any, at: str) -> Iterator[str]:
        if isinstance(node, dict):
            if node.get("type") == "number":
                yield at
            for key, inner in node.items():
                yield from numbers(inner, f"{at}/{key}")
        elif isinstance(node, list):
            for index, inner in enumerate(node):
                yield from numbers(inner, f"{at}/{index}")

    assert list(numbers(app.openapi(), "")) == []


def test_every_money_field_is_a_string(app: FastAPI) -> None:
    money = {
        "amount",
        "open_amount",
        "disputed_amount",
        "unallocated_cash",
        "receivable_balance",
        "overdue_amount",
        "score",
    }
    found = set()
    for name, schema in app.openapi()["components"]["schemas"].items():
        for field, kind in schema.get("properties", {}).items():
            if field in money:
                found.add(field)
                types = {one.get("type") for one in kind.get("anyOf", [kind])}
                assert types <= {"string", "null"}, f"{name}.{field}"
    assert found == money
