"""The report that goes back to whoever made the file: the same sheet, with a comment on each refused cell.

Every cell stands where it stood, so that the sheet can be corrected and dropped again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from gradeline.importing.facts import Refusal
from gradeline.importing.reader import Opened
from gradeline.importing.report import Report, Summary
from gradeline.importing.words import in_chinese
from gradeline.importing.written import Moment, Number
from shared.core.errors import Misconfigured
from shared.edge.sheets import CELL_CHARACTERS, clean

COMMENTS = 10_000
"""A spreadsheet program is slow beyond; the text report and the summary have all."""
LAST_ROW = 1_048_576
LISTED = 1_000
GENERAL, DATE, CLOCK = "General", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
DATE_CHARACTERS = 10
RED = {"bg_color": "#FFC7CE", "font_color": "#9C0006"}


def claim(path: Path) -> None:
    """Make sure that *path* can be written, before anything is posted. Raises Misconfigured."""
    try:
        path.write_bytes(b"")
    except OSError as closed:
        raise Misconfigured(f"{path}: the report cannot be written ({closed.strerror}); check --report") from closed


def write(path: Path, file: Opened, report: Report, summary: Summary) -> None:
    """Write the report on *file* to *path*. Raises OSError."""
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet, about = book.add_worksheet("rows 数据"), book.add_worksheet("summary 汇总")
        _rows(book, sheet, file, report.kept)
        _summary(book, about, report, summary, sheet.get_name())


def _rows(book: Any, sheet: Any, file: Opened, refusals: Iterable[Refusal]) -> None:
    """Copy the rows; comments go on the cells as they pass, for rows are not held."""
    said: dict[int, dict[int, list[Refusal]]] = {}
    for refusal in refusals:
        for place in _places(refusal, file):
            said.setdefault(refusal.row, {}).setdefault(place, []).append(refusal)
    plain = {form: book.add_format({"num_format": form}) for form in (GENERAL, DATE, CLOCK)}
    wrong = {form: book.add_format({"num_format": form, **RED}) for form in plain}
    sheet.freeze_panes(file.header.row, 0)
    for raw in file.table.rows():
        if raw.number > LAST_ROW:
            return
        told = said.get(raw.number, {})
        values = list(raw.values) + [""] * (max(told, default=-1) + 1 - len(raw.values))
        for place, value in enumerate(values):
            _cell(sheet, raw.number - 1, place, value, wrong if place in told else plain, marked=place in told)
        for place, several in sorted(told.items()):
            text = "\n".join(f"{one.rule}: {one.message}\n{in_chinese(one.rule)}" for one in several)
            sheet.write_comment(raw.number - 1, place, text[:CELL_CHARACTERS], {"x_scale": 2.5, "y_scale": 1.5})


def _places(refusal: Refusal, file: Opened) -> Sequence[int]:
    """Where the comment goes: the columns at fault, else the first cell of the row."""
    found = [file.header.at[name] for name in refusal.column.split(", ") if name in file.header.at]
    return found or [0]


def _cell(sheet: Any, row: int, place: int, value: str, forms: dict[str, Any], *, marked: bool) -> None:
    if isinstance(value, Number):
        sheet.write_number(row, place, float(value), forms[GENERAL])
    elif isinstance(value, Moment):
        form = forms[DATE if len(value) == DATE_CHARACTERS else CLOCK]
        sheet.write_datetime(row, place, datetime.fromisoformat(value), form)
    elif value or marked:
        # as text, whatever it begins with: what was a formula to a stranger is none here
        sheet.write_string(row, place, clean(value)[:CELL_CHARACTERS], forms[GENERAL])


def _summary(book: Any, sheet: Any, report: Report, summary: Summary, rows: str) -> None:
    bold = book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 1, 24)
    sheet.set_column(2, 4, 60, wrap)
    lines: list[tuple[Any, ...]] = [
        ("file 文件", Path(summary.file).name),
        ("mapping 映射", summary.mapping),
        ("dry run 试运行", "yes 是" if summary.dry_run else "no 否"),
        ("rows 数据行", summary.rows),
        ("rows refused 被拒行", summary.rows_refused),
        ("facts told again by later rows 后续行重复的事实", summary.repeated),
        ("facts there already 已有事实", summary.duplicates),
        *((f"facts 事实 {kind}", count) for kind, count in summary.facts.items()),
        *((f"passed over 跳过 {name}", count) for name, count in summary.skipped.items()),
        *(("note 说明", note.en, note.zh) for note in summary.notes),
        (),
    ]
    if sum(report.rules.values()) > len(report.kept):
        lines.append(("note 说明", f"comments for the first {len(report.kept):,}", "仅前若干处有批注，文本报告含全部"))
    row = _lines(sheet, 0, lines, bold)
    row = _lines(sheet, row, [("rule 规则", "refusals 次数", "说明"), *_by_rule(report.rules), ()], bold)
    _lines(sheet, row, [("row 行", "column 列", "message", "说明")], bold)
    for line, one in enumerate(report.kept[:LISTED], start=row + 1):
        if one.row <= LAST_ROW:
            sheet.write_url(line, 0, f"internal:'{rows}'!A{one.row}", string=str(one.row))
        else:
            sheet.write_number(line, 0, one.row)
        for place, text in enumerate((one.column, one.message, in_chinese(one.rule)), start=1):
            sheet.write_string(line, place, clean(text)[:CELL_CHARACTERS])


def _by_rule(rules: Counter[str]) -> list[tuple[Any, ...]]:
    return [(rule, count, in_chinese(rule)) for rule, count in rules.most_common()]


def _lines(sheet: Any, row: int, lines: Iterable[tuple[Any, ...]], bold: Any) -> int:
    """Write *lines* from *row* on; returns the row behind them."""
    for line in lines:
        for place, value in enumerate(line):
            if isinstance(value, int):
                sheet.write_number(row, place, value)
            else:
                sheet.write_string(row, place, clean(value), bold if place == 0 else None)
        row += 1
    return row
