"""Amounts as they stand in Chinese ledgers: wide digits, marks of the currency, brackets, minus signs behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradeline.importing import cells
from gradeline.importing.written import Number
from shared.core.errors import Malformed
from tests.support.ledger_mapping import CHINESE, Read, csv_of


def read(text: str, *, decimal: str = ".", thousands: str = ",") -> tuple[str | None, bool]:
    return cells.plain(text, decimal=decimal, thousands=thousands)


@pytest.mark.parametrize(
    "text",
    [
        "1234.50", "1,234.50", "¥1,234.50", "￥1,234.50", "￥ 1,234.50", "RMB1,234.50", "rmb 1,234.50", "CNY 1,234.50",
        "1,234.50元", "人民币1,234.50", "１２３４．５０", "１，２３４．５０", "1,234.50 RMB", "+1,234.50", "\u00a01,234.50",
    ],
)  # fmt: skip
def test_an_amount_is_its_digits_however_it_is_dressed(text: str) -> None:
    assert read(text) == ("1234.50", False)


@pytest.mark.parametrize(
    "text",
    [
        "-1,234.50", "1,234.50-", "(1,234.50)", "（1,234.50）", "(¥1,234.50)", "¥(1,234.50)", "¥-1,234.50", "-¥1,234.50",
        "－1,234.50", "\u22121,234.50", "1,234.50-元", "-1,234.50元", "RMB (1,234.50)",
    ],
)  # fmt: skip
def test_a_negative_amount_is_known_by_any_of_its_signs(text: str) -> None:
    assert read(text) == ("1234.50", True)


@pytest.mark.parametrize(
    "text", ["$12", "12 USD", "€12", "¥", "元", "RMB", "¥¥1", "1¥2", "--1", "(-1)", "1,23", "١٢", "一百"]
)
def test_what_is_no_amount_stays_refused(text: str) -> None:
    assert read(text)[0] is None


def test_a_number_of_a_spreadsheet_has_a_point_whatever_mark_the_texts_of_the_file_have() -> None:
    assert read(Number("-1234.5"), decimal=",", thousands=".") == ("1234.5", True)
    assert read("1.234,5", decimal=",", thousands=".") == ("1234.5", False)


def test_the_mark_beside_an_amount_must_be_that_of_the_rows_currency(tmp_path: Path) -> None:
    text = CHINESE.replace("currency: CNY", 'currency: "{币种}"').replace(
        "may_have: [到期日, 币种, 备注]", "may_have: [到期日, 币种]"
    )
    rows = [
        "C1,A1,2024-01-05,￥10,CNY",
        "C1,A2,2024-01-05,¥10,JPY",
        "C1,A3,2024-01-05,RMB 10,USD",
        "C1,A4,2024-01-05,10,USD",
    ]
    read = Read(csv_of(tmp_path, *rows, header="客户编码,单据号,日期,金额,币种"), text)
    assert read.refused == [(4, "金额", "currency-mark")]
    assert {name: data["amount"] for name, data in read.data.items()} == {
        "invoice-A1": "10",
        "invoice-A2": "10",
        "invoice-A4": "10",
    }
    assert all(type(data["amount"]) is str for data in read.data.values())


def test_red_negatives_are_known_by_their_sign_where_the_text_has_one(tmp_path: Path) -> None:
    read = Read(csv_of(tmp_path, "C1,A1,2024-01-05,-10,"))
    assert read.refused == [(2, "金额", "negative")]


def test_a_whole_number_may_be_wide_and_a_share_has_no_mark() -> None:
    assert cells.whole({"N": "３０"}, "N") == 30
    with pytest.raises(Malformed):
        cells.ratio({"N": "¥1"}, "N", decimal=".")
