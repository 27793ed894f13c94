"""What is known of a customer beside its documents: conduct, signals, statements, reports, and when it is in default."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.covers import covers
from tests.support.customer import Customer, Day, day

covers("G-17", "MN-06", "MN-18", "MN-23", "DP-16")


@pytest.fixture
def book() -> Customer:
    return Customer()


def found(book: Customer, id: str, kind: str, on: Day) -> None:
    book.tell("conduct.reported", day(on), conduct_id=id, kind=kind, found_on=day(on))


def closed(book: Customer, id: str, on: Day, outcome: str | None = None) -> None:
    book.tell("conduct.closed", day(on), conduct_id=id, closed_on=day(on), outcome=outcome)


def filed(book: Customer, id: str, period_end: Day, net_profit: str, **more: Any) -> None:
    """A yearly statement with net assets of 80,000, received three months after its period."""
    lines = {"total_assets": "100000.00", "total_liabilities": "20000.00", "net_profit": net_profit}
    statement = {"months": 12, "currency": "CNY", "basis": "audited", "lines": lines} | more
    book.tell("financials.reported", day(period_end), statement_id=id, period_end=day(period_end), **statement)


# --- conduct


def test_fraud_is_proven_by_the_outcome_and_not_by_the_report(book: Customer) -> None:
    found(book, "K", "fraud", "2025-04-01")
    closed(book, "K", "2025-05-01", "proven")

    seen = {on: book.at(on)["fraud_proven"] for on in ("2025-04-01", "2025-04-30", "2025-05-01", "2027-05-01")}

    assert seen == {"2025-04-01": False, "2025-04-30": False, "2025-05-01": True, "2027-05-01": True}


@covers("G-19")
@pytest.mark.parametrize(
    ("kind", "outcome", "proven"),
    [("theft", "proven", True), ("fraud", "unfounded", False), ("fraud", None, False), ("complaint", "proven", False)],
)
def test_only_proven_fraud_or_theft_counts(book: Customer, kind: str, outcome: str | None, proven: bool) -> None:
    found(book, "K", kind, "2025-04-01")
    closed(book, "K", "2025-05-01", outcome)

    assert book.at("2025-05-01")["fraud_proven"] is proven


def test_a_finding_that_is_taken_back_no_longer_counts_and_the_days_before_keep_it(book: Customer) -> None:
    found(book, "K", "fraud", "2025-04-01")
    closed(book, "K", "2025-05-01", "proven")
    closed(book, "K", "2025-06-01", "overturned")

    assert [book.at(on)["fraud_proven"] for on in ("2025-05-31", "2025-06-01")] == [True, False]


@covers("MN-05")
def test_a_breach_counts_while_it_is_open_and_where_it_was_proven_for_two_years(book: Customer) -> None:
    for id in ("OPEN", "PROVEN", "SETTLED"):
        found(book, id, "breach", "2023-04-10")
    found(book, "OTHER", "complaint", "2023-04-10")
    closed(book, "PROVEN", "2023-05-01", "proven")
    closed(book, "SETTLED", "2023-05-01")

    seen = [
        book.at(on)["breaches_24m"] for on in ("2023-04-09", "2023-04-10", "2023-05-01", "2025-04-09", "2025-04-10")
    ]

    assert seen == [0, 3, 2, 2, 1]


def test_an_open_breach_is_an_early_warning_without_any_arrears(book: Customer) -> None:
    book.months("2024-01-03", 14)
    found(book, "K", "breach", "2025-02-03")

    warnings = {one.rule: one for one in book.view("2025-02-03").warnings}

    assert [one.rule for one in book.view("2025-02-02").warnings] == []
    assert (warnings["MN-05"].severity, warnings["MN-05"].figures["breaches_24m"]) == ("info", "1")


# --- signals


@covers("G-20")
@pytest.mark.parametrize("kind", ["blacklist", "serious_violation"])
def test_the_list_of_serious_violations_counts_until_it_is_lifted(book: Customer, kind: str) -> None:
    book.signals("G", kind, "2025-04-01")
    book.tell("signal.lifted", day("2025-05-01"), signal_id="G", lifted_on=day("2025-05-01"))

    seen = [book.at(on)["serious_violations"] for on in ("2025-03-31", "2025-04-01", "2025-04-30", "2025-05-01")]

    assert seen == [False, True, True, False]


@pytest.mark.parametrize(
    ("rates", "ratio"), [({"CNY": "1", "USD": "7"}, "0.035"), ({"CNY": "1"}, "1")], ids=["known", "missing"]
)
def test_an_enforcement_in_another_currency_counts_at_its_rate_and_in_full_without_one(
    book: Customer, rates: dict[str, str], ratio: str
) -> None:
    book.rates("2025-01-01", **rates)
    filed(book, "F", "2024-12-31", "500.00")
    book.signals("E", "enforcement", "2025-04-01", amount="400.00", currency="USD")

    assert str(book.at("2025-04-01")["enforcement_open_ratio"].normalize()) == ratio


# --- statements


@covers("MN-07")
@pytest.mark.parametrize(
    ("periods", "heavy"),
    [
        (("2023-12-31", "2023-12-31"), False),
        (("2023-06-30", "2023-12-31"), False),
        (("2020-12-31", "2023-12-31"), False),
        (("2022-12-31", "2023-12-31"), True),
        (("2022-12-31", "2023-12-30"), True),
    ],
    ids=["one year twice", "half a year apart", "years between", "two years", "52 weeks"],
)
def test_two_loss_years_are_two_years_one_after_the_other(
    book: Customer, periods: tuple[str, str], heavy: bool
) -> None:
    for number, period in enumerate(periods):
        filed(book, f"F{number}", period, "-100.00", consolidated=bool(number))

    assert book.at("2024-03-01")["heavy_losses"] is heavy


def test_of_two_statements_of_a_year_the_later_says_whether_it_was_a_loss(book: Customer) -> None:
    filed(book, "A", "2022-12-31", "-100.00")
    filed(book, "B", "2022-12-31", "100.00")
    filed(book, "C", "2023-12-31", "-100.00")

    assert book.at("2024-03-01")["heavy_losses"] is False


# --- reports


def test_the_newest_report_on_rival_goods_counts_whether_it_is_a_word_or_a_share(book: Customer) -> None:
    book.reports("rival_goods", "ours_only", "2024-01-10")
    book.reports("rival_goods_share", "0.7", "2024-03-10")
    book.reports("rival_goods", "equal", "2024-04-10")

    seen = [book.at(on)["rival_goods_class"] for on in ("2024-03-09", "2024-03-10", "2024-04-10", "2025-04-11")]

    assert seen == ["ours_only", "rivals_main", "equal", None]


def test_a_report_that_is_out_of_date_hides_no_newer_one(book: Customer) -> None:
    book.reports("rival_goods", "ours_only", "2022-01-10")
    book.reports("rival_goods_share", "0.2", "2024-01-10")

    assert book.at("2024-02-01")["rival_goods_class"] == "ours_main"


# --- default


@pytest.mark.parametrize(
    ("currency", "amount", "rates", "defaulted"),
    [
        ("CNY", "5000.00", {}, False),
        ("CNY", "5000.01", {}, True),
        ("USD", "714.28", {"CNY": "1", "USD": "7"}, False),
        ("USD", "714.29", {"CNY": "1", "USD": "7"}, True),
        ("JPY", "6000", {"CNY": "1", "JPY": "0.05"}, False),
        ("JPY", "100001", {"CNY": "1", "JPY": "0.05"}, True),
        ("USD", "5000.00", {}, False),
        ("USD", "5000.01", {}, True),
    ],
)
def test_default_begins_above_5000_yuan_whatever_the_currency(
    book: Customer, currency: str, amount: str, rates: dict[str, str], defaulted: bool
) -> None:
    if rates:
        book.rates("2022-01-01", **rates)
    book.invoice("I", amount, "2023-01-02", due="2023-02-01", currency=currency)

    assert [book.at(on)["in_default"] for on in ("2023-05-01", "2023-05-02")] == [False, defaulted]


def test_default_begins_above_one_per_cent_of_everything_receivable(book: Customer) -> None:
    book.registered("2022-01-01", currency="CNY")
    book.rates("2022-01-01", CNY="1", USD="7")
    book.invoice("I", "10000.00", "2023-01-02", due="2023-02-01")
    book.invoice("J", "141430.00", "2023-04-01", due="2023-12-01", currency="USD")

    assert book.at("2023-05-02")["in_default"] is False  # 10,000 of 1,000,010

    book.pays("P", "2.00", "2023-05-02", for_={"J": "2.00"}, currency="USD")

    assert book.at("2023-05-02")["in_default"] is True


# --- ratios that a statement reports


def test_a_ratio_is_computed_from_the_lines_first_and_then_read_as_reported(book: Customer) -> None:
    filed(book, "F", "2025-03-31", "9000.00", ratios={"alr": "0.99", "icov": "4.5", "gro": "-0.02", "ard": "61.5"})
    seen = book.at("2025-06-30")

    assert seen["statement_alr"] == Decimal("0.2"), "20,000 of 100,000, whatever is reported"
    assert seen["statement_roe"] == Decimal("0.1125")
    names = ("statement_icov", "statement_gro", "statement_ard")
    assert [seen[name] for name in names] == [Decimal("4.5"), Decimal("-0.02"), Decimal("61.5")]
    assert seen["statement_quick"] is None


@covers("G-10")
@pytest.mark.parametrize(
    "name",
    ["alr", "current", "quick", "ocf", "icov", "npm", "roe", "ard", "ivd", "gro", "debt_to_revenue", "equity_ratio"],
)
def test_every_ratio_may_be_reported(book: Customer, name: str) -> None:
    filed(book, "F", "2025-03-31", "9000.00", lines={"inventories": "1.00"}, ratios={name: "0.123456789"})

    assert book.at("2025-06-30")[f"statement_{name}"] == Decimal("0.123456789")
    assert book.at("2026-09-30")[f"statement_{name}"] == Decimal("0.123456789")
    assert book.at("2026-10-01")[f"statement_{name}"] is None, "usable for eighteen months (G-10)"


def test_only_the_newest_statement_is_read(book: Customer) -> None:
    filed(book, "OLD", "2024-12-31", "9000.00", ratios={"icov": "4.5"})
    filed(book, "NEW", "2025-03-31", "9000.00")

    assert book.at("2025-03-30")["statement_icov"] == Decimal("4.5")
    assert book.at("2025-03-31")["statement_icov"] is None
    assert book.at("2025-03-31", reversed(book.events))["statement_icov"] is None


# --- money after a reminder


def reminded(book: Customer, id: str, on: Day, level: int = 1) -> None:
    book.tell("dunning.sent", day(on), dunning_id=id, level=level, sent_on=day(on))


def test_days_from_a_reminder_to_the_money_that_came_next(book: Customer) -> None:
    book.invoice("I", "900.00", "2025-01-01", due="2025-01-31")
    reminded(book, "D1", "2025-02-03")
    reminded(book, "D2", "2025-03-01", level=2)
    book.pays("P1", "300.00", "2025-02-10", for_={"I": "300.00"})

    days = ("2025-02-02", "2025-02-03", "2025-02-09", "2025-02-10", "2025-02-28", "2025-03-08", "2025-03-20")
    seen = {on: book.at(on)["days_after_reminder_90d"] for on in days}

    assert list(seen.values()) == [None, 0, 6, 7, 7, 7, 19], "the second is not paid yet on the twentieth"
    book.pays("P2", "600.00", "2025-03-12", for_={"I": "600.00"})
    late = {on: book.at(on, reversed(book.events))["days_after_reminder_90d"] for on in (*days, "2025-05-29")}
    assert list(late.values()) == [None, 0, 6, 7, 7, 7, 11, 11], "a late fact, in any order"
    assert book.at("2025-03-20").read("days_after_reminder_90d", level=2) == 11
    assert book.at("2025-05-10")["days_after_reminder_90d"] == 11, "the first has left the window"
    assert book.at("2025-06-01")["days_after_reminder_90d"] is None


def test_a_reminder_that_nothing_is_owed_on_any_more_waits_for_no_money(book: Customer) -> None:
    book.invoice("I", "900.00", "2025-01-01", due="2025-01-31")
    reminded(book, "D", "2025-02-03")
    book.cancels("I", "2025-02-05")

    assert book.at("2025-02-04")["days_after_reminder_90d"] == 1
    assert book.at("2025-02-20")["days_after_reminder_90d"] is None


def test_money_that_was_taken_back_answers_no_reminder(book: Customer) -> None:
    book.invoice("I", "900.00", "2025-01-01", due="2025-01-31")
    reminded(book, "D", "2025-02-03")
    book.pays("P", "900.00", "2025-02-05", for_={"I": "900.00"})
    book.reverses("P", "2025-02-08")

    assert book.at("2025-02-07")["days_after_reminder_90d"] == 2
    assert book.at("2025-02-20")["days_after_reminder_90d"] == 17


def test_a_part_that_is_taken_back_is_no_money_that_came_in(book: Customer) -> None:
    book.invoice("I", "900.00", "2025-01-01", due="2025-01-31")
    book.pays("P", "900.00", "2025-02-01", for_={"I": "900.00"})
    reminded(book, "D", "2025-02-03")
    book.reverses("P", "2025-02-06", "300.00")

    assert book.at("2025-02-10")["days_after_reminder_90d"] == 7
