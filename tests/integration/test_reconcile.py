"""`gradeline reconcile` over a real log: what customers owe on a day, beside another system's books."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from typer.testing import CliRunner, Result

from gradeline.main import build
from shared.core.envelope import Event
from shared.core.events.customer import CustomerLinked
from shared.edge.store import intake
from shared.edge.store.pool import transaction
from tests.support.covers import covers
from tests.support.customer import Customer
from tests.support.machine import AT, PARTITIONS, FakeLog, drain, event, invoice, make_worker, store
from tests.support.parts import run_apart
from tests.support.workbooks import written

covers("MN-47")


def facts() -> list[Event]:
    """A owes 100 − 30 to company 1 and 40 to company 2, has paid 5 ahead; B's 70 are credited by 20; C has paid all."""
    a, b, c = Customer("A"), Customer("B"), Customer("C")
    a.invoice("A1", "100.00", "2026-01-05", company="1")
    a.invoice("A2", "40.00", "2026-01-06", company="2")
    a.pays("P1", "30.00", "2026-01-20", for_={"A1": "30.00"}, company="1")
    a.pays("P2", "5.00", "2026-01-21", purpose="prepayment", company="1")
    b.invoice("B1", "70.00", "2026-01-05", currency="USD", company="1")
    b.books("credit_note", "B2", "20.00", "2026-01-07", currency="USD", company="1")
    c.invoice("C1", "9.00", "2026-01-05", company="1")
    c.pays("P3", "9.00", "2026-02-02", for_={"C1": "9.00"}, company="1")
    return [*a.events, *b.events, *c.events]


async def _kept(dsn: str, events: Sequence[Event], waiting: Sequence[Event]) -> None:
    async with store(dsn) as pool:
        log = FakeLog()
        log.add(*events)
        await drain(make_worker(pool, log))
        if waiting:
            await intake.accept(pool, waiting, now=AT, partitions=PARTITIONS, sealer=None)


@pytest.fixture
def booked(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    run_apart(_kept(database, facts(), []))
    monkeypatch.setenv("GRADELINE_POSTGRES", database)
    return database


def reconcile(path: Path, *more: str, as_of: str = "2026-01-31") -> Result:
    words = ["reconcile", str(path), "--as-of", as_of, "--processes", "1", *more]
    return CliRunner().invoke(build(), words, env={"COLUMNS": "200"})


def told(path: Path, *more: str, as_of: str = "2026-01-31") -> tuple[int, dict[str, Any], list[tuple[Any, ...]]]:
    result = reconcile(path, "--json", *more, as_of=as_of)
    assert result.stdout, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    lines = [
        (line["customer"], line["company"], line["currency"], line["ours"], line["theirs"], line["result"])
        for line in said["lines"]
    ]
    return result.exit_code, said, lines


def balances(folder: Path, *rows: Sequence[Any]) -> Path:
    return written(
        folder / "balances.xlsx",
        [["客户余额表"], [], ["客户编码", "公司", "币种", "期末余额"], *rows, ["合计", None, None, 1]],
    )


ALL = (["A", "1", "CNY", 70], ["A", "2", "CNY", 40], ["B", "1", "USD", 50], ["C", "1", "CNY", 9])


def test_it_ends_with_0_only_where_every_account_is_equal(booked: str, tmp_path: Path) -> None:
    status, said, lines = told(balances(tmp_path, *ALL))
    assert status == 0
    assert lines == [
        ("A", "1", "CNY", "70.00", "70", "equal"), ("A", "2", "CNY", "40.00", "40", "equal"),
        ("B", "1", "USD", "50.00", "50", "equal"), ("C", "1", "CNY", "9.00", "9", "equal"),
    ]  # fmt: skip
    assert (said["equal"], said["by_company"], said["skipped"], said["waiting"]) == (True, True, {"合计": 1}, 0)
    assert said["totals"]["CNY"] == {"ours": "119.00", "theirs": "119", "difference": "0.00"}


def test_each_difference_is_a_line_and_the_report_is_a_sheet(booked: str, tmp_path: Path) -> None:
    path = balances(
        tmp_path, ["A", "1", "CNY", 71.5], ["B", "1", "USD", 50], ["D", "1", "CNY", 3], ["C", "1", "CNY", 9]
    )
    report = tmp_path / "report.xlsx"
    status, said, lines = told(path, "--report", str(report))
    assert status == 1
    assert [line for line in lines if line[-1] != "equal"] == [
        ("A", "1", "CNY", "70.00", "71.5", "different"), ("A", "2", "CNY", "40.00", "0", "different"),
        ("D", "1", "CNY", None, "3", "missing_here"),
    ]  # fmt: skip
    assert said["results"] == {"equal": 2, "different": 2, "missing_here": 1, "missing_there": 0, "unread": 0}
    sheet = list(python_calamine.load_workbook(report).get_sheet_by_index(0).iter_rows())
    assert sheet[1] == ["A", "1", "CNY", 70.0, 71.5, -1.5, "different 不一致", 4.0]
    assert sheet[5][:7] == ["D", "1", "CNY", "", 3.0, -3.0, "missing here 我方缺少"]
    summary = {str(row[0]): row[1] for row in python_calamine.load_workbook(report).get_sheet_by_index(1).iter_rows()}
    assert summary["different 不一致"] == 2.0
    shown = reconcile(path)
    assert (shown.exit_code, "missing here 我方缺少" in shown.output) == (1, True)
    assert "ours 我方 119.00, theirs 对方 83.5, difference 差额 35.50" in shown.output


def test_a_customer_that_only_we_have_is_missing_there_as_of_the_day(booked: str, tmp_path: Path) -> None:
    path = balances(tmp_path, *ALL[:3])
    assert told(path)[2][-1] == ("C", "1", "CNY", "9.00", None, "missing_there")
    status, _, lines = told(path, as_of="2026-02-28")
    assert (status, len(lines)) == (0, 3), "paid in February, so there is nothing to miss"
    status, _, lines = told(path, as_of="2026-01-05")
    assert (status, lines[0]) == (1, ("A", "1", "CNY", "100.00", "70", "different"))


def test_without_companies_on_one_side_they_are_added_up_and_that_is_said(booked: str, tmp_path: Path) -> None:
    path = written(
        tmp_path / "x.xlsx", [["客户编码", "币种", "期末余额"], ["A", None, 110], ["B", "美元", 50], ["C", "人民币", 9]]
    )
    status, said, lines = told(path)
    assert (status, said["by_company"], len(lines)) == (0, False, 3)
    assert "the file tells no companies apart" in str(said["notes"])
    assert "文件未区分公司" in str(said["notes"])


def test_rows_that_cannot_be_read_end_with_3_though_all_else_is_equal(booked: str, tmp_path: Path) -> None:
    status, said, _ = told(balances(tmp_path, *ALL, ["E", "1", "CNY", "about 5"]))
    assert (status, said["equal"], said["rows_refused"]) == (3, False, 1)
    assert said["refusals"][0][:3] == [8, "期末余额", "amount"]


def test_ids_of_the_other_system_mean_the_customers_they_are_linked_to(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked = event("A", "l1", CustomerLinked(other_source="/trial-balance", other_id="KH-7"))
    run_apart(_kept(database, [*facts(), linked], []))
    run_apart(_claims(database))
    monkeypatch.setenv("GRADELINE_POSTGRES", database)
    status, _, lines = told(balances(tmp_path, ["KH-7", "1", "CNY", 70], *ALL[1:]))
    assert (status, lines[0][0]) == (0, "A")


async def _claims(dsn: str) -> None:
    """What the worker's projection keeps of a link."""
    async with transaction(dsn, schema="rating", isolation="read_committed") as connection:
        await connection.execute(
            "insert into aliases (other_source, other_id, customer_id, day, at, source, id) "
            "values ('/trial-balance', 'KH-7', 'A', 1, 1, '/erp', 'l1')"
        )


def test_what_is_accepted_and_not_applied_is_said(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_apart(_kept(database, facts(), [invoice("Z", 1)]))
    monkeypatch.setenv("GRADELINE_POSTGRES", database)
    status, said, _ = told(balances(tmp_path, *ALL))
    assert (status, said["waiting"]) == (0, 1)
    assert "1 accepted facts are not in our books yet" in str(said["notes"])


def test_prepayments_count_where_the_mapping_says_that_they_are_in_the_account(booked: str, tmp_path: Path) -> None:
    shipped = CliRunner().invoke(build(), ["mappings", "trial-balance"]).output
    (tmp_path / "ours.yaml").write_text(shipped + "  prepayments: included\n")
    path = balances(tmp_path, ["A", "1", "CNY", 65], *ALL[1:])
    assert told(path, "--mapping", str(tmp_path / "ours.yaml"))[0] == 0
    assert told(path)[0] == 1


def test_several_processes_say_the_same(booked: str, tmp_path: Path) -> None:
    assert told(balances(tmp_path, *ALL), "--processes", "2")[0] == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--report", "x.csv"], "name it .xlsx"),
        (["--mapping", "kingdee-receipts"], "lacks"),
        (["--mapping", "nothing"], "there is no mapping"),
    ],
)
def test_wrong_use_ends_with_2(booked: str, tmp_path: Path, more: list[str], message: str) -> None:
    result = reconcile(balances(tmp_path, *ALL), *more)
    assert (result.exit_code, message in result.output) == (2, True), result.output


def test_without_a_database_it_ends_with_2_and_with_one_that_is_away_with_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADELINE_POSTGRES", raising=False)
    monkeypatch.setenv("GRADELINE_DATA", str(tmp_path / "none"))
    path = balances(tmp_path, *ALL)
    assert reconcile(path).exit_code == 2
    monkeypatch.setenv("GRADELINE_POSTGRES", "postgresql://nobody@127.0.0.1:1/x")
    assert reconcile(path).exit_code == 4
