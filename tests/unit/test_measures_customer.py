"""What one customer's measures say at their edges: nothing known, rest days, windows, currencies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.rating.core.evolve import evolve
from services.rating.core.state import State
from shared.core.customer.state import Setting
from shared.edge.workdays import china
from tests.support.covers import covers
from tests.support.customer import GRADING, SETTING, Customer, Seen, day

covers("MN-04", "MN-18", "MN-51")


@pytest.fixture
def book() -> Customer:
    return Customer()


# --- unknown is not 0

_UNKNOWN = (
    "worst_days_late days_beyond_terms days_beyond_terms_signed on_time_ratio on_time_count_ratio net_collection_rate "
    "net_collection_rate_literal collection_rate dso_91d days_to_cash relationship_months sales_trend turnover_falling "
    "early_payment_note industry sector size_class industry_class statement_alr statement_current statement_npm "
    "trading_months statement_ocf statement_audited heavy_losses public_record register_check_age_months rival_goods_class"
)
_NOTHING = (
    "receivable_balance overdue_amount overdue_ratio max_days_past_due invoiced collected disputed_amount exposure "
    "unallocated_cash unapplied_credit prepayments due_documents broken_commitments enforcement_open_ratio"
)


@pytest.mark.parametrize("name", _UNKNOWN.split())
def test_of_a_customer_of_whom_nothing_is_known_it_is_not_known(book: Customer, name: str) -> None:
    assert book.at("2025-06-30")[name] is None


@pytest.mark.parametrize("name", _NOTHING.split())
def test_a_customer_without_documents_owes_and_did_nothing(book: Customer, name: str) -> None:
    assert book.at("2025-06-30")[name] == 0


def test_a_first_invoice_not_yet_due_was_never_late_but_says_nothing_of_collection(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-06-01", due="2025-06-30")
    seen = book.at("2025-06-30")

    assert (seen["worst_days_late"], seen["overdue_amount"], seen["due_documents"]) == (0, 0, 0)
    assert seen["collection_rate"] is seen["net_collection_rate"] is seen["days_beyond_terms"] is None
    assert seen["sales_trend"] is None


def test_an_item_falls_due_at_the_end_of_its_day_and_counts_from_the_next(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-06-01", due="2025-06-30")
    seen = book.at("2025-07-01")

    assert (seen["max_days_past_due"], seen["overdue_amount"], seen["due_documents"]) == (1, 100, 1)
    assert seen["collection_rate"] == 0


# --- ageing


@covers("MN-54")
def test_ageing_has_every_bucket_at_its_edges_and_adds_up_with_what_falls_due_in_future(book: Customer) -> None:
    for number, due in enumerate(
        ["2025-12-31", "2025-06-30", "2025-06-29", "2025-05-31", "2025-05-30", "2025-05-01", "2025-04-30", "2025-04-01",
         "2025-03-31", "2024-01-01"]
    ):  # fmt: skip
        book.invoice(f"I{number}", f"{2**number}.00", "2024-01-01", due=due)
    seen = book.at("2025-06-30")

    assert seen["ageing"] == {"not_due": 3, "1_30": 12, "31_60": 48, "61_90": 192, "over_90": 768}
    assert sum(seen["ageing"].values()) == seen["receivable_balance"] == 1023
    assert seen["overdue_amount"] == 1020


def test_ageing_adds_up_where_amounts_are_finer_than_the_currency(book: Customer) -> None:
    for name, due in (("A", "2025-05-31"), ("B", "2025-12-31"), ("C", "2025-04-10")):
        book.invoice(name, "10.00", "2025-01-01", due=due)
        book.amends(name, "10.005", "2025-01-02")
    seen = book.at("2025-06-30")

    assert seen["receivable_balance"] == sum(seen["ageing"].values()) == sum(seen["receivable_age"].values())
    assert seen["receivable_balance"] == Decimal("30.02")  # 30.015, half to even
    assert seen["overdue_amount"] == Decimal("20.01")
    assert seen["ageing"]["not_due"] == seen["receivable_balance"] - seen["overdue_amount"]


@pytest.mark.parametrize("currencies", [("USD",), ("USD", "JPY"), ("USD", "JPY", "CNY")])
def test_ageing_adds_up_at_any_rate(book: Customer, currencies: tuple[str, ...]) -> None:
    book.registered("2024-01-01", currency="CNY")
    book.rates("2024-01-01", CNY="1", USD="7.12345", JPY="0.048765")
    for number, due in enumerate(("2025-12-31", "2025-06-10", "2025-05-10", "2025-04-10", "2025-01-10")):
        for currency in currencies:
            amount = str(1000 + 7 * number) if currency == "JPY" else f"10.{number * 17 % 100:02}"
            book.invoice(f"{currency}{number}", amount, due if number else "2025-06-01", due=due, currency=currency)
    seen = book.at("2025-06-30")

    assert sum(seen["ageing"].values()) == sum(seen["receivable_age"].values()) == seen["receivable_balance"]
    assert sum(list(seen["ageing"].values())[1:]) == seen["overdue_amount"]
    assert min(seen["ageing"].values()) > 0


@covers("MN-54")
def test_the_age_from_booking_does_not_care_for_due_dates(book: Customer) -> None:
    book.invoice("A", "1.00", "2025-05-31", due="2025-06-10")
    book.invoice("B", "2.00", "2025-05-30", due="2030-01-01")
    book.invoice("C", "4.00", "2020-06-30")
    book.invoice("D", "8.00", "2020-06-29")
    seen = book.at("2025-06-30")["receivable_age"]

    assert {name: amount for name, amount in seen.items() if amount} == {"0_30": 1, "31_60": 2, "4_5y": 4, "over_5y": 8}


@pytest.mark.parametrize(
    ("on", "bucket"),
    [("2025-06-30", "not_due"), ("2025-07-30", "1_30"), ("2025-07-31", "31_60"), ("2025-09-28", "61_90"),
     ("2025-09-29", "over_90")],
)  # fmt: skip
def test_an_item_ages_with_no_fact_but_the_day(book: Customer, on: str, bucket: str) -> None:
    book.invoice("I", "100.00", "2025-06-01", due="2025-06-30")

    assert [name for name, amount in book.at(on)["ageing"].items() if amount] == [bucket]
    assert book.view(on).items[0].bucket == bucket


def test_an_overdue_cent_beside_a_fortune_is_never_rounded_to_no_overdue_ratio(book: Customer) -> None:
    book.invoice("I", "0.01", "2025-01-01", due="2025-01-31")
    book.invoice("J", "900000000000.00", "2025-06-01", due="2025-12-31")
    seen = book.at("2025-06-30")

    assert seen["overdue_amount"] == Decimal("0.01")
    assert seen["overdue_ratio"] > 0


# --- rest days


@covers("G-08")
def test_due_on_a_saturday_and_paid_on_the_monday_is_on_time_only_where_rest_days_are_rolled(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-05-01", due="2025-06-14")
    book.pays("P", "100.00", "2025-06-16", for_={"I": "100.00"})
    seen = book.at("2025-06-30")

    assert seen["worst_days_late"] == 2
    assert seen.read("worst_days_late", exclude_disputed=60, due_roll=True) == 0
    assert seen["on_time_ratio"] == 0
    assert seen.read("on_time_ratio", exclude_disputed=60, due_roll=True) == 1


@covers("G-08", "MN-54")
def test_ageing_keeps_the_due_date_on_a_rest_day(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-05-01", due="2025-06-14")

    assert book.at("2025-06-16")["ageing"]["1_30"] == 100
    assert book.at("2025-06-16").read("overdue_amount", exclude_disputed=60, due_roll=True) == 0


# --- windows, sales, bills


def test_days_sales_outstanding_over_all_history_count_from_the_first_sale(book: Customer) -> None:
    book.invoice("A", "100.00", "2025-06-01", due="2025-06-30")
    book.invoice("B", "300.00", "2025-06-10", due="2025-06-30")
    book.pays("P", "100.00", "2025-06-20", for_={"A": "100.00"})

    assert book.at("2025-06-30")["dso"] == Decimal("22.5")  # 300 of 400 in 30 days


@covers("G-04")
def test_months_of_trade_count_from_the_first_credit_sale_and_not_from_the_opening_of_the_account(
    book: Customer,
) -> None:
    book.registered("2020-01-01", opened_on=day("2020-01-01"))
    for number in range(3):
        book.invoice(f"I{number}", "10000.00", f"2024-01-1{number}", due=f"2024-01-2{number}")
        book.pays(f"P{number}", "10000.00", f"2024-01-2{number}", for_={f"I{number}": "10000.00"})

    assert [book.at(on)["trading_months"] for on in ("2024-01-09", "2024-01-10", "2024-04-09", "2024-04-10")] == [
        None, 0, 2, 3,
    ]  # fmt: skip
    assert [book.view(on).ratings[0].refusal for on in ("2024-04-09", "2024-04-10")] == ["TOO_FEW_FACTS", None]


def test_a_window_of_months_begins_on_the_day_after_the_same_day(book: Customer) -> None:
    book.invoice("A", "1.00", "2024-06-30")
    book.invoice("B", "2.00", "2024-07-01")
    book.invoice("C", "4.00", "2025-06-30")

    assert book.at("2025-06-30")["invoiced_12m"] == 6
    assert book.at("2025-06-30")["invoiced_90d"] == 4
    assert book.at("2025-06-29")["invoiced_12m"] == 3


def test_a_bill_is_paid_when_received_and_cash_when_it_matures(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-01-01", due="2025-01-31")
    book.pays("P", "100.00", "2025-01-31", for_={"I": "100.00"}, instrument="bill", matures_on=day("2025-07-30"))
    seen = book.at("2025-08-31")

    assert (seen["worst_days_late"], seen["days_to_cash"]) == (0, 210)


def test_sales_of_three_months_against_a_year_ago(book: Customer) -> None:
    book.invoice("A", "100.00", "2024-05-15")
    book.invoice("B", "80.00", "2025-05-15")

    assert book.at("2025-06-30")["sales_trend"] == Decimal("-0.2")
    assert book.at("2024-06-30")["sales_trend"] is None


def test_months_of_relation_are_completed_months(book: Customer) -> None:
    book.invoice("A", "100.00", "2025-01-31")

    assert [book.at(on)["relationship_months"] for on in ("2025-01-31", "2025-02-28", "2025-03-31")] == [0, 0, 2]


# --- currencies


def test_a_foreign_position_counts_at_the_published_rate_of_the_day(book: Customer) -> None:
    book.registered("2025-01-01", currency="CNY")
    book.invoice("I", "100.00", "2025-01-05", currency="USD", due="2025-02-01")
    book.invoice("J", "50.00", "2025-01-05", due="2025-12-01")
    book.rates("2025-01-01", CNY="1", USD="7.1234")
    book.rates("2025-03-01", CNY="1", USD="7.2")

    assert book.at("2025-02-28")["receivable_balance"] == Decimal("762.34")
    assert book.at("2025-03-01")["receivable_balance"] == Decimal("770.00")
    assert book.at("2025-03-01")["overdue_amount"] == Decimal("720.00")
    assert book.at("2025-03-01")["due_documents"] == 1


def test_without_a_rate_there_is_no_grade_and_no_amount(book: Customer) -> None:
    book.months("2024-01-10", 14)
    book.rates("2025-04-01", CNY="1", USD="7.2")
    book.invoice("X", "100.00", "2025-03-05", currency="USD")

    before, after = book.view("2025-03-05"), book.view("2025-04-01")

    assert (before.ratings[0].grade, before.ratings[0].refusal) == (None, "RATE_MISSING")
    assert before.measures["receivable_balance"] is None
    assert after.ratings[0].grade is not None
    assert after.measures["receivable_balance"] == "720.00"


_RATED = (
    "receivable_balance overdue_amount overdue_ratio ageing receivable_age days_beyond_terms days_beyond_terms_signed "
    "on_time_ratio net_collection_rate net_collection_rate_literal collection_rate invoiced collected dso days_to_cash "
    "disputed_amount unallocated_cash unapplied_credit prepayments exposure open_orders delivered_not_invoiced "
    "sales_trend turnover_falling early_payment_note"
)


@pytest.mark.parametrize("name", _RATED.split())
def test_where_a_rate_is_missing_nothing_that_adds_up_amounts_is_known(book: Customer, name: str) -> None:
    book.months("2023-01-10", 30)
    book.invoice("X", "100.00", "2025-05-05", due="2025-05-31", currency="USD")

    assert book.at("2025-05-04")[name] is not None
    assert book.at("2025-06-10")[name] is None


def test_where_a_rate_is_missing_days_and_counts_are_known_and_what_is_material_is_not(book: Customer) -> None:
    book.months("2023-01-10", 14)
    book.invoice("X", "100.00", "2024-05-05", due="2024-05-31", currency="USD")
    seen = book.at("2024-06-05")

    assert (seen["worst_days_late_12m"], seen["max_days_past_due"], seen["due_documents_90d"]) == (5, 5, 1)
    assert seen["on_time_count_ratio_12m"] is not None
    assert seen.read("worst_days_late_12m", **GRADING, min_amount="G-06") is None


def test_where_a_rate_is_missing_no_warning_is_raised_on_amounts_and_none_is_cleared(book: Customer) -> None:
    book.registered("2022-01-01", currency="CNY")
    book.months("2023-01-02", 12)
    book.invoice("L", "10000.00", "2024-01-02", due="2024-02-01")
    book.invoice("J", "100000", "2023-12-01", due="2024-02-20", currency="JPY")
    book.rates("2023-01-01", CNY="1")

    assert "MN-01" not in {warning.rule for warning in book.view("2024-02-25").warnings}

    book.rates("2024-02-26", CNY="1", JPY="0.05")

    assert "MN-01" in {warning.rule for warning in book.view("2024-02-26").warnings}


def test_a_customer_of_one_foreign_currency_is_shown_in_it_and_needs_no_rate(book: Customer) -> None:
    book.invoice("I", "1000", "2025-01-05", currency="JPY")
    view = book.view("2025-01-31")

    assert (view.currency, view.measures["receivable_balance"]) == ("JPY", "1000")


@covers("MN-03")
def test_a_customer_that_begins_to_pay_early_is_noted_only_when_it_is_a_change(book: Customer) -> None:
    for month in range(1, 13):
        paid = f"2025-{month:02}-28" if month < 10 else f"2025-{month:02}-10"
        book.invoice(f"I{month}", "100.00", f"2025-{month:02}-01", due=f"2025-{month:02}-28")
        book.pays(f"P{month}", "100.00", paid, for_={f"I{month}": "100.00"})

    assert book.at("2025-09-30")["early_payment_note"] is False
    assert book.at("2025-12-31")["early_payment_note"] is True
    assert book.at("2026-07-31")["early_payment_note"] is None


@covers("MN-03")
def test_paying_early_for_a_cash_discount_is_no_news(book: Customer) -> None:
    for month in range(1, 13):
        early = month >= 10
        paid = f"2025-{month:02}-10" if early else f"2025-{month:02}-28"
        book.invoice(f"I{month}", "100.00", f"2025-{month:02}-01", due=f"2025-{month:02}-28")
        book.pays(f"P{month}", "98.00" if early else "100.00", paid, for_={f"I{month}": "98.00" if early else "100.00"},
                  discount="2.00" if early else None)  # fmt: skip

    assert book.at("2025-12-31")["early_payment_note"] is False


@covers("G-05")
def test_a_customer_is_new_for_six_months_and_while_its_facts_are_few(book: Customer) -> None:
    book.registered("2020-01-01", opened_on=day("2020-01-01"))
    assert book.at("2024-01-09")["new_customer"] is True, "nothing was ever sold"
    for number in range(2):
        book.invoice(f"I{number}", "10000.00", f"2024-01-1{number}", due=f"2024-01-2{number}")
    assert book.at("2024-07-31")["new_customer"] is True, "two due documents are fewer than three (G-04)"
    book.invoice("I2", "10000.00", "2024-01-12", due="2024-01-22")
    seen = [book.at(on)["new_customer"] for on in ("2024-07-09", "2024-07-10")]
    assert seen == [True, False], "six months since the first credit sale, however old the account"


@covers("G-08")
def test_due_in_the_national_holidays_an_item_counts_from_the_next_working_day(book: Customer) -> None:
    """1 to 8 October 2025 rest, 28 September and 11 October work; the 9th is a Thursday."""
    book.invoice("I", "900.00", "2025-09-01", due="2025-10-02")
    state = State(book.subject, Setting(lenses=SETTING.lenses, calendar=china()))
    for event in book.events:
        evolve(state, event)
    seen = {}
    for on in ("2025-10-08", "2025-10-09", "2025-10-10"):
        state.ledger.move_to(day(on).toordinal())
        seen[on] = Seen(state, on, book.context)
    assert [one["max_days_past_due"] for one in seen.values()] == [6, 7, 8], "ageing keeps the due date"
    assert seen["2025-10-10"]["undisputed_days_past_due"] == 1
