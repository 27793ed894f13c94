"""The data rows of a file, one at a time, each with the cells that the mapping reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gradeline.importing.cells import Cells
from gradeline.importing.delimited import DELIMITERS, Delimited, several
from gradeline.importing.header import Header, Missing, find
from gradeline.importing.mapping import Mapping
from gradeline.importing.raw import Raw, Table
from gradeline.importing.shape import Shape
from gradeline.importing.spool import sheets
from gradeline.importing.totals import Totals
from shared.core.errors import Misconfigured
from shared.edge.codes import Words

BLANK, HEADER = "(blank)", "(header)"
"""Under these names rows without cells and repetitions of the header are counted."""
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
PAGES = (b"<", b"%PDF")


class Row(NamedTuple):
    """One row of the file."""

    number: int
    cells: Cells
    broken: str | None
    """Why the row cannot be read at all, or None."""
    position: int
    """Units of the file read so far, for a progress bar."""
    skipped: str = ""
    """The total's name in it, or why else it is passed over; empty: it is data."""


@dataclass(frozen=True)
class Opened:
    """A file whose table was found."""

    path: Path
    table: Table
    header: Header

    @property
    def notes(self) -> tuple[Words, ...]:
        """What was found out about the file, to be said aloud."""
        row = self.header.row
        return (
            (*self.table.notes, Words(f"the header is row {row}", f"表头在第 {row} 行"))
            if row > 1
            else self.table.notes
        )


def opened(path: Path, mapping: Mapping) -> Opened:
    """Find the table of *path*. Raises Misconfigured when the file cannot be read or lacks a column of *mapping*."""
    try:
        with path.open("rb") as file:
            head = file.read(64).lstrip(b"\xef\xbb\xbf\r\n\t ")
        if head.startswith(WORKBOOKS):
            return _workbook(path, mapping.shape)
        if head.startswith(PAGES):
            raise Misconfigured(
                f"{path}: this is a web page or a document, whatever its name says; open it in a spreadsheet program "
                "and save it as .xlsx"
            )
        return _text(path, mapping.shape)
    except OSError as gone:
        raise Misconfigured(f"{path}: the file cannot be read ({gone.strerror}); check the path") from gone


def _text(path: Path, shape: Shape) -> Opened:
    table = Delimited(path, shape, shape.delimiter or ",")
    found = find(table.rows(), shape)
    for other in () if shape.delimiter else list(DELIMITERS)[1:]:
        if isinstance(found, Header):
            break
        again = Delimited(path, shape, other)
        sought = find(again.rows(), shape)
        if isinstance(sought, Header) or len(sought.lacks) < len(found.lacks):
            table, found = again, sought
    return _checked(path, table, found)


def _workbook(path: Path, shape: Shape) -> Opened:
    tables = sheets(path, named=shape.sheet, rounds=shape.rounds)
    found = [(table, find(table.rows(), shape)) for table in tables]
    whole = [(table, header) for table, header in found if isinstance(header, Header)]
    if len(whole) > 1:
        names = ", ".join(f"'{table.name}'" for table, _ in whole)
        raise Misconfigured(f"{path}: the sheets {names} all have the columns; name one with sheet: in the mapping")
    if not whole:
        least = min(found, key=lambda one: len(one[1].lacks) if isinstance(one[1], Missing) else 0)
        return _checked(path, *least)
    return _checked(path, *whole[0])


def _checked(path: Path, table: Table, found: Header | Missing) -> Opened:
    if isinstance(found, Missing):
        place = f"row {found.row}" if found.row > 1 else "the header"
        raise Misconfigured(
            f"{path}: {place} lacks {', '.join(found.lacks)}; use another mapping, or correct 'columns:' in it"
        )
    if found.twice:
        raise Misconfigured(f"{path}: the header names {', '.join(found.twice)} twice; rename one of them")
    return Opened(path, table, found)


def rows(file: Path | Opened, mapping: Mapping) -> Iterator[Row]:
    """Every row of *file* below its header. Raises Misconfigured when it cannot be read or lacks a column of *mapping*."""
    file = opened(file, mapping) if isinstance(file, Path) else file
    header, shape, pads = file.header, mapping.shape, file.table.pads
    places = tuple(header.at.items())
    absent = dict.fromkeys((name for name in shape.may_have if name not in header.at), "")
    totals = Totals(
        shape.totals, [[header.at[name] for name in one if name in header.at] for one in mapping.identities]
    )
    above = dict.fromkeys(shape.carried_down, "")
    for raw in file.table.rows():
        if raw.number <= header.row:
            continue
        if raw.broken:
            yield Row(raw.number, {}, raw.broken, raw.position)
            continue
        passed = _passed(raw, header) or totals.name(raw.values)
        if passed:
            yield Row(raw.number, {}, None, raw.position, passed)
            continue
        broken = None if pads else _miscounted(header, raw)
        cells = dict(absent)
        if broken is None:
            for name, place in places:
                value = raw.values[place]
                cells[name] = "" if value in shape.blanks else value
            for name in above:
                above[name] = cells[name] = cells.get(name) or above[name]
        yield Row(raw.number, cells, broken, raw.position)


def _passed(raw: Raw, header: Header) -> str:
    if not any(raw.values) or not "".join(raw.values).strip():
        return BLANK
    return HEADER if tuple(raw.values) == header.values else ""


def _miscounted(header: Header, raw: Raw) -> str | None:
    wide = len(header.values)
    if len(raw.values) == wide or (len(raw.values) > wide and not any(raw.values[wide:])):
        return None  # a delimiter behind the last cell is no cell
    cells = f"has {len(raw.values)} cells where the header has {wide}"
    first, last = raw.lines
    if last > first:
        return f"{cells}, and took {several(first, last)}; close the quote that was opened there"
    return f"{cells}; mend the row (a delimiter inside a cell needs quotes)"
