"""Dates as ERPs write them, and the refusal to guess which of two numbers is the month."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gradeline.importing import cells
from gradeline.importing.written import Moment, Number
from shared.core.errors import Malformed
from tests.support.ledger_mapping import CHINESE, Read, csv_of


def day(text: str, form: str) -> date:
    return cells.day({"D": text}, "D", form)


def rule(text: str, form: str) -> str:
    with pytest.raises(Malformed) as refused:
        day(text, form)
    return refused.value.rule


@pytest.mark.parametrize(
    "text",
    [
        "2024/1/5", "2024-01-05", "2024.1.5", "20240105", "2024年1月5日", "2024年01月05", "２０２４/１/５", " 2024-1-5 ",
        "2024-01-05 00:00:00", "2024/1/5 13:20", "2024-01-05T00:00:00.000", Moment("2024-01-05"),
        Moment("2024-01-05T13:20:01"), Number("20240105"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["ymd", "mdy", "dmy"])
def test_a_date_that_begins_with_the_year_needs_no_order(text: str, form: str) -> None:
    assert day(text, form) == date(2024, 1, 5)


def test_the_order_of_day_and_month_is_what_the_mapping_says() -> None:
    assert day("1/5/2024", "mdy") == date(2024, 1, 5)
    assert day("1/5/2024", "dmy") == date(2024, 5, 1)
    assert day("05.01.2024", "dmy") == date(2024, 1, 5)


@pytest.mark.parametrize("text", ["1/5/2024", "13/5/2024", "5-13-2024", "１/５/２０２４"])
def test_without_an_order_it_is_refused_and_never_guessed(text: str) -> None:
    assert rule(text, "ymd") == "date-order"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("13/5/2024", "mdy"), ("5/13/2024", "dmy"), ("2024/13/1", "ymd"), ("2024/2/30", "ymd"), ("24/1/5", "ymd"),
        ("1/5/24", "mdy"), ("2024-1/5", "ymd"), ("2024", "ymd"), ("202401", "ymd"), ("下月", "ymd"), ("2024-01-05 x", "ymd"),
        (Number("45296"), "ymd"), ("٢٠٢٤/1/5", "ymd"),
    ],
)  # fmt: skip
def test_what_is_no_date_of_the_order_is_refused(text: str, form: str) -> None:
    assert rule(text, form) == "date"


def test_a_number_in_a_column_of_dates_is_told_to_be_one() -> None:
    with pytest.raises(Malformed, match="give the column a date format"):
        day(Number("45296"), "ymd")


def test_a_whole_file_is_read_in_the_named_order(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "C1,A1,1/5/2024,10,2/5/2024", "C1,A2,25/1/2024,10,")
    refused = Read(path).refused
    assert {(row, what) for row, _, what in refused} == {(2, "date-order"), (3, "date-order")}
    named = Read(path, CHINESE.replace("columns:", "dates: dmy\ncolumns:", 1))
    assert (named.refused, named.data["invoice-A1"]["booked_on"]) == ([], "2024-05-01")
    assert named.data["invoice-A1"]["due_on"] == "2024-05-02"
