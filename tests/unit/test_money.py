"""Money: what is read, what is refused, and that nothing is ever rounded."""

from __future__ import annotations

from decimal import Decimal

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core import money
from shared.core.breach import Breach
from shared.core.envelope import canonical

NO_MINOR_UNIT = {"XAG", "XAU", "XPD", "XPT", "XBA", "XBB", "XBC", "XBD", "XDR", "XSU", "XUA", "XTS", "XXX"}
WITHDRAWN = {"ANG", "BGN", "CUC", "HRK", "SLL", "ZWL"}
USED_WITHOUT_CENTS = {"AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"}
"""CLDR says what is used in practice; ISO 4217, and so the books, keep the decimals."""


@pytest.mark.parametrize("text", ["0", "12.5", "1200", "12.50", "0.0001", "999999999999999.9999", "007"])
def test_a_plain_decimal_is_an_amount(text: str) -> None:
    assert money.parse_amount(text) == Decimal(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("-1", "range"),
        ("1000000000000000", "range"),
        ("1.00001", "scale"),
        ("1e3", "amount"),
        ("1E+3", "amount"),
        ("+1", "amount"),
        (" 1", "amount"),
        ("1 ", "amount"),
        ("1\n", "amount"),
        ("1_000", "amount"),
        ("1,000", "amount"),
        (".5", "amount"),
        ("5.", "amount"),
        ("", "amount"),
        ("NaN", "amount"),
        ("Infinity", "amount"),
        ("１２", "amount"),
        ("٣", "amount"),
        ("0x10", "amount"),
        (12, "bare-number"),
        (12.5, "bare-number"),
        (True, "amount"),
        (None, "amount"),
        (["1"], "amount"),
    ],
)
def test_everything_else_is_refused_by_its_rule(text: object, rule: str) -> None:
    with pytest.raises(Breach) as refused:
        money.parse_amount(text)
    assert refused.value.rule == rule
    assert "write" in refused.value.message


def test_balances_may_be_negative_and_shares_lie_between_0_and_1() -> None:
    assert money.parse_signed_amount("-12.50") == Decimal("-12.5")
    assert money.parse_share("1.000") == 1
    for text in ("1.01", "-0.1", "2"):
        with pytest.raises(Breach, match="between 0 and 1"):
            money.parse_share(text)
    with pytest.raises(Breach) as refused:
        money.parse_ratio("0.1234567891")
    assert refused.value.rule == "scale"


@pytest.mark.parametrize("text", ["0.000000001", "-0.000000001", "0.000000000", "1200", "100000000000000.5", "-0"])
def test_a_ratio_is_written_without_an_exponent_and_read_back(text: str) -> None:
    written = canonical(money.parse_ratio(text)).decode().strip('"')
    assert "E" not in written
    assert money.parse_ratio(written) == Decimal(text)


def test_the_currencies_are_those_of_iso_4217() -> None:
    listed = {currency.alpha_3 for currency in pycountry.currencies}
    assert set(money.CURRENCIES) - WITHDRAWN == listed - NO_MINOR_UNIT - WITHDRAWN


def test_the_decimals_agree_with_cldr() -> None:
    core = pytest.importorskip("babel.core")
    fractions = core.get_global("currency_fractions")
    theirs = {code: fractions.get(code, fractions["DEFAULT"])[0] for code in money.CURRENCIES}
    differing = {code for code, digits in money.CURRENCIES.items() if theirs[code] != digits}
    assert differing - WITHDRAWN == USED_WITHOUT_CENTS & differing
    assert money.minor_units("CNY") == 2
    assert money.minor_units("JPY") == 0
    assert money.minor_units("KWD") == 3


@given(st.integers(-(10**17), 10**17), st.sampled_from(sorted(money.CURRENCIES)))
def test_minor_units_come_back_exactly(n: int, currency: str) -> None:
    amount = money.from_minor(n, currency)
    assert money.to_minor(amount, currency) == n
    assert -amount.as_tuple().exponent == money.minor_units(currency)  # type: ignore[operator]


@given(st.integers(0, 10**15 - 1), st.integers(0, 4), st.sampled_from(["CNY", "JPY", "KWD", "CLF"]))
def test_an_amount_is_settled_exactly_or_refused(digits: int, decimals: int, currency: str) -> None:
    amount = Decimal(digits).scaleb(-decimals)
    if decimals <= money.minor_units(currency):
        settled = money.settle(amount, currency)
        assert settled == amount
        assert money.parse_amount(format(settled, "f")) == amount
    else:
        with pytest.raises(Breach) as refused:
            money.settle(amount, currency)
        assert refused.value.rule == "scale"


def test_zeros_beyond_the_decimals_of_the_currency_are_refused() -> None:
    with pytest.raises(Breach, match="at most 2"):
        money.settle(Decimal("1.000"), "CNY")
    assert str(money.settle(Decimal("1.000"), "KWD")) == "1.000"


@given(st.decimals(min_value=-(10**15) + 1, max_value=10**15 - 1, places=9))
def test_the_plain_form_is_one_form(value: Decimal) -> None:
    assert money.plain(value) == value
    assert str(money.plain(value)) == str(money.plain(value * Decimal("1.000")))


def test_an_unknown_currency_is_refused_everywhere() -> None:
    for call in (
        lambda: money.minor_units("RMB"),
        lambda: money.settle(Decimal(1), "RMB"),
        lambda: money.from_minor(1, "XXX"),
    ):
        with pytest.raises(Breach) as refused:
            call()
        assert (refused.value.rule, refused.value.pointer) == ("currency", "/currency")
