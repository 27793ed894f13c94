"""Reports of a day over real logs: the sums are those of the documents, in both languages, as a table and as a workbook."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from typer.testing import CliRunner, Result

from gradeline.main import build
from shared.core.envelope import Event
from tests.integration.test_exposure_machine import house
from tests.support.covers import covers
from tests.support.customer import Customer
from tests.support.machine import DAY, PARTITIONS, FakeLog, drain, make_worker, store
from tests.support.parts import run_apart

covers("MN-54", "DP-06", "DP-07")

pytestmark = [pytest.mark.parts, pytest.mark.timeout(240)]


def facts() -> list[Event]:
    """A owes company 1 what is 10 and 61 days late, and company 2 what nobody sold; B owes dollars in the north."""
    a, b = Customer("A"), Customer("B")
    a.registered("2025-01-02", region="south", currency="CNY")
    a.invoice("A1", "100.00", "2026-01-20", due="2026-02-20", company="1", salesperson="li")
    a.invoice("A2", "40.00", "2025-11-01", due="2025-12-31", company="1", salesperson="wu", region="west")
    a.invoice("A3", "7.50", "2026-02-28", due="2026-03-30", company="2")
    a.pays("P1", "30.00", "2026-02-25", for_={"A1": "30.00"})
    a.pays("P2", "5.00", "2026-02-26")
    b.registered("2025-01-02", region="north", currency="USD")
    b.invoice("B1", "70.00", "2026-02-01", due="2026-03-01", currency="USD", company="1", salesperson="li")
    return [*a.events, *b.events]


async def _kept(dsn: str, events: Sequence[Event]) -> None:
    async with store(dsn) as pool:
        log = FakeLog()
        log.add(*events)
        await drain(make_worker(pool, log))
    async with house(dsn) as one:
        one.facts.add(*events)
        await drain(one.worker)
        await one.grants("1000.00", "A")


@pytest.fixture
def booked(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    run_apart(_kept(database, facts()))
    monkeypatch.setenv("GRADELINE_POSTGRES", database)
    monkeypatch.setenv("GRADELINE_PARTITIONS", f"{PARTITIONS}")
    return database


def run(*words: str, language: str = "en") -> Result:
    done = CliRunner().invoke(build(), words, env={"COLUMNS": "250", "GRADELINE_LANGUAGE": language})
    assert done.exit_code == 0, done.output
    return done


def told(kind: str, by: str, as_of: date = DAY) -> Any:
    return json.loads(run("report", kind, "--as-of", f"{as_of}", "--by", by, "--processes", "1", "--json").stdout)


def rows(said: Any, *names: str) -> list[tuple[Any, ...]]:
    """Of C-1, whom the house has besides, nothing is said here."""
    return [tuple(row[name] for name in names) for row in said["rows"] if row.get("customer") != "C-1"]


def test_ageing_adds_up_by_customer_and_by_what_documents_say(booked: str) -> None:
    names = ("currency", "not_due", "1_30", "61_90", "owed", "apart")
    by_customer = rows(told("ageing", "customer"), "customer", *names)
    assert by_customer == [
        ("A", "CNY", "7.50", "70.00", "40.00", "117.50", "5.00"),
        ("B", "USD", "0.00", "70.00", "0.00", "70.00", "0.00"),
    ]  # fmt: skip
    sold = told("ageing", "salesperson")
    by = {(row["salesperson"], row["currency"]): row["owed"] for row in sold["rows"]}
    assert (by["li", "CNY"], by["li", "USD"], by["wu", "CNY"]) == ("70.00", "70.00", "40.00")
    assert by["(not told)", "CNY"] == "7.50"
    assert "name no salesperson" in sold["about"]["not told"]
    regions = {(row["region"], row["currency"]): row["owed"] for row in told("ageing", "region")["rows"]}
    assert (regions["west", "CNY"], regions["south", "CNY"], regions["north", "USD"]) == ("40.00", "77.50", "70.00")
    for by_what in ("customer", "salesperson", "region", "company"):
        total = {row["currency"]: row["owed"] for row in told("ageing", by_what)["totals"]}
        assert total == {"CNY": "117.50", "USD": "70.00"}, by_what


def test_a_past_day_is_reported_as_it_was(booked: str) -> None:
    said = told("ageing", "customer", date(2026, 2, 10))
    assert rows(said, "customer", "not_due", "31_60", "owed") == [
        ("A", "100.00", "40.00", "140.00"),
        ("B", "70.00", "0.00", "70.00"),
    ]


def test_overdue_names_what_is_late_and_how_long(booked: str) -> None:
    said = told("overdue", "company")
    assert rows(said, "company", "currency", "overdue", "documents", "days", "oldest") == [
        ("1", "CNY", "110.00", 2, 61, "2025-12-31"),
        ("1", "USD", "70.00", 1, 1, "2026-03-01"),
    ]
    assert [row["owed"] for row in said["totals"]] == ["117.50", "70.00"]


def test_exposure_stands_beside_the_limit_and_is_the_same_by_region(booked: str) -> None:
    said = told("exposure", "customer")
    assert rows(said, "customer", "overdue", "not_due", "exposure", "limit", "headroom") == [
        ("A", "110.00", "7.50", "117.50", "1000.00", "882.50"),
        ("B", "70.00", "0.00", "70.00", None, "-70.00"),
    ]
    by = {(row["region"], row["currency"]): row["exposure"] for row in told("exposure", "region")["rows"]}
    assert by == {("north", "USD"): "70.00", ("south", "CNY"): "77.50", ("west", "CNY"): "40.00"}


def test_grades_count_each_customer_once_in_all(booked: str) -> None:
    said = told("grades", "company")
    rows_ = {row["company"]: row["customers"] for row in said["rows"]}
    assert (rows_["1"], rows_["2"]) == (2, 1)
    assert said["totals"][0]["customers"] == 2
    each = told("grades", "customer")["rows"]
    assert [row["customer"] for row in each] == ["A", "B"]


def test_the_workbook_has_real_numbers_and_dates_and_speaks_chinese(booked: str, tmp_path: Path) -> None:
    file = tmp_path / "overdue.xlsx"
    shown = run("report", "overdue", "--as-of", f"{DAY}", "--xlsx", str(file), "--processes", "1", language="zh").stdout
    assert "逾期" in shown
    assert "最早到期日" in shown
    book = python_calamine.load_workbook(str(file))
    head, first, *_, last = book.get_sheet_by_index(0).to_python()
    assert head[:3] == ["客户", "币种", "逾期"]
    assert first[:6] == ["A", "CNY", 110.0, 2.0, 61.0, date(2025, 12, 31)]
    assert last[:3] == ["合计", "USD", 70.0]


def test_a_customer_is_shown_by_category_and_its_documents_below(booked: str) -> None:
    said = json.loads(run("exposure", "show", "A", "--json").stdout)
    assert (said["exposure"], said["limit"], said["headroom"]) == ("117.50", "1000.00", "882.50")
    table = run("exposure", "show", "A", language="zh").stdout
    assert "可用额度: 882.50" in table
    documents = run("exposure", "show", "A", "--category", "overdue").stdout
    assert "A1" in documents
    assert "A3" not in documents
    top = json.loads(run("exposure", "show", "top", "--by", "overdue", "--json").stdout)["rows"]
    assert [row["customer_id"] for row in top] == ["A", "B"]
    gone = CliRunner().invoke(build(), ["exposure", "show", "NOBODY"])
    assert gone.exit_code == 2
