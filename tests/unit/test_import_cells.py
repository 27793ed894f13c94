"""What one cell says: amounts, dates and numbers as people and other systems write them."""

from __future__ import annotations

from datetime import date

import pytest

from gradeline.importing import cells
from shared.core.errors import Malformed


def amount(text: str, *, decimal: str = ".", thousands: str = ",", sign: str = "as_is") -> str:
    return cells.amount({"A": text}, "A", decimal=decimal, thousands=thousands, sign=sign)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12", "12"),
        ("12.50", "12.50"),
        (" 1,234.5 ", "1234.5"),
        ("1,234,567", "1234567"),
        ("+3", "3"),
        ("-0.00", "0.00"),
        ("0", "0"),
    ],
)
def test_an_amount_keeps_its_digits(text: str, found: str) -> None:
    assert amount(text) == found


@pytest.mark.parametrize(
    "text", ["12,50", "1,23,456", "1.2.3", "12e3", "USD 12", ".5", "5.", "--5", "(5", "5-)", "1 000"]
)
def test_what_is_not_plainly_an_amount_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        amount(text)
    assert (refused.value.pointer, refused.value.rule) == ("/A", "amount")


def test_marks_of_another_country_are_understood_when_the_mapping_says_so() -> None:
    assert amount("1.234,56", decimal=",", thousands=".") == "1234.56"
    with pytest.raises(Malformed):
        amount("1,234.56", decimal=",", thousands=".")


@pytest.mark.parametrize("text", ["-12.50", "12.50-", "(12.50)"])
def test_a_negative_amount_is_refused_unless_the_sign_rule_takes_it(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        amount(text)
    assert refused.value.rule == "negative"
    assert amount(text, sign="reversed") == "12.50"
    assert amount(text, sign="absolute") == "12.50"


def test_a_positive_amount_is_refused_where_the_sign_is_reversed() -> None:
    with pytest.raises(Malformed) as refused:
        amount("12.50", sign="reversed")
    assert refused.value.rule == "positive"
    assert amount("0.00", sign="reversed") == "0.00"


def test_a_date_has_the_form_of_the_mapping_and_no_other() -> None:
    assert cells.day({"D": "4/6/2013"}, "D", "%m/%d/%Y") == date(2013, 4, 6)
    for text in ("2013-04-06", "13/6/2013", "2/30/2013", "4/6/2013 10:00"):
        with pytest.raises(Malformed) as refused:
            cells.day({"D": text}, "D", "%m/%d/%Y")
        assert refused.value.rule == "date"


def test_an_empty_cell_is_refused_and_named() -> None:
    with pytest.raises(Malformed) as refused:
        amount("   ")
    assert (refused.value.pointer, refused.value.rule) == ("/A", "empty")


def test_bytes_of_another_encoding_are_refused_instead_of_guessed() -> None:
    with pytest.raises(Malformed) as refused:
        cells.cell({"N": b"\xc3\xfb".decode("utf-8", "surrogateescape")}, "N")
    assert refused.value.rule == "encoding"


def test_text_is_composed_so_that_one_name_is_one_id() -> None:
    assert cells.cell({"N": " Cafe\u0301 "}, "N") == "Café"


def test_numbers_are_whole_or_decimal_as_asked() -> None:
    assert cells.whole({"N": "-12"}, "N") == -12
    assert cells.ratio({"N": "-0,25"}, "N", decimal=",") == "-0.25"
    with pytest.raises(Malformed):
        cells.whole({"N": "1.5"}, "N")
    with pytest.raises(Malformed):
        cells.ratio({"N": "a"}, "N", decimal=".")


def test_a_lookup_knows_only_its_table() -> None:
    assert cells.choice({"C": "391"}, "C", {"391": "EU"}, None) == "EU"
    assert cells.choice({"C": "1"}, "C", {"391": "EU"}, "other") == "other"
    with pytest.raises(Malformed) as refused:
        cells.choice({"C": "1"}, "C", {"391": "EU"}, None)
    assert refused.value.rule == "lookup"
