"""An import holds one row at a time: memory grows by some bytes a fact, and the bar says how far the file is read."""

from __future__ import annotations

import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gradeline.importing import mapping as mappings
from gradeline.importing.report import Report
from gradeline.importing.run import Import
from tests.support.ledger_mapping import CHINESE, COLUMNS, csv_of
from tests.support.workbooks import written

BYTES_A_ROW = 400
"""What is kept of a fact, with room for the platform: identity, content and row."""


def text(folder: Path, rows: int) -> Path:
    return csv_of(folder, *[f"C{n % 50},A{n},2026/1/{n % 28 + 1},{n}.50," for n in range(rows)], encoding="gb18030")


def sheet(folder: Path, rows: int) -> Path:
    lines: list[list[Any]] = [[f"C{n % 50}", f"A{n}", date(2026, 1, n % 28 + 1), n + 0.5] for n in range(rows)]
    return written(folder / "x.xlsx", [COLUMNS, *lines])


def peak(path: Path) -> int:
    """Bytes held at most while the file is surveyed and its parcels are walked."""
    job = Import(path, mappings.read(CHINESE, "ours.yaml"), False, lambda done, total, what: None)
    tracemalloc.start()
    try:
        survey = job.survey(Report(None))
        for _ in job._parcels(survey):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("make", [text, sheet])
def test_memory_grows_by_little_for_each_row(tmp_path: Path, make: Any) -> None:
    few, many = 1_000, 5_000
    peak(make(tmp_path, 100))
    small, large = peak(make(tmp_path, few)), peak(make(tmp_path, many))
    assert large - small < BYTES_A_ROW * (many - few)


@pytest.mark.parametrize("make", [text, sheet])
def test_the_bar_says_how_far_the_file_is_read(tmp_path: Path, make: Any) -> None:
    heard: list[tuple[int, int]] = []

    def show(done: int, total: int, what: str) -> None:
        if what == "checked":
            heard.append((done, total))

    job = Import(make(tmp_path, 5_000), mappings.read(CHINESE, "ours.yaml"), False, show)
    survey = job.survey(Report(None))
    parts = [done / total for done, total in heard]
    assert parts == sorted(parts)
    assert parts[-1] == 1
    assert abs(parts[len(parts) // 2] - 0.5) < 0.2, "half of the rows are half of the bar"
    assert survey.rows == 5_000
