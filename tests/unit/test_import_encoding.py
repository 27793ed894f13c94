"""The encoding of a file: by its mark, else UTF-8, else GB18030, each whole and strict; and bounds on what is text."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradeline.importing import encoding
from shared.core.errors import Misconfigured
from tests.support.ledger_mapping import CHINESE, Read, csv_of

ROW = "云溪恒达,A1,2024-01-05,10,"


@pytest.mark.parametrize(
    ("written", "said"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("gb18030", "GB18030"), ("gbk", "GB18030"), ("utf-16", "UTF-16")],
)
def test_a_file_is_read_in_the_encoding_it_is_written_in_and_that_is_said(
    tmp_path: Path, written: str, said: str
) -> None:
    read = Read(csv_of(tmp_path, ROW, encoding=written))
    assert read.facts["invoice-A1"]["subject"] == "云溪恒达"
    assert f"read as {said}" in read.notes
    assert f"按 {said} 读取" in read.notes


def test_what_the_mapping_names_is_not_found_out(tmp_path: Path) -> None:
    named = CHINESE.replace("columns:", "encoding: utf-8\ncolumns:", 1)
    assert Read(csv_of(tmp_path, ROW, encoding="utf-8-sig"), named).facts["invoice-A1"]["subject"] == "云溪恒达"
    read = Read(csv_of(tmp_path, "C1,A1,2024-01-05,10,", encoding="utf-8"), named)
    assert (read.notes, len(read.facts)) == ("", 1)


def test_a_file_that_is_neither_is_refused_whole_unless_the_mapping_names_one(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "C1,A1,2024-01-05,10,", "C2,A2,2024-01-05,10,")
    path.write_bytes(path.read_bytes().replace(b"C2", b"C\xff\xff2"))
    with pytest.raises(Misconfigured, match=r"neither UTF-8 \(see byte \d+\) nor GB18030"):
        Read(path)
    read = Read(path, CHINESE.replace("columns:", "encoding: utf-8\ncolumns:", 1))
    assert read.refused == [(3, "客户编码", "encoding")]
    assert list(read.facts) == ["invoice-A1"]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_byte_at_fault_is_counted_wherever_the_pieces_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(encoding, "CHUNK", size)
    path = tmp_path / "x"
    path.write_bytes("甲乙丙".encode() + b"\xff" + b"x")
    assert encoding._first_bad(path, "utf-8") == 10
    path.write_bytes("甲乙丙".encode()[:-1])
    assert encoding._first_bad(path, "utf-8") is not None
    path.write_bytes("甲乙丙".encode())
    assert encoding._first_bad(path, "utf-8") is None


def test_columns_may_be_parted_by_other_signs_where_the_mapping_names_none(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "C1\tA1\t2024-01-05\t1,234.50\t", header="客户编码\t单据号\t日期\t金额\t到期日")
    path = path.rename(path.with_suffix(".xls"))  # what several ERPs call a spreadsheet
    read = Read(path)
    assert read.data["invoice-A1"]["amount"] == "1234.50"
    assert "parted by tab" in read.notes


def test_a_web_page_called_a_spreadsheet_is_named_for_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "export.xls"
    path.write_bytes(b"\xef\xbb\xbf\r\n<html><table><tr><td>x</td></tr></table></html>")
    with pytest.raises(Misconfigured, match=r"web page.*save it as .xlsx"):
        Read(path)


def test_a_line_without_end_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv"
    path.write_bytes(b"a," * 1_000_000)
    with pytest.raises(Misconfigured, match="a line has"):
        Read(path)


def test_a_row_of_more_cells_than_any_spreadsheet_has_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv"
    path.write_bytes(b"a," * 400_000 + b"\n")
    with pytest.raises(Misconfigured, match="row 1 has 400,001 cells"):
        Read(path)
