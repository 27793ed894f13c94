"""The page of faults says what the lines say, and nothing that failed is left out."""

from __future__ import annotations

from tests.faults import table
from tests.faults.page import DATA, PAGE, page
from tests.faults.result import Figures, Line, merged, read

ROWS = table.load()


def line(seed: int = 1, **said: object) -> Line:
    return Line(
        row=29, broker="embedded", seed=seed, commit="abc", machine="a machine", figures=Figures(lost=3), **said
    )  # type: ignore[arg-type]


def test_the_page_is_that_of_the_kept_lines() -> None:
    assert PAGE.read_text("utf-8") == page(ROWS, read(DATA)), "run: make docs"


def test_every_row_can_be_run_or_says_why_not() -> None:
    assert {row.row for row in ROWS.values() if not row.left_out and not callable(row.function)} == set()


def test_a_run_that_failed_is_shown_as_failed() -> None:
    shown = page(ROWS, [line(1, failed="lost 3"), line(2)])
    assert "| **1 of 2** |" in shown
    assert "| 29 | embedded | 1 | lost 3 |" in shown


def test_a_run_that_this_machine_cannot_have_has_not_passed() -> None:
    shown = page(ROWS, [line(1, not_here="no root")])
    assert "| 29 | embedded | 1 | no root |" in shown
    assert "1 of 1" not in shown


def test_a_row_without_a_run_is_named() -> None:
    assert f"| 29 | {ROWS[29].fault} | no run is kept |" in page(ROWS, [])


def test_a_later_run_replaces_all_seeds_of_an_earlier_one() -> None:
    assert merged([line(1), line(2)], [line(1, failed="lost 3")]) == [line(1, failed="lost 3")]
