"""Where the table of a file begins, what its columns may be called, and which rows are no data."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradeline.importing import mapping as mappings
from gradeline.importing.totals import Totals
from shared.core.errors import Misconfigured
from tests.support.ledger_mapping import CHINESE, Read, csv_of

A1 = "C1,A1,2024-01-05,10,"


def test_titles_blank_rows_and_names_with_blanks_stand_above_and_in_a_header(tmp_path: Path) -> None:
    path = csv_of(
        tmp_path, "制表单位：某公司,,,,", ",,,,", '"客户 编码",单据编号,日期,"金\n额",到期日', A1, header="应收明细表"
    )
    read = Read(path)
    assert (read.refused, list(read.facts)) == ([], ["invoice-A1"])
    assert "the header is row 4" in read.notes
    assert read.survey.rows == 1


def test_rows_are_numbered_as_in_the_spreadsheet_wherever_the_header_is(tmp_path: Path) -> None:
    read = Read(csv_of(tmp_path, "客户编码,单据号,日期,金额,到期日", A1, "C1,A2,x,10,", header="标题,,,,"))
    assert read.refused == [(4, "日期", "date")]


def test_a_name_may_stand_in_two_rows_below_a_merged_heading(tmp_path: Path) -> None:
    text = CHINESE.replace("日期, 金额]", "日期, 本期应收/原币]").replace("{money: 金额}", "{money: 本期应收/原币}")
    path = csv_of(
        tmp_path, "客户编码,单据号,日期,本期应收,,本期收回,,到期日", ",,,原币,本币,原币,本币,", "C1,A1,2024-01-05,10,70,1,7,",
        header="明细账,,,,,,,",
    )  # fmt: skip
    read = Read(path, text)
    assert read.data["invoice-A1"]["amount"] == "10"


def test_a_header_that_lacks_a_column_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"row 2 lacks 金额; use another mapping"):
        Read(csv_of(tmp_path, "客户编码,单据号,日期,到期日", header="标题,,,"))
    with pytest.raises(Misconfigured, match="names 金额 twice"):
        Read(csv_of(tmp_path, header="客户编码,单据号,日期,金额,金 额"))
    with pytest.raises(Misconfigured, match="the header lacks 客户编码, 单据号, 日期, 金额"):
        Read(csv_of(tmp_path, header=""))


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("合计,,,30,", "合计"), ("合 计：,,,30,", "合计"), (",小计,,30,", "小计"), ("C1,小计,,30,", "小计"),
        ("C1客户小计,,,30,", "小计"), ("总计(元),,,30,", "总计"), ("Total,,,30,", "Total"), ("TOTAL:,,,30,", "Total"),
        ("Sub-total,,,30,", "Sub-total"), ("Total for C1,,,30,", "Total"), ("Grand Total,,,30,", "Grand total"),
        (",,,,", "(blank)"), ("  , ,,,", "(blank)"), ("客户编码,单据号,日期,金额,到期日", "(header)"), (",,本月合计,30,", "本月合计"),
        ("合计,共3笔", "合计"),
    ],
)  # fmt: skip
def test_rows_of_sums_are_passed_over_by_name_and_counted(tmp_path: Path, row: str, name: str) -> None:
    read = Read(csv_of(tmp_path, A1, row, "C1,A2,2024-01-05,20,", row))
    assert (read.refused, sorted(read.facts)) == ([], ["invoice-A1", "invoice-A2"])
    assert dict(read.survey.skipped) == {name: 2}
    assert read.survey.rows == 2


@pytest.mark.parametrize(
    "row", ["合计科技,A3,2024-01-05,10,", "C1,Total-3,2024-01-05,10,", "Totally,A3,2024-01-05,10,"]
)
def test_a_row_that_names_its_document_is_data_whatever_else_it_says(tmp_path: Path, row: str) -> None:
    read = Read(csv_of(tmp_path, row))
    assert (len(read.facts), dict(read.survey.skipped), read.refused) == (1, {}, [])
    noted = Read(csv_of(tmp_path, "C1,A1,2024-01-05,10,,合计", header="客户编码,单据号,日期,金额,到期日,备注"))
    assert list(noted.facts) == ["invoice-A1"]


def test_a_row_without_document_that_is_no_sum_is_refused(tmp_path: Path) -> None:
    named = Read(csv_of(tmp_path, "C1,,2024-01-05,10,,Total Steel Ltd", header="客户编码,单据号,日期,金额,到期日,备注"))
    assert (named.refused[0], dict(named.survey.skipped)) == ((2, "单据号", "empty"), {})
    summed = Read(csv_of(tmp_path, "C1,,,10,,小计", header="客户编码,单据号,日期,金额,到期日,备注"))
    assert (named.refused[0], dict(summed.survey.skipped)) == ((2, "单据号", "empty"), {"小计": 1})
    read = Read(csv_of(tmp_path, "C1,,2024-01-05,10,", "制表人：张三,,,,"))
    assert read.refused[0] == (2, "单据号", "empty")
    assert {row for row, _, _ in read.refused} == {2, 3}


def test_the_mapping_names_other_totals_or_none(tmp_path: Path) -> None:
    stars = CHINESE.replace("columns:", 'totals: ["*", "**"]\ncolumns:', 1)
    read = Read(csv_of(tmp_path, A1, "*,,,10,", "**,,,10,", "合计,,,10,"), stars)
    assert dict(read.survey.skipped) == {"*": 1, "**": 1}
    assert {row for row, _, _ in read.refused} == {5}
    assert Totals((), [[0]]).name(["合计"]) == ""


def test_an_empty_cell_may_mean_the_one_above(tmp_path: Path) -> None:
    down = CHINESE.replace("columns:", "carried_down: [客户编码, 日期]\ncolumns:", 1)
    read = Read(csv_of(tmp_path, A1, ",A2,,20,", ",小计,,30,", "C2,B1,2024-02-05,1,", ",B2,,2,"), down)
    assert [(e["subject"], e["data"]["booked_on"]) for e in read.events] == [
        ("C1", "2024-01-05"), ("C1", "2024-01-05"), ("C2", "2024-02-05"), ("C2", "2024-02-05"),
    ]  # fmt: skip
    assert dict(read.survey.skipped) == {"小计": 1}


def test_delimiters_behind_the_last_cell_are_no_cells_and_missing_ones_are_a_cut(tmp_path: Path) -> None:
    read = Read(csv_of(tmp_path, A1 + ",,", "C1,A2,2024-01-05,10,,x", "C1,A3,2024-01-05"))
    assert list(read.facts) == ["invoice-A1"]
    assert read.refused == [(3, "", "row"), (4, "", "row")]


def test_signs_for_nothing_are_empty_cells(tmp_path: Path) -> None:
    blank = CHINESE.replace("columns:", 'blanks: ["-", "00.00.0000"]\ncolumns:', 1)
    read = Read(csv_of(tmp_path, "C1,A1,2024-01-05,10,00.00.0000", "C1,A2,2024-01-05,-,"), blank)
    assert "due_on" not in read.data["invoice-A1"]
    assert read.refused == [(3, "金额", "empty")]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("may_have: [客户编码]", "named twice"),
        ("carried_down: [没有]", "there is no column '没有'"),
        ("beyond_15_digits: maybe", "beyond_15_digits: round"),
        ("cut_over: 2024-13-01", "is no date"),
        ("delimiter: ab", "one sign"),
    ],
)
def test_what_a_mapping_says_of_the_table_is_checked_when_it_is_read(written: str, message: str) -> None:
    text = CHINESE.replace(
        "may_have: [到期日, 币种, 备注]",
        written if "may_have" in written else f"may_have: [到期日, 币种, 备注]\n{written}",
    )
    with pytest.raises(Misconfigured, match=message):
        mappings.read(text, "ours.yaml")
