"""Customers are written to from real logs: once a step, where they want it, and only where it is switched on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from gradeline.main import build
from services.alerts.core.message import Message
from shared.core.events.approval import ApprovalGranted, ApprovalRequested
from shared.edge.store.migrate import upgraded
from shared.edge.store.pool import open_pool
from tests.integration.test_reports import booked
from tests.support.alert_house import house
from tests.support.covers import covers
from tests.support.machine import DAY
from tests.support.parts import run_apart

covers("AL-07", "AL-14", "DN-02", "DN-03")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(240)]
__all__ = ["booked"]

CONTACTS = "客户,邮箱,语言\nA,pay@a.example,zh\nA,boss@a.example,en\nB,b@b.example,en\n"


def run(*words: str) -> Any:
    return CliRunner(env={"GRADELINE_LANGUAGE": "en"}).invoke(build(), ["remind", *words])


def told(dsn: str) -> list[Message]:
    async def read() -> list[Message]:
        pool = await open_pool(dsn, schema="alerts", size=1)
        try:
            rows = await pool.fetch("select message from messages order by address")
            return [msgspec.json.decode(row["message"], type=Message) for row in rows]
        finally:
            await pool.close()

    return run_apart(read())


def test_nobody_is_written_to_until_companies_are_named_and_then_once_a_step(
    booked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_apart(upgraded(booked, "alerts"))
    file = tmp_path / "contacts.csv"
    file.write_text(CONTACTS, "utf-8")
    assert run("contacts", str(file)).exit_code == 0
    off = run("send")
    assert (off.exit_code, "GRADELINE_REMIND_COMPANIES" in off.output) == (2, True)

    monkeypatch.setenv("GRADELINE_REMIND_COMPANIES", "1")
    dry = json.loads(run("send", "--dry-run", "--processes", "1", "--json").stdout)
    assert (dry["messages"], dry["customers"], dry["documents"], dry["unreachable"]) == (3, 2, 2, [])
    assert told(booked) == []
    for _ in range(2):
        assert run("send", "--processes", "1").exit_code == 0
    sent = told(booked)
    assert [(one.address, one.language) for one in sent] == [
        ("b@b.example", "en"), ("boss@a.example", "en"), ("pay@a.example", "zh"),
    ]  # fmt: skip
    assert [row["document"] for row in sent[2].notices[0].rows] == ["A1"], (
        "61 days is no step, and A3 is of another company"
    )
    assert sent[0].notices[0].rows[0]["currency"] == "USD"

    file.write_text("customer,email\nA,\n", "utf-8")
    assert run("contacts", str(file)).exit_code == 0
    monkeypatch.setenv("GRADELINE_REMIND_COMPANIES", "*")
    again = json.loads(run("send", "--processes", "1", "--json").stdout)
    assert (again["messages"], again["unreachable"]) == (0, [])


async def test_an_erasure_that_was_granted_takes_the_addresses_of_the_customer_away(database: str) -> None:
    async with house(database) as one:
        await one.pool.execute(
            "insert into customer_contacts values ('C-1', 'a@a.example', 'zh', 'x', now()), ('C-2', 'b@b.example', 'zh', 'x', now())"
        )
        about: dict[str, Any] = {"as_of": DAY, "cause": "override", "labels": {}, "approval_id": "E1", "kind": "erasure",
                                 "payload_sha256": "0" * 64, "step": 1, "role": "privacy_officer"}  # fmt: skip
        await one.hears(ApprovalRequested(**about, by="a", roles=("privacy_officer",)))
        assert await one.pool.fetchval("select count(*) from customer_contacts") == 2
        await one.hears(ApprovalGranted(**about, by="b"))
        assert await one.pool.fetchval("select string_agg(customer, ',') from customer_contacts") == "C-2"
