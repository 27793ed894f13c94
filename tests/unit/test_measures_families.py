"""Worked examples of the families that read sales, goods, receipts, promises, conduct, disputes and reminders."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.customer import Customer, Day, day

D = Decimal


@pytest.fixture
def book() -> Customer:
    return Customer()


def line(product_class: str, quantity: str, amount: str | None = None, unit: str | None = None) -> dict[str, str]:
    said = {"product_class": product_class, "quantity": quantity, "amount": amount, "unit": unit}
    return {key: value for key, value in said.items() if value is not None}


def months(book: Customer, *amounts: str, last: Day = "2025-06-15") -> None:
    """One invoice in the middle of each month, the newest first in *amounts*."""
    on = day(last)
    for back, amount in enumerate(amounts):
        year, month = divmod(on.year * 12 + on.month - 1 - back, 12)
        if D(amount):
            book.invoice(f"S{back}", amount, on.replace(year=year, month=month + 1))


# --- sales


def test_decayed_sales_of_100_50_0_are_65(book: Customer) -> None:
    """RM-02, m-1, m-2, m-3; the month before those shows that the third is 0 and not unknown."""
    months(book, "100.00", "50.00", "0", "9.00")
    seen = book.at("2025-07-01")

    assert seen["decayed_sales"] == 65
    assert seen.read("decayed_sales", decay="1/1") == 75
    assert book.at("2025-06-30")["decayed_sales"] == D("26.80")  # 50 × 0.5 + 0 × 0.3 + 9 × 0.2


def test_decayed_sales_of_two_months_share_the_weight_of_the_third(book: Customer) -> None:
    """RM-02.08: 62.5 and 37.5 per cent."""
    months(book, "100.00", "50.00")

    assert book.at("2025-07-01")["decayed_sales"] == D("81.25")
    assert book.at("2025-06-01")["decayed_sales"] == 50
    assert book.at("2025-05-31")["decayed_sales"] is None


@pytest.mark.parametrize(
    ("on", "quarter", "three"),
    [("2025-07-01", "60.00", "60.00"), ("2025-08-20", "60.00", "36.67"), ("2025-04-01", "0.00", "0.00")],
)
def test_the_mean_of_a_quarter_is_of_the_calendar_and_of_months_of_the_last_ones(
    book: Customer, on: str, quarter: str, three: str
) -> None:
    months(book, "60.00", "50.00", "70.00", last="2025-06-15")
    book.invoice("OLD", "1.00", "2024-12-31")
    seen = book.at(on)

    assert (seen["quarter_sales"], seen["monthly_sales_3m"]) == (D(quarter), D(three))


def test_growth_trend_and_swing_of_sales(book: Customer) -> None:
    months(book, "130.00", "120.00", "110.00", "100.00", "90.00", "80.00")
    seen = book.at("2025-07-01")

    assert seen["sales_growth_3m"] == (D(360) / 270 - 1).quantize(D("1e-9"))
    assert seen["sales_slope_6m"] == (D(10) / 105).quantize(D("1e-9"))
    assert seen["sales_variation_6m"] == (D("17.078251276599330") / 105).quantize(D("1e-9"))
    assert (seen["months_with_sales_6m"], seen["months_with_sales_12m"], seen["sales_documents_3m"]) == (6, 6, 3)


def test_a_season_is_twice_a_mean_month(book: Customer) -> None:
    months(book, *["100.00"] * 11, "200.00", *["100.00"] * 11, "240.00", last="2025-06-15")
    seen = book.at("2025-07-10")

    assert seen["seasonal_index"] == (D(12 * 440) / (2200 + 440)).quantize(D("1e-9"))
    assert book.at("2024-05-10")["seasonal_index"] is None


def test_goods_by_class_unit_and_price(book: Customer) -> None:
    book.invoice("A", "1000.00", "2025-04-10",
                 lines=[line("first", "20", "600.00", "case"), line("second", "40", unit="case")])  # fmt: skip
    book.invoice("B", "300.00", "2025-05-10", lines=[line("first", "12.5", "300.00", "case")])
    book.invoice("C", "500.00", "2025-05-11")
    seen = book.at("2025-07-01")

    assert seen.read("sales_volume_12m", product_class="first") == D("32.5")
    assert seen.read("quarter_volume", unit="case") == D("24.166666667")
    assert seen.read("class_share_12m", product_class="first") == (D(900) / 1300).quantize(D("1e-9"))
    assert seen.read("average_price_12m", product_class="second") == 10
    assert seen["average_price_12m"] == D("17.9310")
    assert seen["product_classes_12m"] == 2
    assert seen.read("decayed_volume", product_class="first") == D("7.75")  # 0 × 0.5 + 12.5 × 0.3 + 20 × 0.2


def test_goods_follow_amendments_and_cancellations_of_their_invoice(book: Customer) -> None:
    book.invoice("A", "1000.00", "2025-04-10", lines=[line("first", "20", "1000.00")])
    book.amends("A", "500.00", "2025-04-20")
    book.cancels("A", "2025-05-20")

    volumes = [book.at(on)["sales_volume_12m"] for on in ("2025-04-10", "2025-04-20", "2025-05-20")]
    assert volumes == [20, 10, 0]
    assert book.at("2025-05-20")["product_classes_12m"] == 0


def test_quantities_in_several_units_have_no_price(book: Customer) -> None:
    book.invoice("A", "30.00", "2025-04-10", lines=[line("x", "1", "10.00", "case"), line("x", "2", "20.00", "box")])
    seen = book.at("2025-05-01")

    assert seen["average_price_12m"] is None
    assert seen.read("average_price_12m", unit="box") == 10


# --- habits


def test_who_paid_and_by_what(book: Customer) -> None:
    book.pays("A", "600.00", "2025-05-01", payer="乙公司")
    book.pays("B", "400.00", "2025-05-02", instrument="bill", matures_on="2025-08-01")
    book.pays("C", "50.00", "2025-05-09")
    book.reverses("C", "2025-05-12")

    assert book.at("2025-05-05")["third_party_ratio_12m"] == D("0.6")
    assert book.at("2025-05-12")["bill_ratio_12m"] == D("0.4")
    assert [book.at(on)["last_payment_days"] for on in ("2025-05-11", "2025-05-12")] == [2, 10]
    assert [book.at(on)["last_payment_amount"] for on in ("2025-05-11", "2025-05-12")] == [50, 400]


def test_payment_behaviour_is_set_against_the_twelve_months_before(book: Customer) -> None:
    for name, paid, late in (("A", "2024-09-01", 2), ("B", "2025-05-01", 12)):
        due = day(paid).fromordinal(day(paid).toordinal() - late)
        book.invoice(name, "100.00", due.replace(day=1), due=due)
        book.pays(f"P{name}", "100.00", paid, for_={name: "100.00"})

    assert book.at("2025-06-30")["days_beyond_terms_change"] == 10
    assert book.at("2025-12-31")["days_beyond_terms_change"] is None


# --- conduct


def test_promises_kept_broken_and_running(book: Customer) -> None:
    for name, amount, due in (
        ("A", "300.00", "2025-05-10"),
        ("B", "100.00", "2025-05-20"),
        ("C", "50.00", "2025-06-30"),
    ):
        book.tell("promise.made", day("2025-05-01"), promise_id=name, made_on=day("2025-05-01"), due_on=day(due),
                  amount=amount, currency="CNY")  # fmt: skip
    book.tell("promise.broken", day("2025-05-22"), promise_id="B", broken_on=day("2025-05-22"))
    seen = book.at("2025-06-01")

    assert seen["promise_kept_ratio_12m"] == D("0.75")
    assert seen.read("promise_kept_ratio_12m", basis="count") == D("0.5")
    assert (seen["broken_promises_12m"], seen["open_promises"]) == (1, 1)
    assert book.at("2025-05-10")["promise_kept_ratio_12m"] is None
    assert book.at("2025-05-21")["promise_kept_ratio_12m"] == 1


def test_matters_of_conduct_by_kind_severity_and_proof(book: Customer) -> None:
    for name, kind, severity in (
        ("A", "violation", "minor"),
        ("B", "violation", "serious"),
        ("C", "cross_region_sale", None),
    ):
        book.tell("conduct.reported", day("2025-05-01"), conduct_id=name, kind=kind, found_on=day("2025-05-01"),
                  severity=severity)  # fmt: skip
    book.tell("conduct.closed", day("2025-05-09"), conduct_id="A", closed_on=day("2025-05-09"), outcome="proven")
    seen = book.at("2025-06-01")

    assert (seen["violations_12m"], seen["complaints_12m"], seen["conduct_matters_12m"]) == (2, 0, 3)
    assert seen.read("violations_12m", severity="serious") == 1
    assert seen.read("conduct_matters_12m", kind="cross_region_sale") == 1
    assert seen.read("violations_12m", proven=True) == 1
    assert book.at("2026-05-01")["violations_12m"] == 0


def test_disputes_claims_and_returns_as_shares_of_sales(book: Customer) -> None:
    book.invoice("A", "1000.00", "2025-04-10")
    book.disputes("X", "A", "50.00", "2025-05-01")
    book.agrees("X", "2025-05-20")
    book.books("quality_claim", "Q", "30.00", "2025-05-21", takes={"A": "30.00"})
    book.books("return", "R", "20.00", "2025-05-22", takes={"A": "20.00"})
    seen = book.at("2025-06-01")

    assert [book.at(on)["open_disputes"] for on in ("2025-04-30", "2025-05-01", "2025-05-20")] == [0, 1, 0]
    assert (seen["disputes_12m"], seen["disputed_ratio_12m"]) == (1, D("0.05"))
    assert (seen["claims_12m"], seen["claims_ratio_12m"], seen["returns_ratio_12m"]) == (30, D("0.03"), D("0.02"))


def test_reminders_by_level_and_age(book: Customer) -> None:
    for name, on, level in (("A", "2025-04-01", 1), ("B", "2025-05-01", 3), ("C", "2025-05-20", None)):
        book.tell("dunning.sent", day(on), dunning_id=name, sent_on=day(on), level=level)
    seen = book.at("2025-06-01")

    assert (seen["dunning_letters_45d"], seen["dunning_letters_12m"], seen["dunning_level_12m"]) == (2, 3, 3)
    assert seen.read("dunning_letters_12m", level=2) == 1
    assert seen["last_dunning_days"] == 12


def test_signals_and_lawsuits(book: Customer) -> None:
    book.registered("2025-01-01", paid_in_capital="1000.00", currency="CNY", head_count=120)
    book.signals("L", "lawsuit", "2025-04-01", amount="50.00", currency="CNY")
    book.signals("E", "payment_elsewhere", "2025-05-01", severity="high")
    book.tell("signal.lifted", day("2025-06-01"), signal_id="L", lifted_on=day("2025-06-01"))

    assert book.at("2025-05-31")["lawsuit_ratio"] == D("0.05")
    seen = book.at("2025-06-01")
    assert (seen["lawsuit_ratio"], seen["signals_24m"], seen["open_signals"]) == (0, 2, 1)
    assert seen.read("signals_24m", kind="payment_elsewhere", severity="high") == 1
    assert (seen["head_count"], seen["paid_in_capital"]) == (120, 1000)
