"""Workbooks: what their cells hold, what is refused by its cell, and files that want to burst the machine."""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
import time
import zlib
from datetime import date, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from gradeline.importing import package, spool, workbook
from shared.core.errors import Misconfigured
from tests.support.ledger_mapping import CHINESE, COLUMNS, Read
from tests.support.workbooks import SHEET, Formula, changed, written

OLD = Path(__file__).parents[1] / "samples" / "ledger.xls"
"""Written once with xlwt: a title, a header, three documents and a sum."""
A1 = ["C1", "A1", date(2024, 1, 5), 1234.5, date(2024, 2, 5)]


def test_numbers_dates_and_texts_of_cells_are_what_they_are(tmp_path: Path) -> None:
    rows = [
        ["应收明细表"], [], COLUMNS, A1, ["C1", 20240001, "2024/1/6", "￥1,234.50"],
        ["C2", "0012", datetime.fromisoformat("2024-01-07T13:20:01"), 0.1], ["C2", 7, 20240108, Formula("=1+1", 2)],
        ["C2", True, date(2024, 1, 9), 1e-2], ["合 计", None, None, 99],
    ]  # fmt: skip
    read = Read(written(tmp_path / "x.xlsx", rows, names=["应收"]))
    assert read.refused == []
    found = {name: (data["amount"], data["booked_on"]) for name, data in read.data.items()}
    assert found == {
        "invoice-A1": ("1234.5", "2024-01-05"), "invoice-20240001": ("1234.50", "2024-01-06"),
        "invoice-0012": ("0.1", "2024-01-07"), "invoice-7": ("2", "2024-01-08"), "invoice-TRUE": ("0.01", "2024-01-09"),
    }  # fmt: skip
    assert read.data["invoice-A1"]["due_on"] == "2024-02-05"
    assert dict(read.survey.skipped) == {"合计": 1}
    assert "sheet '应收'" in read.notes
    assert "the header is row 3" in read.notes


def test_an_old_workbook_is_read_alike_and_says_what_it_cannot_tell() -> None:
    read = Read(OLD, CHINESE.replace("{money: 金额}", "{money: 金额, sign: absolute}"))
    assert read.data["invoice-20240001"] == {
        "transaction_id": "20240001", "kind": "invoice", "amount": "1234.5", "currency": "CNY",
        "booked_on": "2024-01-05", "due_on": "2024-02-05",
    }  # fmt: skip
    assert (read.data["invoice-A2"]["amount"], read.data["invoice-A2"]["booked_on"]) == ("1000.00", "2024-01-06")
    assert read.refused == [(6, "单据号", "digits")]
    assert ".xls does not tell an error" in read.notes


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (1234.56, "n", "1234.56"), (1001.0, "n", "1001"), (-5.5, "n", "-5.5"), (1e-7, "n", "0.0000001"), (0.0, "n", "0"),
        (999999999999999.0, "n", "999999999999999"), (1e15, "long", "1000000000000000"), (0.1 + 0.2, "long", "0.30000000000000004"),
        (1234567890123456.78, "long", "1234567890123456.8"), (12345678901234500000.0, "long", "12345678901234500000"),
        (float("inf"), "error", "inf"),
    ],
)  # fmt: skip
def test_a_number_is_its_shortest_text_and_more_than_15_digits_are_seen(number: float, kind: str, text: str) -> None:
    assert workbook.number(number) == [kind, text]


def test_a_number_of_more_than_15_digits_is_refused_by_its_cell_or_rounded_aloud(tmp_path: Path) -> None:
    path = changed(
        written(tmp_path / "x.xlsx", [COLUMNS, A1, ["C1", 12345678901234567890, date(2024, 1, 5), 1]]),
        (b"<v>1234.5</v>", b"<v>1234.5600000000002</v>"),
    )
    read = Read(path)
    assert read.refused == [(2, "金额", "digits"), (3, "单据号", "digits")]
    assert "1234.5600000000002 has more than 15 digits" in read.refusals[0].message
    rounded = Read(path, CHINESE.replace("columns:", "beyond_15_digits: round\ncolumns:", 1))
    assert rounded.data["invoice-A1"]["amount"] == "1234.56"
    assert rounded.refused == [(3, "单据号", "digits")], "digits before the point are lost, not noise"
    assert "with 15" in rounded.notes


def test_formulas_without_a_result_and_errors_are_refused_by_their_cell_where_they_are_read(tmp_path: Path) -> None:
    rows = [
        COLUMNS, ["C1", "A1", date(2024, 1, 5), Formula("=9+9", 18)], ["C1", "A2", date(2024, 1, 5), 1, Formula("=NA()", "#N/A")],
        ["C1", "A3", date(2024, 1, 5), 1, Formula('=""')], A1[:4], ["C1", "A5", date(2024, 1, 5), 1, None, Formula("=8+8", 16)],
    ]  # fmt: skip
    path = changed(written(tmp_path / "x.xlsx", rows), (b"<v>18</v>", b""), (b"<v>16</v>", b"<v></v>"),
                   (b'r="E4"><f>""</f>', b'r="E4" t="str"><f>""</f>'))  # fmt: skip
    read = Read(path)
    assert read.refused == [(2, "金额", "formula"), (3, "到期日", "error-value")]
    assert "due_on" not in read.data["invoice-A3"], "a formula whose result is no text is an empty cell"
    assert set(read.data) == {"invoice-A3", "invoice-A1", "invoice-A5"}, "what no field reads does no harm"


def test_a_flawed_cell_is_not_an_empty_one(tmp_path: Path) -> None:
    rows = [COLUMNS, A1, [Formula("=9+9", 18), "A2", date(2024, 1, 5), 1], [None, None, None, Formula("=9+9", 18)]]
    path = changed(written(tmp_path / "x.xlsx", rows), (b"<v>18</v>", b""))
    read = Read(path, CHINESE.replace("columns:", "carried_down: [客户编码]\ncolumns:", 1))
    assert list(read.facts) == ["invoice-A1"], "nothing is carried down over it"
    assert {(row, rule) for row, _, rule in read.refused} >= {(3, "formula"), (4, "formula")}
    assert dict(read.survey.skipped) == {}


def test_flaws_are_found_wherever_the_pieces_of_the_sheet_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [COLUMNS, *(["C1", f"A{n}", date(2024, 1, 5), Formula("=9+9", 18)] for n in range(40))]
    path = changed(written(tmp_path / "x.xlsx", rows), (b"<v>18</v>", b""))
    whole = package.checked(path)
    assert whole == {"Sheet1": {(row, 3): "formula" for row in range(2, 42)}}
    for size in (50, 97, 1000):
        monkeypatch.setattr(package, "CHUNK", size)
        assert package.checked(path) == whole
    prefixed = changed(
        path,
        (b"<c ", b"<x:c "),
        (b"</c>", b"</x:c>"),
        (b"<f>", b"<x:f>"),
        (b"</f>", b"</x:f>"),
        (b"<worksheet", b"<x:worksheet"),
    )
    assert package.checked(prefixed) == whole


def test_the_sheet_is_the_one_that_has_the_columns_or_the_named_one(tmp_path: Path) -> None:
    other = [COLUMNS, ["C9", "Z9", date(2024, 1, 5), 9]]
    path = written(tmp_path / "x.xlsx", [["封面"]], [COLUMNS, A1], other, names=["封面", "一月", "旧"], hidden=["旧"])
    assert list(Read(path).facts) == ["invoice-A1"]
    both = written(tmp_path / "y.xlsx", [COLUMNS, A1], other, names=["一月", "二月"])
    with pytest.raises(Misconfigured, match="sheets '一月', '二月' all have the columns; name one with sheet:"):
        Read(both)
    assert list(Read(both, CHINESE.replace("columns:", "sheet: 二月\ncolumns:", 1)).facts) == ["invoice-Z9"]
    with pytest.raises(Misconfigured, match="there is no sheet '三月'; the sheets are: 一月, 二月"):
        Read(both, CHINESE.replace("columns:", "sheet: 三月\ncolumns:", 1))
    with pytest.raises(Misconfigured, match="lacks 金额"):
        Read(written(tmp_path / "z.xlsx", [COLUMNS[:3]]))


def refused_cheaply(path: Path, message: str) -> None:
    """Refused within a second of work and 200 MB by the process that unfolds it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(Misconfigured, match=message):
        Read(path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # a child begins as large as we are
    assert after.ru_maxrss <= max(before.ru_maxrss, own, 200 * 1024)


def bomb(path: Path, xml: bytes, times: int, *, says: int | None = None) -> Path:
    """A workbook whose sheet is *xml* so many *times*; its entry says *says* bytes."""
    written(path, [COLUMNS])
    with ZipFile(path) as old:
        parts = {info.filename: old.read(info) for info in old.infolist()}
    with ZipFile(path, "w", ZIP_DEFLATED) as new:
        for name, data in parts.items():
            if name != SHEET:
                new.writestr(name, data)
        with new.open(SHEET, "w") as sheet:
            for _ in range(times):
                sheet.write(xml)
    if says is not None:
        data = path.read_bytes()
        size = struct.pack("<I", len(xml) * times)
        assert size in data
        path.write_bytes(data.replace(size, struct.pack("<I", says)))
    return path


@pytest.mark.slow
def test_a_workbook_made_to_burst_is_refused_before_it_is_unfolded(tmp_path: Path) -> None:
    refused_cheaply(bomb(tmp_path / "a.xlsx", b"<row>" * 200_000, 100), "which no ledger has")
    refused_cheaply(bomb(tmp_path / "b.xlsx", b"<row>" * 200_000, 100, says=1000), "not as long as the workbook says")
    data = zlib.compress(b"x" * 100)
    (tmp_path / "c.xlsx").write_bytes(b"PK\x03\x04" + data)
    refused_cheaply(tmp_path / "c.xlsx", "the workbook is damaged")


def test_a_sheet_that_spans_the_whole_grid_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = written(tmp_path / "x.xlsx", [COLUMNS, A1])
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    refused_cheaply(changed(path, (b"</sheetData>", far)), "spans more than")


@pytest.mark.parametrize("content", [b"PK\x03\x04 nothing", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600])
def test_a_damaged_workbook_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"x.xlsx: the workbook (is damaged|cannot be read)"):
        Read(path)


def test_whatever_ends_the_process_that_unfolds_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "x.xlsx", [COLUMNS, A1])
    really = subprocess.run

    def killed(words: list[str], **more: object) -> subprocess.CompletedProcess[bytes]:
        return really([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], **more)  # type: ignore[call-overload] # passed on

    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(Misconfigured, match=r"or is damaged \(status -9\); export it as CSV"):
        Read(path)


def test_a_workbook_that_takes_for_ever_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "x.xlsx", [COLUMNS, A1])
    monkeypatch.setattr(spool, "SECONDS", 0.001)
    start = time.monotonic()
    with pytest.raises(Misconfigured, match="took more than"):
        Read(path)
    assert time.monotonic() - start < 30
