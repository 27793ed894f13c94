"""Tables as spreadsheets have them: real numbers and dates, a head that stays in view, totals below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any, Literal, NamedTuple

import xlsxwriter

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Kind = Literal["text", "money", "count", "share", "date"]
FORMS: dict[Kind, str] = {
    "text": "@",
    "money": "#,##0.00##",
    "count": "#,##0",
    "share": "0.0%",
    "date": "yyyy-mm-dd",
}
EXACT_DIGITS = 15
"""A spreadsheet's number holds no more; longer amounts are written as text."""
CELL_CHARACTERS = 32_767
WIDEST, NARROWEST = 60, 9
WIDE_SIGN = 0x2E80
"""From here on a sign is as wide as two letters."""


class Column(NamedTuple):
    """One column: how it is called in data, and in a head."""

    name: str
    title: str
    kind: Kind = "text"


class Sheet(NamedTuple):
    """A table with what it is about. Cells are None, text, Decimal, int or date, as the kind of the column says."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    totals: Sequence[Sequence[Any]] = ()
    about: Sequence[tuple[str, str]] = ()
    """What it is about and what must be known of it: (label, text)."""


def workbook(sheet: Sheet) -> bytes:
    """*sheet* as .xlsx: the table, and what it is about on a sheet of its own."""
    out = BytesIO()
    with xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    ) as book:
        _table(book, book.add_worksheet(_named(sheet.title)), sheet)
        about = book.add_worksheet("about 说明")
        bold, wrap = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True})
        about.set_column(0, 0, 24, bold)
        about.set_column(1, 1, 90, wrap)
        for row, (label, text) in enumerate([("", sheet.title), *sheet.about]):
            about.write_string(row, 0, clean(label), bold)
            about.write_string(row, 1, clean(text), wrap)
    return out.getvalue()


def _table(book: Any, page: Any, sheet: Sheet) -> None:
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    forms = {kind: book.add_format({"num_format": form}) for kind, form in FORMS.items()}
    sums = {kind: book.add_format({"num_format": form, "bold": True, "top": 1}) for kind, form in FORMS.items()}
    page.freeze_panes(1, 1)
    page.repeat_rows(0)
    for place, column in enumerate(sheet.columns):
        cells = [column.title, *(shown(row[place], column.kind) for row in (*sheet.rows, *sheet.totals))]
        page.set_column(place, place, min(WIDEST, max(NARROWEST, 2 + max(map(width, cells)))))
        page.write_string(0, place, clean(column.title), head)
    lines = [(row, forms) for row in sheet.rows] + [(row, sums) for row in sheet.totals]
    for at, (row, form) in enumerate(lines, start=1):
        for place, (value, column) in enumerate(zip(row, sheet.columns, strict=True)):
            _cell(page, at, place, value, form[column.kind])
    page.autofilter(0, 0, max(1, len(sheet.rows)), len(sheet.columns) - 1)


def _cell(page: Any, row: int, place: int, value: Any, form: Any) -> None:
    if value is None:
        page.write_blank(row, place, None, form)
    elif isinstance(value, int) or (isinstance(value, Decimal) and len(value.as_tuple().digits) <= EXACT_DIGITS):
        page.write_number(row, place, float(value), form)
    elif isinstance(value, date):
        page.write_datetime(row, place, value, form)
    else:  # text, whatever it begins with, and amounts that a spreadsheet's number would round
        page.write_string(row, place, clean(str(value))[:CELL_CHARACTERS], form)


def shown(value: Any, kind: Kind) -> str:
    """*value* as a terminal shows it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value * 100:,.1f} %" if kind == "share" else f"{value:,f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def width(text: str) -> int:
    """How many letters wide *text* is; a Chinese sign is two."""
    return sum(2 if ord(sign) >= WIDE_SIGN else 1 for sign in text)


def clean(text: str) -> str:
    """*text* as XML can hold it."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)


def _named(title: str) -> str:
    return "".join(" " if sign in "[]:*?/\\'" else sign for sign in clean(title))[:31] or "1"
