"""Small workbooks for tests: written by a library, and changed in ways that it would not write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import xlsxwriter

SHEET = "xl/worksheets/sheet1.xml"


class Formula:
    """A formula with its stored result."""

    def __init__(self, text: str, result: Any = "") -> None:
        self.text, self.result = text, result


def written(path: Path, *sheets: Sequence[Sequence[Any]], names: Sequence[str] = (), hidden: Sequence[str] = (),
            options: dict[str, Any] | None = None) -> Path:  # fmt: skip
    """A workbook at *path* with these rows on its sheets; a None is an empty cell."""
    book = xlsxwriter.Workbook(path, options or {})
    day = book.add_format({"num_format": "yyyy/m/d"})
    clock = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for at, rows in enumerate(sheets):
        sheet = book.add_worksheet(names[at] if names else None)
        if sheet.get_name() in hidden:
            sheet.hide()
        for row, cells in enumerate(rows):
            for column, value in enumerate(cells):
                if isinstance(value, Formula):
                    sheet.write_formula(row, column, value.text, None, value.result)
                elif isinstance(value, datetime):
                    sheet.write_datetime(row, column, value, clock)
                elif isinstance(value, date):
                    sheet.write_datetime(row, column, datetime.fromisoformat(value.isoformat()), day)
                elif isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write(row, column, value)
    book.close()
    return path


def changed(path: Path, *changes: tuple[bytes, bytes], member: str = SHEET) -> Path:
    """The workbook at *path* with each first of *changes* replaced by the second in *member*."""
    with ZipFile(path) as old:
        parts = {info.filename: old.read(info) for info in old.infolist()}
    for before, after in changes:
        assert before in parts[member], (before, parts[member])
        parts[member] = parts[member].replace(before, after)
    with ZipFile(path, "w", ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, data)
    return path
