"""Worked examples with published answers, computed from facts end to end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.support.covers import covers
from tests.support.customer import Customer, day

# --- features 5.2: days beyond terms


def test_days_beyond_terms_of_the_example_are_15_83_floored_and_12_50_signed(three_payments: Customer) -> None:
    seen = three_payments.at("2025-05-31")

    assert seen["days_beyond_terms_12m"] == Decimal("15.833333333")
    assert seen["days_beyond_terms_signed_12m"] == Decimal("12.5")


def test_what_is_overdue_now_counts_in_days_beyond_terms(three_payments: Customer) -> None:
    three_payments.invoice("D", "60000.00", "2025-03-03", due="2025-05-01")
    seen = three_payments.at("2025-05-31")

    assert seen["days_beyond_terms_12m"] == (Decimal(950000 + 60000 * 30) / 120000).quantize(Decimal("1e-9"))


@covers("G-03")
def test_lateness_leaves_the_window_with_its_settlement(three_payments: Customer) -> None:
    assert three_payments.at("2025-07-30")["worst_days_late_90d"] == 30
    assert three_payments.at("2025-07-31")["worst_days_late_90d"] == 0
    assert three_payments.at("2025-07-31")["worst_days_late_12m"] == 30


def test_on_time_ratios_of_the_example_are_a_third(three_payments: Customer) -> None:
    seen = three_payments.at("2025-05-31")

    assert seen["on_time_ratio_12m"] == seen["on_time_count_ratio_12m"] == Decimal("0.333333333")
    assert seen["collection_rate_12m"] == 1


# --- features 5.1: days sales outstanding


def test_dso_of_the_example_quarter_is_68_25() -> None:
    """91 days, begin 400, sales 200, 220 and 180, end 450."""
    book = Customer()
    book.books("opening_balance", "OB", "400.00", "2025-03-31", due="2025-04-15")
    for name, amount, on in (
        ("A", "200.00", "2025-04-15"),
        ("B", "220.00", "2025-05-15"),
        ("C", "180.00", "2025-06-15"),
    ):
        book.invoice(name, amount, on)
    book.pays("P", "550.00", "2025-06-20", for_={"OB": "400.00", "A": "150.00"})
    seen = book.at("2025-06-30")

    assert (seen["invoiced_91d"], seen["receivable_balance"]) == (600, 450)
    assert seen["dso_91d"] == Decimal("68.25")


# --- RM-22: the four worked examples


def dealer(goods: str) -> Customer:
    """A dealer of some years with one invoice every ten days, each of 1,000 and paid to the day."""
    book = Customer()
    book.registered("2020-01-01", segment="dealer", opened_on=day("2020-01-01"))
    book.visited("2025-05-05", goods)
    return book


def sell(book: Customer, *, paid: int, count: int = 25) -> None:
    """*count* items of 1,000 due every second Wednesday to 2025-06-11; the first *paid* are paid to the day."""
    for number in range(count):
        due = day("2025-06-11") - timedelta(days=14 * (count - number - 1))
        book.invoice(f"I{number}", "1000.00", due - timedelta(days=30), due=due)
        if number < paid:
            book.pays(f"P{number}", "1000.00", due, for_={f"I{number}": "1000.00"})


def graded(book: Customer, on: str) -> tuple[str | None, dict[str, str]]:
    rating = book.view(on).ratings[0]
    assert rating.method == "rm-22"
    return rating.underlying, rating.parts


def letters(rate: str, days: str, goods: str) -> dict[str, str]:
    return {"net_collection_rate": rate, "worst_days_late": days, "rival_goods": goods}


@covers("RM-22")
def test_everything_paid_on_time_and_no_rival_goods_is_aaa_and_a() -> None:
    book = dealer("ours_only")
    sell(book, paid=25)

    assert book.at("2025-06-14")["net_collection_rate_12m"] == 1
    assert graded(book, "2025-06-14") == ("A", letters("A", "A", "A"))


@covers("RM-22")
def test_96_per_cent_collected_3_days_late_and_mainly_our_goods_is_bbb_and_b() -> None:
    book = dealer("ours_main")
    sell(book, paid=24)

    assert book.at("2025-06-14")["net_collection_rate_12m"] == Decimal("0.96")
    assert book.at("2025-06-14")["worst_days_late_12m"] == 3
    assert graded(book, "2025-06-14") == ("B", letters("B", "B", "B"))


@covers("RM-22")
def test_92_per_cent_collected_7_days_late_and_half_rival_goods_is_ccc_and_c() -> None:
    book = dealer("equal")
    sell(book, paid=24)
    book.books("quality_claim", "Q", "1000.00", "2025-05-02", takes={"I23": "1000.00"})

    assert book.at("2025-06-18")["net_collection_rate_12m"] == Decimal("0.92")
    assert book.at("2025-06-18")["worst_days_late_12m"] == 7
    assert graded(book, "2025-06-18") == ("C", letters("C", "C", "C"))


@covers("RM-22")
def test_everything_collected_but_10_days_late_is_vetoed_to_d() -> None:
    book = dealer("ours_only")
    sell(book, paid=24)
    book.pays("P24", "1000.00", "2025-06-21", for_={"I24": "1000.00"})

    assert graded(book, "2025-06-21") == ("D", letters("A", "D", "A"))


def test_one_day_less_than_10_is_no_veto() -> None:
    book = dealer("ours_only")
    sell(book, paid=24)
    book.pays("P24", "1000.00", "2025-06-20", for_={"I24": "1000.00"})

    assert graded(book, "2025-06-21") == ("B", letters("A", "C", "A"))


@covers("G-06")
def test_a_forgotten_50_does_not_veto_a_dealer() -> None:
    book = dealer("ours_only")
    sell(book, paid=25)
    book.invoice("S", "5.00", "2025-01-01", due="2025-05-01")

    assert graded(book, "2025-06-14")[1]["worst_days_late"] == "A"
    assert book.at("2025-06-14")["worst_days_late_12m"] == 44


def test_the_printed_collection_rate_takes_only_claims_off() -> None:
    book = dealer("equal")
    sell(book, paid=20)
    book.books("quality_claim", "Q", "1000.00", "2025-05-02", takes={"I19": "1000.00"})
    seen = book.at("2025-06-14")

    assert seen["net_collection_rate_literal_12m"] == Decimal("0.96")
    assert seen["net_collection_rate_12m"] == Decimal("0.76")


def test_a_claim_paid_out_is_taken_off_in_its_own_window() -> None:
    book = dealer("equal")
    sell(book, paid=25)
    book.books("quality_claim", "Q", "1000.00", "2025-05-02")

    assert book.at("2025-05-01")["net_collection_rate_12m"] == 1
    assert book.at("2025-06-14")["net_collection_rate_12m"] == Decimal("0.96")


# --- RM-32 from facts


@covers("RM-32")
def test_a_ledger_alone_paid_to_the_day_for_five_years_is_b_with_100() -> None:
    """Nobody has statements of it: what is known gives every point, and without statements the best grade is B (G-12)."""
    book = Customer()
    book.registered("2019-01-01", size_class="listed", industry="C26", opened_on=day("2019-01-01"))
    book.reports("register_check", "1", "2025-05-05")
    for number in range(66):
        amount = f"{1000 + 30 * number}.00"
        due = day("2020-01-08") + timedelta(days=30 * number)
        book.invoice(f"I{number}", amount, due - timedelta(days=30), due=due)
        book.pays(f"P{number}", amount, due, for_={f"I{number}": amount})
    rating = book.view("2025-05-31").ratings[0]

    assert (rating.method, rating.grade, rating.underlying) == ("rm-32", "B", "B")
    explained = book.view("2025-05-31").explanations[0]
    points = {line.characteristic: (line.points, line.max_points) for line in explained.lines}
    assert points["days_beyond_terms"] == ("15", "15")
    assert points["on_time_ratio"] == ("10", "10")
    assert points["relationship_months"] == ("5", "5")
    assert all(line.left_out for line in explained.lines if line.characteristic.startswith("statement_"))
    assert "STATEMENTS_MISSING" in explained.reasons
