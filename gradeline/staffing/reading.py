"""Files of staff become records; what cannot be read is said of every row and column at once."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gradeline.importing.encoding import detected
from gradeline.staffing.sheets import COLUMNS, SHEETS, Sheet, Wrong
from services.alerts.adapters import staff_policy
from services.alerts.adapters.staff import OF
from services.alerts.core.people import Contact, Post, Record
from services.alerts.core.staffing import Flaw
from shared.core.errors import Misconfigured
from shared.edge.codes import Words

ROWS = 200_000
"""No house has more people, and no file more customers that are given by hand."""


class Place(NamedTuple):
    """Where a record was written."""

    file: str
    row: int
    """As a spreadsheet counts: the header is row 1."""
    sheet: Sheet


class Fault(NamedTuple):
    """One thing that is wrong."""

    file: str
    row: int | None
    column: str
    words: Words


class Read(NamedTuple):
    """What files say."""

    records: tuple[Record, ...]
    places: dict[tuple[type[Record], tuple[object, ...]], Place]
    replaced: dict[type[Record], frozenset[str]]
    """Posts and contacts: the persons whose all are those of the files."""
    faults: tuple[Fault, ...]


def read(files: Sequence[Path]) -> Read:
    """Read *files*. Raises Misconfigured for one that is none of the four tables, OSError."""
    records: list[Record] = []
    places: dict[tuple[type[Record], tuple[object, ...]], Place] = {}
    replaced: dict[type[Record], set[str]] = {Post: set(), Contact: set()}
    faults: list[Fault] = []
    for path in files:
        sheet, rows = _sheet(path)
        for number, cells in rows:
            place = Place(path.name, number, sheet)
            try:
                found = sheet.read(cells)
            except Wrong as wrong:
                faults.append(Fault(path.name, number, wrong.column, wrong.words))
                continue
            for kind, column in ((Post, "posts"), (Contact, "contacts")):
                if column in cells:
                    replaced[kind].add(cells["person"])
            for one in found:
                key = (type(one), OF[type(one)].key_of(one))
                if key in places:
                    faults.append(Fault(path.name, number, _columns(place, one)[0], _twice(places[key])))
                places[key] = place
                records.append(one)
    return Read(tuple(records), places, {kind: frozenset(who) for kind, who in replaced.items()}, tuple(faults))


def located(flaw: Flaw, known: Read) -> Fault:
    """Where *flaw* is to be mended: in the file, or in what is kept already."""
    place = known.places.get((type(flaw.record), OF[type(flaw.record)].key_of(flaw.record)))
    words = staff_policy.sentence(flaw)
    if place is None:
        return Fault("", None, flaw.field, words)
    return Fault(place.file, place.row, place.sheet.fields.get(flaw.field, flaw.field), words)


def _sheet(path: Path) -> tuple[Sheet, Iterator[tuple[int, dict[str, str]]]]:
    """Which table *path* is, and its rows by our names of columns."""
    names = {name: key for key, words in COLUMNS.items() for name in (words.en, words.zh)}
    with path.open(encoding=detected(path).name, newline="") as file:
        lines = list(csv.reader(file))
    header = [cell.strip() for cell in lines[0]] if lines else []
    unknown = [cell for cell in header if cell not in names]
    columns = [names.get(cell, "") for cell in header]
    sheet = next((one for one in SHEETS if one.needed <= set(columns)), None)
    if sheet is None or unknown or len(set(columns)) < len(columns) or set(columns) - set(sheet.columns):
        raise Misconfigured(
            f"{path.name}: the header {', '.join(header)!r} is that of no table of staff; write the columns of one: "
            + " · ".join(f"{one.name}: {', '.join(one.columns)}" for one in SHEETS)
        )
    if len(lines) > ROWS:
        raise Misconfigured(f"{path.name}: {len(lines):,} rows; at most {ROWS:,}")
    rows = ((number, line) for number, line in enumerate(lines[1:], 2) if any(map(str.strip, line)))
    return sheet, (
        (number, {name: cell.strip() for name, cell in zip(columns, line, strict=False)}) for number, line in rows
    )


def _columns(place: Place, record: Record) -> list[str]:
    return [place.sheet.fields.get(field, field) for field in OF[type(record)].key if field != "person"] or ["person"]


def _twice(place: Place) -> Words:
    where = f"{place.file} {place.row}"
    return Words(f"it was said in row {where} already; leave one out", f"与 {where} 行重复；请删除其一")
