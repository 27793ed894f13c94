"""Unfolds a workbook (.xlsx, .xls) into lines of JSON, in a process of its own with bounded memory and time.

The library holds a whole sheet at once, a gigabyte for a million rows, and a hostile file could make it ask for any
amount: so it runs apart, and what reads the rows holds one at a time.

    python -m gradeline.importing.workbook FILE [SHEET]

For each visible sheet a line {"sheet": name, "width": columns}, then a list a row. A cell is its text, or [kind, text]
with one of the kinds below. A file that cannot be read ends it with status 2 and one sentence on standard error.
"""

from __future__ import annotations

import math
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import python_calamine
from python_calamine import CalamineError, PasswordError, SheetTypeEnum, SheetVisibleEnum

from gradeline.importing.package import FORMULA, Flaws, checked
from shared.core.errors import Misconfigured

MEMORY_BYTES = 4 * 1024**3
SPOOL_BYTES = 8 * 1024**3
NUMBER, MOMENT, LONG, EMPTY_FORMULA, ERROR = "n", "t", "long", "formula", "error"
STANDS_FOR = {EMPTY_FORMULA: "=?", ERROR: "#?"}
"""What is shown of a cell whose value is not there: never nothing, for the cell is not empty."""
DIGITS = 15
"""Excel keeps and shows so many; what a file holds beyond them is not what anybody typed."""
HALF_A_SECOND = timedelta(milliseconds=500)
_line = msgspec.json.Encoder().encode


def unfold(path: Path, sheet: str | None) -> Iterator[bytes]:
    """The lines. Raises Misconfigured."""
    with path.open("rb") as file:
        is_package = file.read(4) == b"PK\x03\x04"
    flaws = checked(path) if is_package else {}
    try:
        with python_calamine.load_workbook(path) as book:
            for name in _chosen(book, path, sheet):
                yield from _rows(book.get_sheet_by_name(name), flaws.get(name, {}))
    except PasswordError as locked:
        raise Misconfigured(f"{path}: the workbook is protected by a password; save it without one") from locked
    except CalamineError as damaged:
        raise Misconfigured(f"{path}: the workbook cannot be read ({damaged}); open it and save it again") from damaged


def _chosen(book: python_calamine.CalamineWorkbook, path: Path, sheet: str | None) -> list[str]:
    if sheet is not None and sheet not in book.sheet_names:
        raise Misconfigured(f"{path}: there is no sheet '{sheet}'; the sheets are: {', '.join(book.sheet_names)}")
    if sheet is not None:
        return [sheet]
    shown = [
        one.name
        for one in book.sheets_metadata
        if one.typ == SheetTypeEnum.WorkSheet and one.visible == SheetVisibleEnum.Visible
    ]
    if not shown:
        raise Misconfigured(f"{path}: the workbook has no visible sheet; name one with sheet: in the mapping")
    return shown


def _rows(sheet: python_calamine.CalamineSheet, flaws: Flaws) -> Iterator[bytes]:
    left = sheet.start[1] if sheet.start else 0
    width = max(left + sheet.width, *(place + 1 for _, place in flaws), 0)
    yield _line({"sheet": sheet.name, "width": width})
    flawed: dict[int, dict[int, str]] = {}
    for (at, place), flaw in flaws.items():
        flawed.setdefault(at, {})[place] = EMPTY_FORMULA if flaw == FORMULA else ERROR
    # cells without a value are no part of the sheet as the library sees it: rows below may consist of nothing else
    seen = sheet.end[0] + 1 if sheet.end else 0
    below: list[list[Any]] = [[] for _ in range(seen, max(flawed, default=0))]
    for number, values in enumerate(chain(sheet.iter_rows(), below), start=1):
        row = [""] * left + [cell(value) for value in values]
        for place, kind in flawed.get(number, {}).items():
            row += [""] * (place + 1 - len(row))
            row[place] = [kind, STANDS_FOR[kind]]
        yield _line(row if any(row) else [])


def cell(value: Any) -> Any:
    """One cell as a line holds it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, datetime):
        whole = (value + HALF_A_SECOND).replace(microsecond=0)  # a day's fraction hits no second exactly
        return [MOMENT, whole.date().isoformat() if whole.time() == datetime.min.time() else whole.isoformat()]
    if isinstance(value, date):
        return [MOMENT, value.isoformat()]
    return str(value)


def number(value: float) -> list[str]:
    """A number by its shortest decimal text, which is what was typed wherever that has at most 15 digits."""
    if isinstance(value, float) and not math.isfinite(value):
        return [ERROR, str(value)]
    exact = Decimal(repr(value))
    text = format(exact, "f").removesuffix(".0")
    many = len(exact.normalize().as_tuple().digits) > DIGITS or abs(exact) >= 10**DIGITS
    return [LONG, text] if many else [NUMBER, text]


def main() -> int:
    """Unfold the file that the command line names to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (SPOOL_BYTES, SPOOL_BYTES))
    out = sys.stdout.buffer
    try:
        for line in unfold(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None):
            out.write(line + b"\n")
        out.flush()
    except Misconfigured as wrong:
        sys.stderr.write(wrong.message)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
