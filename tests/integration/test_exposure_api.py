"""The exposure API on a real database: checks, reservations, requests with their chains, holds, what is seen and by whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import msgspec
import pytest
from fastapi import FastAPI

from services.exposure.api import answers
from services.exposure.main import application, wired
from shared.core.envelope import Event
from shared.edge import clock
from shared.edge import settings as edge_settings
from shared.edge.http import trust
from shared.edge.store import approvals, rows
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.support.covers import covers
from tests.support.customer import Customer
from tests.support.rating_api import bearer, client, running

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]

DAY = clock.now().astimezone(timezone(timedelta(hours=8))).date()
"""Today: reservations end at instants of the clock."""
CHECK = {"customer_id": "C-1", "order_id": "SO-1", "amount": "30000.00", "currency": "CNY"}
LIMIT = {"kind": "policy", "amount": "100000.00", "currency": "CNY", "reason": "season", "evidence": "file 7"}
APPROVERS = ("credit_supervisor", "credit_manager", "finance_director")


class Office:
    """The API, and who comes to it."""

    def __init__(self, app: FastAPI, folder: Path, pool: asyncpg.Pool) -> None:
        self.app, self.folder, self.pool = app, folder, pool

    async def does(
        self, method: str, path: str, body: Any = None, *, role: str = "credit_manager", who: str = "li", **more: Any
    ) -> httpx2.Response:
        headers = bearer(self.folder, role, who=who, **{k: v for k, v in more.items() if k in {"limits", "claims"}})
        headers |= {"Idempotency-Key": more["key"]} if "key" in more else {}
        headers |= {"Accept-Language": more["language"]} if "language" in more else {}
        async with client(self.app, headers) as api:
            return await api.request(method, f"/v1/{path}", json=body)

    async def checks(self, order: str = "SO-1", amount: str = "30000.00", **more: Any) -> dict[str, Any]:
        role = more.pop("role", "credit_manager")
        who = "erp" if role == "order_system" else "li"
        answer = await self.does(
            "POST", "credit-checks", {**CHECK, "order_id": order, "amount": amount, **more}, role=role, who=who
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert answers.Check.model_validate_json(answer.content).model_dump(mode="json") == found, "as it is documented"
        return found

    async def asks(self, key: str = "k1", customer: str = "C-1", **changes: Any) -> dict[str, Any]:
        answer = await self.does("POST", f"limits/{customer}/requests", {**LIMIT, **changes}, key=key, role="sales")
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def approves(self, asked: dict[str, Any], *, role: str = "", who: str = "") -> httpx2.Response:
        body = {"payload_sha256": asked["payload_sha256"]}
        role = role or asked["role"]
        return await self.does("POST", f"approvals/{asked['approval_id']}/approve", body, role=role, who=who or role)

    async def has_a_limit(self, amount: str = "100000.00", customer: str = "C-1") -> None:
        asked = await self.asks(f"limit {customer} {amount}", customer, amount=amount)
        while asked["state"] == "open":
            answer = await self.approves(asked)
            assert answer.status_code == 200, answer.text
            asked = answer.json()

    async def decisions(self, customer: str = "C-1") -> list[str]:
        found = await self.pool.fetch(
            "select type from events where stream = $1 and kind = 1 order by version", customer
        )
        return [row["type"].removeprefix("credit.").removesuffix(".v1") for row in found]

    async def published(self, customer: str = "C-1") -> list[tuple[str, str]]:
        found = await self.pool.fetch(
            "select topic, value from outbox where key = $1 order by partition, position", customer
        )
        return [(r["topic"], json.loads(r["value"])["type"].removeprefix("credit.").removesuffix(".v1")) for r in found]


async def kept(pool: asyncpg.Pool, subject: str, told: list[Event]) -> None:
    """Append *told* as a worker would, without deciding anything."""
    made = [
        rows.row_of(one, stream=subject, version=at, kind=0, partition=0, recorded_at=clock.now(), content=None)
        for at, one in enumerate(told, 1)
    ]
    async with pool.acquire() as connection, connection.transaction():
        await connection.copy_records_to_table("events", records=made, columns=rows.COLUMNS)
        await connection.execute("insert into streams values ($1, 0, $2, null, false)", subject, len(made))


def facts(subject: str, **profile: Any) -> list[Event]:
    one = Customer(subject)
    one.registered(DAY - timedelta(days=700), segment="dealer", currency="CNY", **profile)
    one.invoice(f"{subject}-I1", "10000.00", DAY - timedelta(days=20), due=DAY + timedelta(days=40), company="1000")
    return list(one.events)


@asynccontextmanager
async def opened(database: str, folder: Path) -> AsyncIterator[Office]:
    await upgraded(database, "exposure")
    pool = await open_pool(database, schema="exposure", size=4)
    await pool.executemany(
        "insert into partitions (partition, day, rated) values ($1, $2, $2)", [(n, DAY) for n in range(12)]
    )
    await kept(pool, "C-1", facts("C-1", region="east"))
    await kept(pool, "C-2", facts("C-2", region="west"))
    settings = edge_settings.load(postgres=database, data=folder, embedded=True)
    app = application(settings, verifier=trust.verifier(settings), ports=wired(settings))
    try:
        async with running(app):
            yield Office(app, folder, pool)
    finally:
        await pool.close()


def rule(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["rule"])


@covers("AP-04", "LT-39")
async def test_a_limit_holds_once_its_chain_has_granted_it_and_orders_are_checked_against_it(
    database: str, tmp_path: Path
) -> None:
    async with opened(database, tmp_path) as office:
        before = await office.checks()
        assert before["decision"] == "held"
        assert {s["name"]: s["reason"]["code"] for s in before["steps"] if s["verdict"] == "hold"} == {
            "limit": "NO_LIMIT"
        }
        asked = await office.asks()
        assert (asked["roles"], asked["requested_by"], asked["state"]) == (["credit_supervisor"], "li", "open")
        assert await office.asks() == asked, "the same request again"
        own = await office.approves(asked, who="li")
        assert (own.status_code, rule(own)) == (409, "APPROVAL_OWN_REQUEST")
        granted = await office.approves(asked)
        assert granted.json()["state"] == "granted"
        found = (await office.does("GET", "exposures/C-1")).json()
        assert (found["limit"], found["exposure"], found["reserved"], found["headroom"]) == (
            "100000.00", "10000.00", "30000.00", "60000.00"
        ), "the held order let itself go as the limit came"  # fmt: skip
        assert found["formula"][-1] == {"what": "effective", "amount": "100000"}
        assert [line["document"] for line in found["lines"]] == ["C-1-I1"]
        after = await office.checks()
        assert (after["decision"], after["exclusion"], after["reservation"]["amount"]) == (
            "approved",
            "reserved",
            "30000.00",
        )
        assert (await office.published())[:2] == [
            ("credit.limits", "order.held"),
            ("credit.limits", "approval.requested"),
        ]
        assert {topic for topic, _ in await office.published()} == {"credit.limits"}
        assert not {"limit.granted", "check.decided"} & {name for _, name in await office.published()}
        assert {"limit.granted", "check.decided", "limit.changed", "order.released"} <= set(await office.decisions())


async def test_200_checks_at_once_never_give_the_same_headroom_twice(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.has_a_limit()
        answers = await asyncio.gather(*[office.checks(f"SO-{n}", "4000.00") for n in range(60)])
        approved = [one for one in answers if one["decision"] == "approved"]
        assert len(approved) == 22, "90,000 left, 4,000 each"
        found = (await office.does("GET", "exposures/C-1")).json()
        assert (found["reserved"], found["headroom"]) == ("88000.00", "2000.00")
        assert len(found["holds"]) == 38


async def test_the_order_system_learns_no_more_than_it_must(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.has_a_limit()
        told = await office.checks(role="order_system")
        assert (told["decision"], told["steps"], told["limit"], told["would_be"]) == ("approved", [], None, None)
        assert told["reservation"]["amount"] == "30000.00"
        assert (await office.does("GET", "exposures/C-1", role="order_system")).status_code == 403
        assert (await office.does("POST", "credit-checks", CHECK, role="auditor")).status_code == 403


async def test_a_query_writes_nothing_and_a_stranger_may_be_asked_about(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        told = await office.checks(kind="query", customer_id="C-9")
        assert (told["decision"], told["check_id"]) == ("held", None)
        assert await office.pool.fetchval("select count(*) from streams where stream = 'C-9'") == 0
        assert (await office.does("GET", "exposures/C-9")).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount": "1.001"}, "/amount"),
        ({"amount": "-1"}, "/amount"),
        ({"currency": "XXX"}, "/currency"),
        ({"amount": 12.5}, "/amount"),
        ({"kind": "steal"}, "/kind"),
        ({"order_id": "SO\u00001"}, "/order_id"),
        ({"company": "10\n00"}, "/company"),
        ({"credit": "x"}, "/credit"),
        ({"customer_id": "a b"}, "/customer_id"),
    ],
)
async def test_what_is_wrong_with_a_check_is_named(
    database: str, tmp_path: Path, change: dict[str, Any], pointer: str
) -> None:
    async with opened(database, tmp_path) as office:
        answer = await office.does("POST", "credit-checks", {**CHECK, **change}, language="zh")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@covers("LT-03")
async def test_a_held_order_is_let_go_by_who_has_the_authority(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.has_a_limit()
        held = await office.checks("订单/7", "98000.00", role="order_system")
        assert held["decision"] == "held"
        (one,) = (await office.does("GET", "holds")).json()["holds"]
        assert (one["order_id"], one["excess"]) == ("订单/7", "8000.00")
        assert [why["code"] for why in one["reasons"]] == ["LIMIT_EXCEEDED", "DOCUMENT_TOO_LARGE"]
        assert one["reasons"][0]["zh"] == "加上本单后占用额超过信用额度"
        path, body = f"holds/{one['hold_id']}/release", {"note": "paid on Friday"}
        assert (await office.does("POST", path, body, role="sales")).status_code == 403
        let_go = await office.does("POST", path, body)
        assert let_go.status_code == 200, let_go.text
        assert (let_go.json()["excess"], let_go.json()["valid_until"]) == ("8000.00", f"{DAY + timedelta(days=7)}")
        assert (await office.does("GET", "holds")).json()["holds"] == []
        again = await office.checks("订单/7", "98000.00", role="order_system")
        assert again["decision"] == "approved"
        await office.checks("SO-9", "20000.00")
        (other,) = (await office.does("GET", "holds?customer=C-1")).json()["holds"]
        refused = await office.does("POST", f"holds/{other['hold_id']}/release", body, who="wang")
        assert (refused.status_code, rule(refused)) == (409, "HOLD_NO_AUTHORITY")
        chinese = await office.does("POST", f"holds/{other['hold_id']}/release", body, who="wang", language="zh")
        assert "特批" in chinese.json()["errors"][0]["message"]
        assert (await office.does("POST", "holds/nonsense/release", body)).status_code == 404


async def test_who_may_see_some_customers_sees_those(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.checks(amount="1.00")
        await office.checks("SO-2", customer_id="C-2", amount="1.00")
        east = {"limits": {"regions": ["east"]}}
        assert [h["customer_id"] for h in (await office.does("GET", "holds", **east)).json()["holds"]] == ["C-1"]
        assert (await office.does("GET", "exposures/C-1", **east)).status_code == 200
        assert (await office.does("GET", "exposures/C-2", **east)).status_code == 404
        assert (await office.does("POST", "credit-checks", {**CHECK, "customer_id": "C-2"}, **east)).status_code == 404
        (west,) = (await office.does("GET", "holds?customer=C-2")).json()["holds"]
        path = f"holds/{west['hold_id']}/release"
        assert (await office.does("POST", path, {"note": "x"}, **east)).status_code == 404


@covers("LT-06")
async def test_a_rise_beyond_half_is_declined_before_anybody_is_asked(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.has_a_limit()
        body = {**LIMIT, "amount": "150000.01"}
        answer = await office.does("POST", "limits/C-1/requests", body, key="k9", language="zh")
        assert (answer.status_code, rule(answer)) == (409, "LIMIT_RISE_TOO_FAR")
        assert answer.json()["errors"][0]["message"] == "单次上调幅度不得超过规定比例"


@covers("LT-16", "LT-17", "LT-18", "LT-21")
async def test_an_advance_needs_its_papers_and_everybody_of_its_chain(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        body: dict[str, Any] = {
            "amount": "50000",
            "currency": "CNY",
            "months": 1,
            "reason": "wages",
            "evidence": "file",
        }
        path = "limits/C-1/advances"
        for paper, code in (("letter", "LETTER"), ("contract", "CONTRACT"), ("statement", "STATEMENT")):
            answer = await office.does("POST", path, body, key="a1")
            assert (answer.status_code, rule(answer)) == (409, f"ADVANCE_{code}_MISSING")
            body[paper] = f"DOC-{paper}"
        asked = (await office.does("POST", path, body, key="a1")).json()
        assert asked["roles"] == ["customer_service", "legal", "finance", "deputy_general_manager", "general_manager"]
        while asked["state"] == "open":
            answer = await office.approves(asked)
            assert answer.status_code == 200, answer.text
            asked = answer.json()
        found = (await office.does("GET", "exposures/C-1")).json()
        assert (found["advance"]["granted"], found["advance"]["outstanding"]) == ("50000.00", "0.00")
        assert found["limit"] == "0.00", "an advance is no credit for orders"


@covers("LT-15")
async def test_two_advances_that_are_granted_at_once_see_each_other(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = approvals.register

    async def slowly(connection: Any) -> Any:
        """So that both have read before either is committed, where nothing makes one wait."""
        await asyncio.sleep(0.2)
        return await register(connection)

    async with opened(database, tmp_path) as office:
        await office.pool.execute("update partitions set day = $1", DAY)
        papers = {"letter": "D-1", "contract": "D-2", "statement": "D-3", "reason": "wages", "evidence": "file"}
        body: dict[str, Any] = {**papers, "amount": "60000", "currency": "CNY", "months": 1}
        waiting: list[dict[str, Any]] = []
        for name in ("C-1", "C-2"):
            asked = (await office.does("POST", f"limits/{name}/advances", body, key="a")).json()
            assert asked["payload"].get("others", "0") == "0"
            while asked["role"] != "general_manager":
                asked = (await office.approves(asked)).json()
            waiting.append(asked)
        command = office.app.state.ports.command
        advances = msgspec.structs.replace(command.brain.rulebook.advances, total=100_000 * 10**4)
        command.brain.rulebook = msgspec.structs.replace(command.brain.rulebook, advances=advances)
        monkeypatch.setattr(approvals, "register", slowly)
        answers = await asyncio.gather(*[office.approves(one) for one in waiting])
        assert [one.json()["state"] for one in answers] == ["granted", "granted"], "the last authority may"
        told = (
            "select convert_from(data, 'UTF8')::jsonb -> 'formula' ->> 'beyond' as beyond from events where type = $1"
        )
        found = sorted(row["beyond"] for row in await office.pool.fetch(told, "credit.limit.granted.v1"))
        assert found == ["none", "total"], "one of them knew of the other"
        said = await office.pool.fetch("select topic, convert_from(value, 'UTF8')::jsonb -> 'data' as data from outbox")
        uses = [json.loads(row["data"]) for row in said if "advance-total" in row["data"]]
        assert [(one["mark"], one["exposure"], one["utilisation"]) for one in uses] == [("1", "120000.00", "1.2")]
        assert {row["topic"] for row in said if "advance-total" in row["data"]} == {"credit.limits"}
        whole = (await office.does("GET", "portfolio")).json()["advances"]
        assert (whole["granted"], whole["share"], whole["missing"]) == ("120000.00", "0.12", [])


@covers("LT-40")
async def test_supply_is_stopped_and_goes_on_by_who_may_and_both_are_published(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        await office.has_a_limit()
        why = {"reason": "insolvency rumoured"}
        assert (await office.does("POST", "exposures/C-1/suspend", why, role="sales")).status_code == 403
        assert (await office.does("POST", "exposures/C-1/suspend", why, role="credit_supervisor")).status_code == 204
        found = (await office.does("GET", "exposures/C-1")).json()
        assert (found["suspended_because"], found["suspended_by"]) == ("insolvency rumoured", "li")
        assert (await office.checks(deliver_on=(DAY + timedelta(days=9)).isoformat()))["decision"] == "held"
        no = await office.does("POST", "exposures/C-1/resume", why, role="credit_supervisor")
        assert (no.status_code, rule(no)) == (409, "SUPPLY_NO_AUTHORITY")
        assert (await office.does("POST", "exposures/C-1/resume", why)).status_code == 204
        assert (await office.does("GET", "exposures/C-1")).json()["holds"] == []
        said = [name for _, name in await office.published() if name.startswith("supply")]
        assert said == ["supply.suspended", "supply.resumed"]


async def test_who_holds_no_role_in_the_register_of_exposure_grants_no_limit(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        asked = await office.asks()
        said = {"roles": [], "reason": "left"}
        assert (await office.does("PUT", "staff/credit_supervisor", said, role="sales")).status_code == 403
        assert (await office.does("PUT", "staff/credit_supervisor", said, role="operator")).status_code == 204
        (known,) = (await office.does("GET", "staff", role="operator")).json()["staff"]
        assert (known["person"], known["roles"], known["reason"]) == ("credit_supervisor", [], "left")
        assert (await office.approves(asked)).status_code == 409
