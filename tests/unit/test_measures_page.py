"""The page of measures is up to date and keeps what people wrote."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradeline import measures_page
from services.rating.core.measures.catalogue import CATALOGUE
from shared.core.computed import COMPUTED, is_computed
from tests.support.covers import covers

covers("DP-04")


def test_the_page_of_measures_is_what_the_catalogue_says() -> None:
    [(path, content)] = measures_page.measures_page()

    assert path.read_bytes() == content, "run `make docs`"


def test_the_table_has_one_row_a_measure_with_every_cell_filled() -> None:
    rows = measures_page.table().splitlines()[2:]

    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]

    assert [row[0].strip("`") for row in cells] == list(CATALOGUE)
    assert {len(row) for row in cells} == {7}
    assert all(all(row) for row in cells)


def test_making_the_page_keeps_the_examples_and_replaces_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "measures.md"
    page.write_text(f"# Mine\n\n{measures_page.MARK}\n\n| an old table |\n", "utf-8")
    monkeypatch.setattr(measures_page, "PAGE", page)

    [(_, content)] = measures_page.measures_page()

    assert content.decode() == f"# Mine\n\n{measures_page.MARK}\n\n{measures_page.table()}\n"


def test_every_measure_says_what_it_is() -> None:
    assert [name for name, measure in CATALOGUE.items() if not measure.formula] == []


def test_no_name_of_the_catalogue_can_be_reported_by_another_system() -> None:
    assert set(CATALOGUE) == COMPUTED
    assert all(is_computed(name) and is_computed(f"{name}_24m") for name in CATALOGUE)
    assert not any(is_computed(name) for name in ("rival_goods", "rival_goods_share", "register_check"))
