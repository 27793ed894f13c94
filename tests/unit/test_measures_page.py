"""The page of measures is up to date and keeps what people wrote."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradeline import measures_page
from services.rating.core.measures.listing import library
from tests.support.covers import covers

covers("DP-04")


def test_the_page_of_measures_is_what_the_catalogue_says() -> None:
    for path, content in measures_page.measures_page():
        assert path.read_bytes() == content, "run `make docs`"


def test_the_table_has_one_row_a_measure_with_every_cell_filled() -> None:
    rows = [row for row in measures_page.tables().splitlines() if row.startswith("| `")]

    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]

    assert [row[0].strip("`") for row in cells] == [one.name for one in library()]
    assert {len(row) for row in cells} == {9}
    assert all(all(row) for row in cells)


def test_making_the_page_keeps_the_examples_and_replaces_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "measures.md"
    page.write_text(f"# Mine\n\n{measures_page.MARK}\n\n| an old table |\n", "utf-8")
    monkeypatch.setattr(measures_page, "PAGE", page)
    monkeypatch.setattr(measures_page, "GLOSSARY", tmp_path / "none.md")

    [(_, content)] = measures_page.measures_page()

    assert content.decode() == f"# Mine\n\n{measures_page.MARK}\n\n{measures_page.tables()}\n"


def test_the_rows_of_the_glossary_are_made_anew_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "glossary.md"
    head, tail = "# G\n\n## Measures\n\nText.\n\n| a | b | c | d |\n|---|---|---|---|\n", "\n## Refusals\n"
    page.write_text(f"{head}| `gone` | gone | 无 | money |\n{tail}", "utf-8")
    monkeypatch.setattr(measures_page, "PAGE", tmp_path / "none.md")
    monkeypatch.setattr(measures_page, "GLOSSARY", page)

    content = dict(measures_page.measures_page())[page]

    assert content.decode() == f"{head}{measures_page.words()}{tail}"
