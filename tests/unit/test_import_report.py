"""The report: the same sheet with a comment on each refused cell, in both languages, and a summary beside it."""

from __future__ import annotations

import ast
import csv
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import python_calamine
from typer.testing import CliRunner, Result

from gradeline.importing import sheet_report
from gradeline.importing.report import unformula
from gradeline.importing.words import RULES, in_chinese
from gradeline.main import build
from shared.edge.codes import MEANINGS
from tests.architecture.tree import python
from tests.support.ledger_mapping import CHINESE, COLUMNS, csv_of
from tests.support.workbooks import written

ROWS: list[list[Any]] = [
    ["应收明细表"], [], list(COLUMNS), ["C1", "A1", date(2024, 1, 5), 1234.5], ["C1", "A2", "5/1/2024", -3, date(2024, 2, 5)],
    ["C1", "小计", None, 9], ["C2", None, date(2024, 1, 6), "=1+1"], ["C2", "A4", date(2024, 1, 6), 1],
]  # fmt: skip


def dry_run(tmp_path: Path, path: Path, *reports: Path, text: str = CHINESE) -> Result:
    (tmp_path / "ours.yaml").write_text(text)
    words = ["import", str(path), "--mapping", str(tmp_path / "ours.yaml"), "--dry-run"]
    words += [word for report in reports for word in ("--report", str(report))]
    return CliRunner().invoke(build(), words, env={"COLUMNS": "220"})


def sheet(path: Path, at: int = 0) -> list[list[Any]]:
    return list(python_calamine.load_workbook(path).get_sheet_by_index(at).iter_rows())


def comments(path: Path) -> str:
    with ZipFile(path) as book:
        return book.read("xl/comments1.xml").decode()


def test_the_report_is_the_same_sheet_with_a_comment_on_each_refused_cell(tmp_path: Path) -> None:
    report = tmp_path / "back.xlsx"
    result = dry_run(tmp_path, written(tmp_path / "x.xlsx", ROWS), report)
    assert result.exit_code == 3, result.output
    there = sheet(report)
    assert there[0][0] == "应收明细表"
    assert there[2][:5] == list(COLUMNS)
    assert there[3][:4] == ["C1", "A1", date(2024, 1, 5), 1234.5]
    assert there[4][:5] == ["C1", "A2", "5/1/2024", -3.0, date(2024, 2, 5)]
    assert there[6][3] == "=1+1", "text stays text, whatever it begins with"
    said = comments(report)
    for place in ("C5", "D5", "B7", "D7"):
        assert f'ref="{place}"' in said
    assert said.count("<comment ") == 4
    assert "may begin with the day or the month" in said
    assert "无法判断日与月的先后" in said
    summary = {str(row[0]): row[1:] for row in sheet(report, 1)}
    assert summary["rows 数据行"][0] == 4.0
    assert summary["rows refused 被拒行"][0] == 2.0
    assert summary["passed over 跳过 小计"][0] == 1.0
    assert summary["date-order"] == [1.0, in_chinese("date-order"), ""]
    assert summary["5"][0] == "金额"
    assert "sheet 'Sheet1'" in str(sheet(report, 1))


def test_the_corrected_report_can_be_imported_as_it_is(tmp_path: Path) -> None:
    report = tmp_path / "back.xlsx"
    dry_run(tmp_path, written(tmp_path / "x.xlsx", [*ROWS[:4], ROWS[7]]), report)
    result = dry_run(tmp_path, report)
    assert result.exit_code == 0, result.output
    assert "2 rows, 2 customers, 0 rows refused" in result.output


def test_both_reports_of_a_delimited_file_say_the_same(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "C1,A1,2024-01-05,x,", "C1,A2,2024-01-05,10", "C1,A3,2024-01-05,10,", encoding="gb18030")
    text, back = tmp_path / "back.csv", tmp_path / "back.xlsx"
    result = dry_run(tmp_path, path, text, back)
    assert result.exit_code == 3, result.output
    assert "found: read as GB18030" in result.output
    with text.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["row"], line["column"], line["rule"]) for line in lines] == [
        ("2", "金额", "amount"),
        ("3", "", "row"),
    ]
    assert [line["message_zh"] for line in lines] == [in_chinese("amount"), in_chinese("row")]
    assert 'ref="D2"' in comments(back)
    assert 'ref="A3"' in comments(back), "what is wrong with a row stands at its beginning"
    assert sheet(back)[1][:4] == ["C1", "A1", "2024-01-05", "x"]


def test_reports_are_one_of_each_kind_and_can_be_written(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "C1,A1,2024-01-05,x,")
    result = dry_run(tmp_path, path, tmp_path / "a.xlsx", tmp_path / "b.xlsx")
    assert (result.exit_code, "once for the text" in result.output) == (2, True)
    result = dry_run(tmp_path, path, tmp_path / "no" / "a.xlsx")
    assert (result.exit_code, "cannot be written" in result.output) == (2, True)


@pytest.mark.parametrize("name", ["ours.csv", "other.csv", "link.xlsx"])
def test_a_report_never_overwrites_the_file_it_is_about(tmp_path: Path, name: str) -> None:
    path = csv_of(tmp_path, "C1,A1,2024-01-05,1,")
    before = path.read_bytes()
    (tmp_path / "other.csv").hardlink_to(path)
    (tmp_path / "link.xlsx").symlink_to(path)
    result = dry_run(tmp_path, path, tmp_path / name)
    assert (result.exit_code, "would overwrite the file itself" in result.output) == (2, True)
    assert path.read_bytes() == before


def test_a_file_that_does_not_fit_leaves_no_half_made_sheet(tmp_path: Path) -> None:
    report = tmp_path / "back.xlsx"
    assert dry_run(tmp_path, csv_of(tmp_path, header="a,b"), report).exit_code == 2
    assert not report.exists()


def test_comments_are_bounded_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_report, "COMMENTS", 3)
    report = tmp_path / "back.xlsx"
    dry_run(tmp_path, csv_of(tmp_path, *[f"C1,A{n},2024-01-05,x," for n in range(9)]), report)
    assert comments(report).count("<comment ") == 3
    assert "comments for the first 3" in str(sheet(report, 1))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_cell_of_the_text_report_is_a_formula(text: str) -> None:
    assert unformula(text) == f"'{text}"
    assert unformula("金额") == "金额"


def test_every_rule_that_may_be_reported_has_a_chinese_sentence() -> None:
    said = {
        node.value.value
        for file in python("shared", "gradeline")
        if file.path.startswith(
            ("shared/core/events", "shared/core/money", "shared/edge/refused", "gradeline/importing")
        )
        for node in file.nodes
        if isinstance(node, ast.keyword) and node.arg == "rule" and isinstance(node.value, ast.Constant)
    }
    said |= {
        node.args[1].value
        for file in python("gradeline")
        if file.path.startswith("gradeline/importing")
        for node in file.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name | ast.Attribute)
        and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) == "refused"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
    }
    assert len(said) > 15
    assert said - RULES.keys() - MEANINGS.keys() == set()
