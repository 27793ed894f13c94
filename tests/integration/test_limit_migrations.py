"""Limits taken over from another system: at once, by a risk manager, every refusal named, and the same again is nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_exposure_api import DAY, Office, opened
from tests.support.covers import covers

covers("AP-11", "DP-11")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(240)]

ROW = {"customer_id": "C-1", "kind": "policy", "amount": "100000.00", "currency": "CNY", "valid_from": "2026-01-01"}
UNTIL = f"{DAY + timedelta(days=200)}"


@pytest.fixture
async def office(database: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(database, tmp_path) as one:
        yield one


async def takes(office: Office, *rows: dict[str, str], dry_run: bool = False, **more: Any) -> list[dict[str, Any]]:
    body = {"rows": list(rows), "evidence": "minutes 3", "dry_run": dry_run}
    answer = await office.does("POST", "limits/migrations", body, role="risk_manager", who="chen", **more)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def test_a_limit_holds_at_once_and_says_who_took_it_over(office: Office) -> None:
    (dry,) = await takes(office, ROW, dry_run=True)
    assert dry["state"] == "granted"
    assert await office.decisions() == []
    (row,) = await takes(office, ROW)
    assert row["state"] == "granted"
    assert await office.decisions() == ["limit.granted", "limit.changed"]
    seen = (await office.does("GET", "exposures/C-1")).json()
    (limit,) = seen["limits"]
    assert seen["limit"] == "100000.00"
    assert (limit["by"], limit["reason"], limit["valid_from"], limit["limit_id"]) == (
        "chen", "migration: minutes 3", "2026-01-01", row["limit_id"]
    )  # fmt: skip


async def test_the_same_again_is_nothing_and_what_was_ended_does_not_come_back(office: Office) -> None:
    await takes(office, ROW)
    before = await office.decisions()
    assert [one["state"] for one in await takes(office, ROW, {**ROW, "amount": "100000"})] == ["unchanged"] * 2
    assert await office.decisions() == before
    (other,) = await takes(office, {**ROW, "amount": "150000.00", "valid_to": UNTIL})
    assert other["state"] == "granted"
    assert (await office.decisions()).count("limit.ended") == 1, "one policy limit"
    assert [one["state"] for one in await takes(office, ROW)] == ["ended"]
    assert (await office.does("GET", "exposures/C-1")).json()["limit"] == "150000.00"


async def test_a_limit_that_people_granted_is_recognised(office: Office) -> None:
    await office.has_a_limit("90000.00")
    (limit,) = (await office.does("GET", "exposures/C-1")).json()["limits"]
    row = {name: limit[name] for name in ("kind", "amount", "currency", "valid_from", "valid_to", "share")}
    assert [one["state"] for one in await takes(office, {"customer_id": "C-1", **row})] == ["unchanged"]


async def test_every_cell_that_is_wrong_is_named_in_both_languages(office: Office) -> None:
    wrong = {"customer_id": "C-1", "kind": "big", "amount": "1.234", "currency": "CNY", "valid_from": "1.2.2026",
             "valid_to": "2026-02-30", "share": "2"}  # fmt: skip
    past = {**ROW, "valid_to": f"{DAY - timedelta(days=1)}"}
    found = await takes(office, ROW, wrong, {**ROW, "customer_id": "C-404"}, past, {**ROW, "currency": "XXX"})
    assert [one["state"] for one in found] == ["granted", *["refused"] * 4]
    assert {(one["column"], one["rule"]) for one in found[1]["errors"]} == {
        ("kind", "choice"), ("amount", "scale"), ("valid_from", "date"), ("valid_to", "date"), ("share", "range")
    }  # fmt: skip
    assert [(found[at]["errors"][0]["column"], found[at]["errors"][0]["rule"]) for at in (2, 3, 4)] == [
        ("customer_id", "LIMIT_STRANGER"),
        ("valid_to", "LIMIT_PERIOD_OVER"),
        ("currency", "currency"),
    ]
    assert all(error["en"] != error["zh"] for one in found for error in one["errors"])


async def test_a_sub_limit_and_a_cover_are_taken_over_with_what_they_are_for(office: Office) -> None:
    sub = {**ROW, "kind": "management", "amount": "500.00", "company": "1000"}
    cover = {**ROW, "kind": "insured", "amount": "1000.00", "share": "0.9"}
    assert [one["state"] for one in await takes(office, ROW, sub, cover)] == ["granted"] * 3
    seen = (await office.does("GET", "exposures/C-1")).json()
    assert seen["limit"] == "100900.00"
    assert [(one["place"], one["limit"]) for one in seen["sub_limits"]] == [({"company": "1000"}, "500.00")]


async def test_nobody_else_may_and_nobody_sees_more_than_his_own(office: Office) -> None:
    body = {"rows": [ROW], "evidence": "minutes 3"}
    for role in ("sales", "credit_manager", "general_manager", "integrator"):
        assert (await office.does("POST", "limits/migrations", body, role=role)).status_code == 403, role
    (row,) = await takes(office, ROW, limits={"regions": ["west"]})
    assert [one["rule"] for one in row["errors"]] == ["LIMIT_STRANGER"]
