"""The reconciliation as it is handed on: a sheet with a row for each account and a summary, a table, or JSON."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import xlsxwriter
from rich.console import Console
from rich.table import Table

from gradeline.importing.facts import Refusal
from gradeline.importing.sheet_report import RED
from gradeline.importing.words import in_chinese
from gradeline.reconciling.compare import RESULTS, Line
from shared.edge.codes import Words
from shared.edge.sheets import EXACT_DIGITS, clean

SHOWN = 20
COLUMNS = (
    "customer 客户", "company 公司", "currency 币种", "ours 我方", "theirs 对方", "difference 差额", "result 结果", "row 行",
)  # fmt: skip


class Reconciliation(msgspec.Struct, kw_only=True):
    """What came of it; what `--json` prints."""

    file: str
    mapping: str
    as_of: date
    by_company: bool
    equal: bool
    """Whether every account is equal and every row could be read."""
    results: dict[str, int]
    totals: dict[str, dict[str, Decimal]]
    """Currency → ours, theirs, difference."""
    rows: int
    rows_refused: int
    skipped: dict[str, int]
    waiting: int
    """Accepted facts that are not in our books yet."""
    notes: list[Words]
    lines: list[Line]
    refusals: list[Refusal]


def counted(lines: list[Line]) -> dict[str, int]:
    """How many accounts came out how."""
    found = Counter(line.result for line in lines)
    return {result: found[result] for result in RESULTS}


def totals(lines: list[Line]) -> dict[str, dict[str, Decimal]]:
    """The sums by currency."""
    found: dict[str, dict[str, Decimal]] = {}
    for line in lines:
        sums = found.setdefault(line.currency, dict.fromkeys(("ours", "theirs", "difference"), Decimal(0)))
        sums["ours"] += line.ours or 0
        sums["theirs"] += line.theirs or 0
        sums["difference"] += line.difference
    return dict(sorted(found.items()))


def show(console: Console, done: Reconciliation) -> None:
    """Print what is not equal, the first of it, and the counts."""
    for note in done.notes:
        console.print(f"note: {note}", markup=False, highlight=False)
    other = [line for line in done.lines if line.result != "equal"]
    if other:
        table = Table(title=f"Not equal 不一致: {min(SHOWN, len(other))} of {len(other):,}", title_justify="left")
        for name in COLUMNS:
            table.add_column(name, justify="right" if name[0] in "otd" or name.startswith("row") else "left")
        for line in other[:SHOWN]:
            table.add_row(*(clean(str(value)).replace("[", r"\[") for value in _values(line)))
        console.print(table)
    for one in done.refusals[:SHOWN]:
        text = f"row {one.row} {one.column}: {one.message} {in_chinese(one.rule)}"
        console.print(clean(text), markup=False, highlight=False)
    for currency, sums in done.totals.items():
        console.print(
            f"{currency}: ours 我方 {sums['ours']:,}, theirs 对方 {sums['theirs']:,}, difference 差额 {sums['difference']:,}",
            highlight=False,
        )
    counts = ", ".join(f"{count:,} {RESULTS[result]}" for result, count in done.results.items() if count)  # type: ignore[index] # counted() has exactly these
    console.print(
        f"{done.as_of}: {counts or 'nothing to compare 无可比较'}; {done.rows_refused:,} rows refused 被拒行",
        highlight=False,
    )


def _values(line: Line) -> tuple[Any, ...]:
    return (
        line.customer,
        line.company,
        line.currency,
        "" if line.ours is None else line.ours,
        "" if line.theirs is None else line.theirs,
        line.difference,
        RESULTS[line.result],
        line.row or "",
    )


def write(path: Path, done: Reconciliation) -> None:
    """Write the sheet to *path*. Raises OSError."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00##"})
        wrong = {"text": book.add_format(RED), "money": book.add_format({**RED, "num_format": "#,##0.00##"})}
        right = {"text": book.add_format(), "money": money}
        sheet = book.add_worksheet("reconciliation 对账")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(COLUMNS) - 1, 18)
        sheet.write_row(0, 0, COLUMNS, bold)
        for row, line in enumerate(done.lines, start=1):
            forms = right if line.result == "equal" else wrong
            for place, value in enumerate(_values(line)):
                _cell(sheet, row, place, value, forms)
        sheet.autofilter(0, 0, max(1, len(done.lines)), len(COLUMNS) - 1)
        _summary(book.add_worksheet("summary 汇总"), done, bold, right)


def _cell(sheet: Any, row: int, place: int, value: Any, forms: dict[str, Any]) -> None:
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= EXACT_DIGITS:
        sheet.write_number(row, place, float(value), forms["money"])
    elif isinstance(value, int):
        sheet.write_number(row, place, value, forms["text"])
    else:  # text, and amounts that a spreadsheet's number would round
        sheet.write_string(row, place, clean(str(value)), forms["text"])


def _summary(sheet: Any, done: Reconciliation, bold: Any, forms: dict[str, Any]) -> None:
    sheet.set_column(0, 3, 32)
    lines: list[tuple[Any, ...]] = [
        ("file 文件", Path(done.file).name),
        ("mapping 映射", done.mapping),
        ("as of 截止日期", done.as_of.isoformat()),
        ("company by company 按公司", "yes 是" if done.by_company else "no 否"),
        *((str(RESULTS[result]), count) for result, count in done.results.items()),  # type: ignore[index] # counted() has exactly these
        ("rows 数据行", done.rows),
        ("rows refused 被拒行", done.rows_refused),
        *((f"passed over 跳过 {name}", count) for name, count in done.skipped.items()),
        ("facts not in our books yet 待入账事实", done.waiting),
        *(("note 说明", note.en, note.zh) for note in done.notes),
        ("", "ours 我方", "theirs 对方", "difference 差额"),
        *((currency, sums["ours"], sums["theirs"], sums["difference"]) for currency, sums in done.totals.items()),
        *((f"refused 被拒: row 行 {one.row}", one.column, one.message, in_chinese(one.rule)) for one in done.refusals),
    ]
    for row, line in enumerate(lines):
        for place, value in enumerate(line):
            if place == 0:
                sheet.write_string(row, 0, str(value), bold)
            else:
                _cell(sheet, row, place, value, forms)
