"""Row rights: whoever may see some customers only finds every other one nowhere, in no list and under no address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from fastapi import APIRouter, Security
from fastapi.routing import APIRoute, iter_route_contexts

from services.rating.main import UNLIMITED
from shared.edge.http.app import OPEN, build
from shared.edge.http.auth import Verifier, principal
from shared.edge.http.keys import FetchedKeys
from tests.integration.test_approvals import ASKED, Office, opened
from tests.support.rating_api import VIEW

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]

ROLES = {
    "/v1/events/export": "auditor",
    "/v1/dead-letters": "operator",
    "/v1/parked": "operator",
    "/v1/quarantine": "operator",
}
WHOLE = {"/v1/events/export", "/v1/dead-letters"}
"""What is not told customer by customer."""
OTHERS: dict[str, dict[str, list[str]]] = {
    "region": {"regions": ["west"]},
    "manager": {"managers": ["S-2"]},
    "company": {"companies": ["CN02"]},
    "several": {"regions": ["east"], "managers": ["S-2"]},
    "none": {"regions": ["nowhere"]},
}
OWN: dict[str, dict[str, list[str]]] = {
    "region": {"regions": ["west", "east"]},
    "manager": {"managers": ["S-1"]},
    "company": {"companies": ["CN01", "CN09"]},
    "several": {"regions": ["east"], "managers": ["S-1"], "companies": ["CN01"]},
}


def reads(office: Office) -> list[str]:
    """Every address that is read and tells of customers."""
    found = []
    for route in iter_route_contexts(office.app.routes):
        path = route.path_format or route.path or ""
        if isinstance(route.original_route, APIRoute) and "GET" in route.methods and path not in OPEN | UNLIMITED:
            found.append(path)
    return found


async def filled(office: Office) -> dict[str, Any]:
    """Both customers are in every list; C-1 is east, of S-1 and CN01, C-2 is west, of S-2 and CN02."""
    asked = await office.asks("C-1", "k")
    await office.asks("C-2", "k")
    for customer, company in (("C-1", "CN01"), ("C-2", "CN02")):
        await office.pool.execute("update customers set companies = $2 where customer_id = $1", customer, [company])
        await office.pool.execute(
            "insert into warnings values ($1, 'W', 'MN-01', 'transaction', 'warning', '2026-03-01', now())", customer
        )
        await office.pool.execute("insert into parked values ($1, 1, 'because', now())", customer)
        await office.pool.execute(
            "insert into quarantine values ($1, 'i', 'c', 'credit.payment.recorded.v1', '/erp', 'e', '{}', now())",
            customer,
        )
    return asked


async def read(office: Office, path: str, approval_id: str, **more: Any) -> httpx2.Response:
    address = path.removeprefix("/v1/").replace("{customer_id}", "C-1").replace("{approval_id}", approval_id)
    address += "?partition=0" if path.endswith("/export") else ""
    return await office.does("GET", address, role=ROLES.get(path, "risk_analyst"), **more)


async def test_every_read_keeps_to_the_rows_of_who_asks(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        approval_id = (await filled(office))["approval_id"]
        paths = reads(office)
        assert len(paths) >= 12
        for path in paths:
            everybody = await read(office, path, approval_id)
            assert everybody.status_code == 200, (path, everybody.text)
            assert path in WHOLE or "C-1" in everybody.text, path
            for name, limits in OTHERS.items():
                answer = await read(office, path, approval_id, limits=limits)
                if path in WHOLE:
                    assert answer.status_code == 403, (path, name)
                elif "{" in path:
                    assert answer.status_code == 404, (path, name, answer.text)
                    assert "C-1" not in answer.json()["detail"]
                else:
                    assert answer.status_code == 200, (path, name, answer.text)
                    assert "C-1" not in answer.text, (path, name)
                    assert ("C-2" in answer.text) is (name not in {"several", "none"}), (path, name)
            for name, limits in OWN.items():
                answer = await read(office, path, approval_id, limits=limits)
                assert path in WHOLE or (answer.status_code == 200 and "C-1" in answer.text), (path, name, answer.text)


async def test_a_customer_of_others_is_not_told_from_one_that_is_not_there(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await filled(office)
        limits = OTHERS["region"]
        hidden = await office.does("GET", "customers/C-1", limits=limits)
        absent = await office.does("GET", "customers/C-0", limits=limits)
        told = [{k: v for k, v in one.json().items() if k not in {"trace_id", "instance"}} for one in (hidden, absent)]
        assert told[0] == told[1]
        assert hidden.status_code == 404


async def test_nothing_is_asked_or_granted_about_customers_of_others(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        asked = await filled(office)
        limits, before = OTHERS["manager"], await office.decisions()
        for path in ("customers/C-1/overrides", f"customers/C-1/overrides/{asked['approval_id']}/end"):
            body = ASKED if path.endswith("overrides") else {"reason": "r", "evidence": "e"}
            assert (await office.does("POST", path, body, key="n", limits=limits)).status_code == 404
        erasure = {"basis": "b", "evidence": "e"}
        answer = await office.does(
            "POST", "customers/C-1/erasure", erasure, key="n", role="privacy_officer", limits=limits
        )
        assert answer.status_code == 404
        assert (await office.approves(asked, limits=limits)).status_code == 404
        for act in ("refuse", "withdraw"):
            path = f"approvals/{asked['approval_id']}/{act}"
            assert (
                await office.does("POST", path, {"reason": "r"}, role="risk_manager", limits=limits)
            ).status_code == 404
        assert await office.decisions() == before


async def test_a_customer_that_was_merged_into_one_of_others_is_not_shown(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await filled(office)

        async def merged(_: Any, customer_id: str, *__: Any) -> Any:
            return msgspec.structs.replace(VIEW, customer_id="C-1")

        office.app.state.ports.view = merged
        assert (await office.does("GET", "customers/C-2", limits=OTHERS["region"])).status_code == 404
        assert (await office.does("GET", "customers/C-2")).status_code == 200


def test_a_route_that_asks_for_no_row_rights_does_not_start() -> None:
    router = APIRouter(prefix="/v1")

    @router.get("/planted", dependencies=[Security(principal, scopes=["ratings:read"])])
    async def planted() -> None:
        """Tell of everybody."""

    verifier = Verifier(keys=FetchedKeys(""), issuer="", audience="")
    with pytest.raises(AssertionError, match="/v1/planted asks for no row rights"):
        build(title="t", routers=[router], verifier=verifier)
    assert build(title="t", routers=[router], verifier=verifier, unlimited=frozenset({"/v1/planted"}))
    with pytest.raises(AssertionError, match="there is no path"):
        build(title="t", routers=[], verifier=verifier, unlimited=frozenset({"/v1/planted"}))
