"""Every worked example of features 5, from facts to the published figure."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.rating.core.measures import portfolio
from shared.core.ledger.experience import FINE, index_points
from tests.support.customer import Customer

D = Decimal

# --- 5.1: a quarter of 91 days, begin 400, sales 200, 220, 180, end 450 of which 330 are not yet due


@pytest.fixture
def quarter() -> Customer:
    book = Customer()
    book.books("opening_balance", "OB", "400.00", "2025-03-31", due="2025-04-15")
    book.invoice("A", "200.00", "2025-04-15", due="2025-06-10")
    book.invoice("B", "220.00", "2025-05-15", due="2025-07-14")
    book.invoice("C", "180.00", "2025-06-15", due="2025-07-15")
    book.pays("P", "470.00", "2025-06-20", for_={"OB": "400.00", "A": "70.00"})
    book.pays("Q", "80.00", "2025-06-21", for_={"A": "10.00", "B": "70.00"})
    return book


def test_the_quarter_of_the_example_is_what_it_says(quarter: Customer) -> None:
    seen = quarter.at("2025-06-30")

    assert (seen["invoiced_91d"], seen["receivable_balance"], seen["overdue_amount"]) == (600, 450, 120)
    assert quarter.at("2025-03-31")["receivable_balance"] == 400


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("dso_91d", "68.25"),
        ("best_possible_dso_91d", "50.05"),
        ("average_days_delinquent_91d", "18.20"),
        ("dso_count_back", "68.5"),
        ("collection_effectiveness_91d", "0.820895522"),
        ("receivable_turnover_91d", "1.411764706"),
    ],
)
def test_collection_measures_of_the_quarter(quarter: Customer, measure: str, value: str) -> None:
    assert quarter.at("2025-06-30")[measure] == D(value)


def test_effectiveness_takes_the_sales_of_the_window_and_not_their_monthly_mean(quarter: Customer) -> None:
    """The trap of the source: with the monthly mean of 200 it would be 55.6 per cent."""
    literal = D(400 + 200 - 450) / D(400 + 200 - 330)

    assert round(literal, 3) == D("0.556")
    assert quarter.at("2025-06-30")["collection_effectiveness_91d"] != literal.quantize(D("1e-9"))


def test_concentration_of_50_30_20_per_cent_is_0_38() -> None:
    shares = [D(50), D(30), D(20)]

    assert portfolio.concentration(shares) == D("0.38")
    assert portfolio.top_share(shares, 2) == D("0.8")
    assert [portfolio.core_customers(shares, share) for share in (D("0.5"), D("0.8"), D("0.81"))] == [1, 2, 3]


def test_roll_and_cure_rates_are_shares_of_the_start() -> None:
    assert portfolio.roll_rate(D(30), D(120)) == portfolio.cure_rate(1, 4) == D("0.25")
    assert portfolio.roll_rate(D(30), D(0)) is portfolio.cure_rate(0, 0) is None


# --- 5.2: payment behaviour


def test_signed_12_50_and_floored_15_83(three_payments: Customer) -> None:
    seen = three_payments.at("2025-05-31")

    assert seen["days_beyond_terms_signed_12m"] == D("12.5")
    assert round(seen["days_beyond_terms_12m"], 2) == D("15.83")


def test_average_days_paid_run_from_the_invoice(three_payments: Customer) -> None:
    """30 days of term: (10,000 × 35 + 20,000 × 20 + 30,000 × 60) ÷ 60,000."""
    assert three_payments.at("2025-05-31")["days_to_pay_12m"] == D("42.5")


def test_days_beyond_terms_from_the_buckets_10_5_3_2_are_40_5() -> None:
    book = Customer()
    for name, amount, due in (("A", "10", "2025-06-10"), ("B", "5", "2025-05-10"), ("C", "3", "2025-04-10"),
                              ("D", "2", "2025-01-10")):  # fmt: skip
        book.invoice(name, f"{amount}.00", "2025-01-01", due=due)
    book.invoice("E", "20.00", "2025-06-01", due="2025-07-31")
    seen = book.at("2025-06-30")

    assert list(seen["ageing"].values()) == [20, 10, 5, 3, 2]
    assert seen["days_beyond_terms_buckets"] == D("40.5")
    assert seen.read("days_beyond_terms_buckets", over="balance") == D("20.25")


def test_clean_days_leave_out_what_is_in_dispute(three_payments: Customer) -> None:
    three_payments.disputes("X", "C", "30000.00", "2025-04-20")
    three_payments.agrees("X", "2025-05-05")
    seen = three_payments.at("2025-05-31")

    assert round(seen["days_beyond_terms_12m"], 2) == D("15.83")
    assert seen["clean_days_beyond_terms_12m"] == D("1.666666667")


@pytest.mark.parametrize(
    ("late", "points"),
    [(-40, 100), (-30, 100), (-20, 90), (0, 80), (15, 70), (22, 60), (30, 50), (33, 49), (45, 45), (60, 40), (90, 30),
     (120, 20), (400, 20)],
)  # fmt: skip
def test_the_chart_of_the_payment_index(late: int, points: int) -> None:
    assert index_points(late) == points * FINE


def test_the_payment_index_weighs_by_value_and_wants_three_experiences(three_payments: Customer) -> None:
    """(10,000 × 76 2/3 + 20,000 × 85 + 30,000 × 50) ÷ 60,000."""
    seen = three_payments.at("2025-05-31")

    assert seen["payment_index_12m"] == D("66.111111111")
    assert three_payments.at("2025-04-30")["payment_index_12m"] is not None  # one paid early, one late, one is overdue
    assert three_payments.at("2025-04-02")["payment_index_12m"] is None


def test_a_discount_that_was_taken_gives_90_at_least() -> None:
    book = Customer()
    for number in range(3):
        book.invoice(f"I{number}", "1000.00", "2025-03-03", due="2025-04-02",
                     discount={"until": "2025-03-20", "rate": "0.02"})  # fmt: skip
    for number in range(2):
        book.pays(f"P{number}", "980.00", "2025-03-28", for_={f"I{number}": "980.00"}, discount="20.00")
    book.pays("P2", "1000.00", "2025-04-02", for_={"I2": "1000.00"})
    seen = book.at("2025-04-30")

    assert seen["payment_index_12m"] == (D(1960 * 90 + 1000 * 80) / 2960).quantize(D("1e-9"))
    assert seen["discount_taken_ratio_12m"] == (D(1960) / 2960).quantize(D("1e-9"))


def test_high_credit_is_the_largest_balance_of_any_day_of_the_window() -> None:
    book = Customer()
    book.invoice("A", "700.00", "2025-01-10", due="2025-03-01")
    book.invoice("B", "200.00", "2025-02-01", due="2025-03-01")
    book.pays("P", "700.00", "2025-02-10", for_={"A": "700.00"})

    seen = {on: book.at(on)["high_credit_30d"] for on in ("2025-01-31", "2025-02-09", "2025-03-10", "2025-03-11")}
    assert seen == {"2025-01-31": 700, "2025-02-09": 900, "2025-03-10": 900, "2025-03-11": 200}
    assert book.at("2025-12-31")["high_credit_12m"] == 900


@pytest.mark.parametrize(("old", "severe"), [("99.00", False), ("100.00", True)])
def test_ten_per_cent_over_90_days_past_due_is_severe(old: str, severe: bool) -> None:
    book = Customer()
    book.invoice("OLD", old, "2025-01-01", due="2025-01-10")
    book.invoice("NEW", f"{1000 - D(old):.2f}", "2025-05-01", due="2025-07-10")

    assert book.at("2025-04-30")["severely_delinquent"]
    assert book.at("2025-05-01")["bucket_ratio"] == D(old) / 1000
    assert book.at("2025-05-01")["severely_delinquent"] is severe


def test_bad_debts_are_net_of_what_was_recovered() -> None:
    assert portfolio.bad_debt_ratio(D(30), D(10), D(4000)) == D("0.005")
    assert portfolio.bad_debt_ratio(D(30), D(10), D(0)) is None


def test_a_migration_matrix_gives_shares_of_who_held_a_grade_at_the_start() -> None:
    found = portfolio.migration({("A", "A"): 6, ("A", "B"): 2, ("B", "A"): 1, ("B", "none"): 3, ("C", "C"): 0})

    assert found == {"A": {"A": D("0.75"), "B": D("0.25")}, "B": {"A": D("0.25"), "none": D("0.75")}}


def test_a_vintage_follows_what_was_invoiced_in_a_month() -> None:
    """1,000 invoiced in January, of which 200 were overdue after one month, 50 after two."""
    found = portfolio.vintage({"2025-01": D(1000), "2025-02": D(0)}, {"2025-01": [D(200), D(50)], "2025-02": [D(0)]})

    assert found == {"2025-01": (D("0.2"), D("0.05"))}


# --- 5.4: expected loss; what else is there is in tests/unit/test_validation.py


def test_expected_loss_of_the_example_is_900() -> None:
    assert portfolio.expected_loss(D("0.02"), D("0.45"), D(100000)) == 900
