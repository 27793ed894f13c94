"""Staff written back to files, in the form in which they are read."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from gradeline.language import both
from gradeline.staffing.sheets import COLUMNS, SHEETS, rows_of
from services.alerts.core.people import Record


def write(folder: Path, records: Iterable[Record]) -> list[Path]:
    """Write the four tables into *folder*, with a byte order mark so that a spreadsheet reads Chinese. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    every, made = list(records), []
    for sheet in SHEETS:
        path = folder / f"{sheet.name}.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file)
            table.writerow([both(COLUMNS[column]) for column in sheet.columns])
            table.writerows([row[column] for column in sheet.columns] for row in rows_of(sheet, every))
        made.append(path)
    return made
