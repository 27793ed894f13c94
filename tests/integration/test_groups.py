"""Groups on a real database: declared by two persons, they share a limit, and no order of a member gets what another has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.exposure.adapters.attending import Attending
from services.exposure.adapters.portfolio import Totals
from services.exposure.adapters.proving import prove
from shared.core.envelope import Event
from shared.edge.commanding import commands as commanding
from tests.integration.test_exposure_api import DAY, Office, facts, kept, opened, rule
from tests.support.covers import covers
from tests.support.histories import Story

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]

GROUP: dict[str, Any] = {
    "group_id": "g:huadong",
    "name": "华东集团",
    "lead": "C-1",
    "reason": "one shareholder holds 60 % of both",
    "evidence": "register 12",
}


@asynccontextmanager
async def grouped(database: str, folder: Path, *members: str, limit: str = "") -> AsyncIterator[Office]:
    """An office with the group of *members*, each with 10,000 in its books and a limit of 100,000."""
    async with opened(database, folder) as office:
        for name in members:
            if name not in {"C-1", "C-2"}:
                await kept(office.pool, name, facts(name))
            await office.has_a_limit(customer=name)
        await declared(office, *members)
        if limit:
            await office.has_a_limit(limit, customer="g:huadong")
        yield office


async def asks(office: Office, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    answer = await office.does("POST", path, body, key=key, role="sales")
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def holds(office: Office) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await office.does("GET", "holds")).json()["holds"]
    return found


def attending_of(office: Office) -> Attending:
    command = office.app.state.ports.command
    return Attending(command, Totals(command.brain))


async def declared(office: Office, *members: str) -> None:
    body = {**GROUP, "join": [{"customer_id": name} for name in members]}
    granted = await office.approves(await asks(office, "groups", body, "declare"))
    assert granted.json()["state"] == "granted", granted.text


async def group(office: Office, **when: str) -> dict[str, Any]:
    asked = "&".join(f"{name}={value}" for name, value in when.items())
    answer = await office.does("GET", f"groups/g:huadong?{asked}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@covers("LT-47", "LT-48", "LT-49", "LT-50", "LT-51", "LT-52", "LT-54", "LT-55")
async def test_a_group_is_one_once_somebody_else_granted_it_and_its_members_share_a_limit(
    database: str, tmp_path: Path
) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2") as office:
        found = await group(office)
        assert (found["exposure"], found["limit"], [one["customer_id"] for one in found["members"]]) == (
            "20000.00", None, ["C-1", "C-2"]
        )  # fmt: skip
        free = await office.checks("SO-1", "30000.00")
        assert free["decision"] == "approved", "no limit of the group: nothing binds it"
        await office.has_a_limit("60000.00", customer="g:huadong")
        found = await group(office)
        assert (found["exposure"], found["reserved"], found["headroom"]) == ("20000.00", "30000.00", "10000.00")
        held = await office.checks("SO-2", "10000.01", customer_id="C-2")
        (step,) = [one for one in held["steps"] if one["name"] == "group:g:huadong"]
        assert (step["value"], step["threshold"], step["verdict"]) == ("60000.01", "60000", "hold")
        assert step["reason"]["code"] == "GROUP_LIMIT_EXCEEDED"
        assert held["decision"] == "held"
        assert (await office.checks("SO-3", "10000.00", customer_id="C-2"))["decision"] == "approved"
        assert (await group(office))["headroom"] == "0.00"
        assert ("credit.limits", "group.changed") in await office.published("g:huadong")
        assert ("credit.limits", "limit.changed") in await office.published("g:huadong")
        assert "group.joined" in await office.decisions("C-2")


async def test_200_checks_over_five_members_never_exceed_what_their_group_may_owe(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commanding, "TURN_SECONDS", 120.0)  # the machine may be busy with other tests
    names = [f"C-{n}" for n in range(1, 6)]
    async with grouped(database, tmp_path, *names, limit="150000.00") as office:
        orders = [(f"SO-{n}", names[n % 5], f"{1500 + 7 * n}.{n % 100:02d}") for n in range(200)]
        answers = await asyncio.gather(
            *[office.checks(order, amount, customer_id=name) for order, name, amount in orders]
        )
        approved = [
            float(amount) for (_, _, amount), one in zip(orders, answers, strict=True) if one["decision"] == "approved"
        ]
        found = await group(office)
        assert float(found["exposure"]) + float(found["reserved"]) <= 150_000
        assert abs(50_000 + sum(approved) - float(found["exposure"]) - float(found["reserved"])) < 0.005
        assert float(found["headroom"]) < 2900, "and nothing is left that one more would have got"
        held = [one for one in answers if one["decision"] == "held"]
        assert {s["name"] for one in held for s in one["steps"] if s["verdict"] == "hold"} == {"group:g:huadong"}


async def test_nobody_declares_a_group_alone_and_what_cannot_be_is_named(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as office:
        body = {**GROUP, "join": [{"customer_id": "C-1"}, {"customer_id": "C-2"}]}
        asked = await asks(office, "groups", body, "k")
        own = await office.approves(asked, who="li")
        assert (own.status_code, rule(own)) == (409, "APPROVAL_OWN_REQUEST")
        assert (await office.does("GET", "groups/g:huadong")).status_code == 404, "asked for, not declared"
        stranger = await office.does(
            "POST", "groups", {**body, "join": [{"customer_id": "C-7"}]}, key="s", role="sales"
        )
        assert (stranger.status_code, stranger.json()["errors"][0]["pointer"]) == (422, "/join")
        other = await office.does("POST", "groups", {**body, "lead": "C-9"}, key="l", role="sales")
        assert (other.status_code, rule(other)) == (409, "GROUP_LEAD_UNKNOWN")
        nowhere = await office.does("POST", "limits/g:nobody/requests", {
            "kind": "policy", "amount": "1.00", "currency": "CNY", "reason": "x", "evidence": "y"
        }, key="n", role="sales")  # fmt: skip
        assert nowhere.status_code == 404


@covers("LT-54")
async def test_a_group_above_its_limit_is_said_once_and_held_orders_of_members_wait_for_its_room(
    database: str, tmp_path: Path
) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2", limit="50000.00") as office:
        attending = attending_of(office)
        assert (await office.checks("SO-1", "30000.00"))["decision"] == "approved"
        assert (await office.checks("SO-2", "30000.00", customer_id="C-2"))["decision"] == "held"
        assert (await office.checks("SO-3", "20000.00"))["decision"] == "held"
        await attending(office.pool)
        assert len(await holds(office)) == 2, "there is no room for either"
        await office.checks("SO-1", "1.00", kind="release")
        assert len(await holds(office)) == 2, "the customer alone lets nothing go: others of its group may wait longer"
        await attending(office.pool)
        assert [one["order_id"] for one in await holds(office)] == ["SO-2"], "of two of one day the first customer"
        assert (await group(office))["headroom"] == "10000.00"
        for name in ("SO-1", "SO-2", "SO-3"):
            await office.checks(name, "1.00", kind="release", customer_id="C-2" if name == "SO-2" else "C-1")
        await office.has_a_limit("15000.00", customer="g:huadong")
        await attending(office.pool)
        assert await attending(office.pool) <= 1, "what it said itself is all that moved"
        assert await attending(office.pool) == 0
        said = [name for _, name in await office.published("g:huadong") if name.startswith("limit.")]
        assert said == ["limit.changed", "limit.changed", "limit.breached", "limit.watched"]
        found = (await office.does("GET", "exposures/C-2")).json()["groups"]
        assert [(one["group_id"], one["is_breached"], one["headroom"]) for one in found] == [
            ("g:huadong", True, "-5000.00")
        ]


async def test_members_come_and_go_by_date_and_a_group_can_be_looked_at_as_of_any_day(
    database: str, tmp_path: Path
) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2", limit="50000.00") as office:
        later = (DAY + timedelta(days=3)).isoformat()
        change = {"leave": [{"customer_id": "C-2", "on": later}], "name": "东方集团", "reason": "sold", "evidence": "x"}
        await office.approves(await asks(office, "groups/g:huadong/changes", change, "c"))
        now, then = await group(office), await group(office, as_of=later)
        assert (now["name"], now["exposure"], [one["until"] for one in now["members"]]) == (
            "东方集团", "20000.00", [None, later]
        )  # fmt: skip
        assert (then["exposure"], [one["customer_id"] for one in then["members"]]) == ("10000.00", ["C-1"])
        assert (await group(office, as_of=DAY.isoformat()))["exposure"] == "20000.00", "folded, and the same"
        gone = await office.does("GET", f"exposures/C-2?as_of={later}")
        assert gone.json()["groups"] == []
        end = {"reason": "no control any more", "evidence": "register 13"}
        await office.approves(await asks(office, "groups/g:huadong/end", end, "e"))
        assert (await office.does("GET", "groups")).json()["groups"] == []
        assert (await office.checks("SO-9", "90000.00"))["decision"] == "held", "its own document share"
        steps = (await office.checks("SO-9", "90000.00", kind="query"))["steps"]
        assert not [one for one in steps if one["name"].startswith("group:")]
        again = await office.does("POST", "groups/g:huadong/end", end, key="e2", role="sales")
        assert (again.status_code, rule(again)) == (409, "GROUP_ENDED_BEFORE")


async def test_what_is_kept_of_a_group_follows_from_its_log(database: str, tmp_path: Path) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2", limit="50000.00") as office:
        await office.checks("SO-1", "30000.00")
        await attending_of(office)(office.pool)
        brain = office.app.state.ports.command.brain
        proof = await prove(database, brain, ["C-1", "C-2", "g:huadong"])
        assert (proof.findings, proof.customers) == ([], 3)
        await office.pool.execute("update groups set name = 'x'")
        (found,) = (await prove(database, brain, ["g:huadong"])).findings
        assert (found.customer, found.kept) == ("g:huadong", "x")


async def test_who_sees_some_customers_sees_no_group(database: str, tmp_path: Path) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2") as office:
        limited = {"limits": {"regions": ["east"]}}
        for path in ("groups", "groups/g:huadong"):
            assert (await office.does("GET", path, **limited)).status_code == 404
        body = {"kind": "policy", "amount": "1.00", "currency": "CNY", "reason": "x", "evidence": "y"}
        answer = await office.does("POST", "limits/g:huadong/requests", body, key="z", role="sales", **limited)
        assert answer.status_code == 404


@covers("LT-02", "LT-45", "LT-41")
async def test_the_use_of_the_budget_and_who_has_how_much_of_it_are_read_and_warned_of(
    database: str, tmp_path: Path
) -> None:
    async with grouped(database, tmp_path, "C-1", "C-2") as office:
        for partition in range(12):  # the worker would have kept it in every partition
            await kept(office.pool, f"~reference/{partition}", budget(partition, "50000"))
        before = await office.checks("SO-1", "20000.00", salesperson="wang")
        assert not [one for one in before["steps"] if one["name"] in {"budget", "concentration"} and one["value"]]
        await attending_of(office)(office.pool)
        found = (await office.does("GET", "portfolio")).json()
        assert (found["used"], found["budget"]["share"], found["budget"]["mark"]) == ("40000.00", "0.8", None)
        assert [(one["name"], one["share"], one["mark"]) for one in found["largest"]] == [
            ("C-1", "0.75", "breach"), ("C-2", "0.25", "breach")
        ]  # fmt: skip
        assert (found["hhi"], found["hhi_mark"], found["top_share"]) == ("0.625", "breach", "1")
        assert [(one["name"], one["share"]) for one in found["groups"]] == [("g:huadong", "1")]
        assert [(one["name"], one["mark"]) for one in found["regions"]] == [("east", "watch"), ("west", None)]
        assert found["salespeople"] == [{"name": "wang", "used": "20000.00", "share": "0.5", "mark": "watch"}]
        assert (found["industries"], found["product_groups"]) == ([], [])
        told = await office.checks("SO-2", "5000.00", customer_id="C-2", kind="query")
        steps = {one["name"]: (one["value"], one["threshold"], one["verdict"]) for one in told["steps"]}
        assert steps["budget"] == ("0.9", "0.85", "warn")
        assert steps["concentration"] == ("0.333333333", "0.15", "warn")
        assert steps["concentration:g:huadong"] == ("1", "0.2", "warn")
        assert told["decision"] == "approved", "they warn, and bind nobody"
        limited = await office.does("GET", "portfolio", limits={"regions": ["east"]})
        assert limited.status_code == 404


def budget(partition: int, total: str) -> list[Event]:
    said = Story(partition, "~reference").tell(
        "reference.published", DAY, series="own_budget", as_of=DAY.isoformat(), values={"total": total}
    )
    return [said]
