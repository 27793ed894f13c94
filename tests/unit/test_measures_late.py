"""What counts as late: items in dispute, items too small to matter, days of grace (G-06, G-07, G-09)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from services.rating.core.evolve import evolve
from services.rating.core.measures.catalogue import compile_reading
from services.rating.core.measures.reading import Reader
from services.rating.core.state import State
from shared.core.customer.state import Setting
from shared.core.ledger.position import RAW, Lens
from shared.core.policy.measure import Reading
from tests.support.covers import covers
from tests.support.customer import GRADING, Customer, Day, Seen, day

MATERIAL: dict[str, Any] = {**GRADING, "min_amount": "G-06"}
"""How the shipped methods read lateness: items under 1,000 do not matter where a month's invoicing is 200,000."""


@pytest.fixture
def book() -> Customer:
    """200,000 a month, each paid to the day, for two years up to the end of 2023."""
    book = Customer()
    book.registered("2018-01-01")
    book.months("2022-01-03", 24, "200000.00")
    return book


def share(part: int, whole: int) -> Decimal:
    return (Decimal(part) / whole).quantize(Decimal("1e-9"))


def record(book: Customer, on: Day) -> dict[str, str]:
    """The points of the credit record under RM-32."""
    view = book.view(on)
    return {
        line.characteristic: line.points or "" for line in view.explanations[0].lines if line.part == "credit_record"
    }


# --- items in dispute


@covers("G-07")
def test_a_disputed_item_takes_nothing_off_the_collection_rate_for_60_days(book: Customer) -> None:
    book.invoice("X", "50000.00", "2024-01-05", due="2024-02-20")
    book.disputes("D", "X", "50000.00", "2024-02-01")
    rate = {
        on: book.at(on).read("net_collection_rate_12m", **GRADING) for on in ("2024-02-21", "2024-04-01", "2024-04-02")
    }

    assert book.at("2024-02-21")["net_collection_rate_12m"] < 1
    assert rate["2024-02-21"] == rate["2024-04-01"] == 1
    assert rate["2024-04-02"] < 1


def test_a_part_in_dispute_is_left_out_and_the_rest_counts(book: Customer) -> None:
    book.invoice("X", "50000.00", "2024-01-05", due="2024-02-20")
    book.disputes("D", "X", "20000.00", "2024-02-01")
    seen = book.at("2024-02-21")
    paid = 200000 * (seen["due_documents_12m"] - 1)

    assert seen["net_collection_rate_12m"] == share(paid, paid + 50000)
    assert seen.read("net_collection_rate_12m", **GRADING) == share(paid, paid + 30000)


def test_a_claim_that_was_granted_counts_while_the_rest_is_in_dispute(book: Customer) -> None:
    book.invoice("X", "50000.00", "2024-01-05", due="2024-02-20")
    book.books("quality_claim", "Q", "10000.00", "2024-01-20", takes={"X": "10000.00"})
    book.disputes("D", "X", "40000.00", "2024-02-01")
    seen = book.at("2024-02-21")
    paid = 200000 * (seen["due_documents_12m"] - 1)

    assert seen.read("net_collection_rate_12m", **GRADING) == share(paid, paid + 10000)


def test_a_disputed_invoice_vetoes_no_dealer_and_warns_nobody_of_its_collection_rate() -> None:
    book = Customer()
    book.registered("2018-01-01", segment="dealer")
    book.months("2022-01-03", 26, "10000.00")
    book.visited("2024-01-01")
    book.invoice("X", "20000.00", "2024-01-05", due="2024-02-20")
    book.disputes("D", "X", "20000.00", "2024-02-01")

    assert book.view("2024-03-02").ratings[0].underlying == "A"
    assert "MN-01" not in {warning.rule for warning in book.view("2024-03-02").warnings}

    book.agrees("D", "2024-03-03")

    assert book.view("2024-03-03").ratings[0].underlying == "D"
    assert {w.rule: w.severity for w in book.view("2024-03-03").warnings}["MN-01"] == "critical"


def test_what_is_undisputed_by_its_name_leaves_disputes_out(book: Customer) -> None:
    book.invoice("X", "50000.00", "2024-01-05", due="2024-02-20")
    book.invoice("Y", "50000.00", "2024-01-05", due="2024-03-01")
    book.disputes("D", "X", "50000.00", "2024-02-01")
    shown = {on: book.view(on).measures for on in ("2024-03-06", "2024-04-02")}

    assert [shown[on]["max_days_past_due"] for on in shown] == [15, 42]
    assert [shown[on]["undisputed_days_past_due"] for on in shown] == [5, 42]


# --- items too small to matter


def test_a_forgotten_50_costs_no_point_open_or_settled_late(book: Customer) -> None:
    points = record(book, "2024-03-01")
    book.invoice("T", "50.00", "2024-01-02", due="2024-02-02")

    assert book.at("2024-03-01")["overdue_ratio"] == 1
    assert record(book, "2024-03-01") == points

    book.pays("PT", "50.00", "2024-03-02", for_={"T": "50.00"})

    assert book.at("2024-03-03")["days_beyond_terms_12m"] > 0
    assert record(book, "2024-03-03") == points


_LATE = ("days_beyond_terms_12m", "overdue_ratio", "on_time_ratio_12m", "net_collection_rate_12m", "worst_days_late_12m",
         "undisputed_days_past_due")  # fmt: skip


@covers("G-06")
@pytest.mark.parametrize(("amount", "matters"), [("999.99", False), ("1000.00", True)])
def test_an_item_matters_from_1000_on(book: Customer, amount: str, matters: bool) -> None:
    before = {name: book.at("2024-03-01").read(name, **MATERIAL) for name in _LATE}
    book.invoice("T", amount, "2024-01-02", due="2024-02-02")
    seen = {name: book.at("2024-03-01").read(name, **MATERIAL) for name in _LATE}

    assert {name: seen[name] != before[name] for name in _LATE} == dict.fromkeys(_LATE, matters)


def test_small_items_are_told_from_large_ones_on_the_same_due_date(book: Customer) -> None:
    for name, amount in (("S", "400.00"), ("T", "500.00"), ("U", "3000.00")):
        book.invoice(name, amount, "2024-01-02", due="2024-02-02")
    seen = book.at("2024-02-12")
    others = seen["due_documents_12m"] - 3
    paid = 200000 * others

    assert seen["overdue_ratio"] == 1
    assert seen.read("overdue_ratio", **MATERIAL) == share(3000, 3900)
    assert seen.read("on_time_ratio_12m", **MATERIAL) == share(paid, paid + 3000)
    assert seen.read("net_collection_rate_12m", **MATERIAL) == share(paid, paid + 3000)
    assert seen.read("on_time_ratio_12m", **MATERIAL, basis="count") == share(others, others + 1)
    assert seen.read("days_beyond_terms_12m", **MATERIAL) == share(3000 * 10, paid + 3000)


@covers("G-06")
def test_balances_and_ageing_keep_small_items(book: Customer) -> None:
    book.invoice("T", "50.00", "2024-01-02", due="2024-02-02")
    seen = book.at("2024-03-01")

    assert seen["receivable_balance"] == seen["overdue_amount"] == seen["ageing"]["1_30"] == 50


def test_beside_late_items_that_matter_small_ones_settled_late_weigh_by_their_amount(book: Customer) -> None:
    book.invoice("T", "50.00", "2024-01-02", due="2024-02-02")
    book.pays("PT", "50.00", "2024-02-12", for_={"T": "50.00"})
    book.invoice("U", "2000.00", "2024-01-02", due="2024-02-02")
    book.pays("PU", "2000.00", "2024-02-12", for_={"U": "2000.00"})
    seen = book.at("2024-02-12")

    assert seen.read("days_beyond_terms_12m", **MATERIAL) == seen["days_beyond_terms_12m"] > 0
    assert seen.read("days_beyond_terms_12m", **GRADING) == seen["days_beyond_terms_12m"]


def test_what_is_small_is_found_again_after_every_fact_and_on_every_day(book: Customer) -> None:
    state, random = book.folded(), Random(7)
    for number in range(40):
        on = day("2024-02-01") + timedelta(days=number // 4)
        amount = random.choice(("80.00", "900.00", "1500.00"))
        told = [book.invoice(f"S{number}", amount, "2024-01-02", due=on - timedelta(days=random.randint(0, 9)))]
        if number % 3 == 2:
            told.append(book.pays(f"P{number}", amount, on, for_={f"S{number - 1}": amount}))
        for event in told:
            evolve(state, event)
        kept, fresh = Seen(state, on, book.context), book.at(on)
        assert [kept.read(name, **MATERIAL) for name in _LATE] == [fresh.read(name, **MATERIAL) for name in _LATE]


def test_what_is_small_in_another_currency_is_told_at_the_rate(book: Customer) -> None:
    book.registered("2018-01-02", currency="CNY")
    book.rates("2022-01-01", CNY="1", USD="7")
    book.invoice("T", "142.85", "2024-01-02", due="2024-02-02", currency="USD")

    assert book.at("2024-03-01").read("overdue_ratio", **MATERIAL) == 0

    book.invoice("U", "142.86", "2024-01-02", due="2024-02-02", currency="USD")

    assert book.at("2024-03-01").read("overdue_ratio", **MATERIAL) == share(14286, 28571)


# --- days of grace


@covers("G-09")
def test_within_grace_nothing_is_late(book: Customer) -> None:
    setting = Setting(lenses=(RAW, Lens(grace_days=3)))
    book.invoice("A", "100.00", "2024-01-02", due="2024-01-31")
    book.invoice("B", "300.00", "2024-01-02", due="2024-12-31")

    def read(name: str, on: Day) -> Any:
        state = State("C1", setting)
        for event in book.events:
            evolve(state, event)
        state.ledger.move_to(day(on).toordinal())
        return compile_reading(Reading(name, {"grace_days": 3}), setting.lenses)(Reader(state, setting, book.context))

    for name, within, after in (("overdue_amount", 0, 100), ("overdue_ratio", 0, Decimal("0.25")),
                                ("max_days_past_due", 0, 4), ("worst_days_late_12m", 0, 4)):  # fmt: skip
        assert [read(name, on) for on in ("2024-02-03", "2024-02-04")] == [within, after], name
    assert read("on_time_ratio_12m", "2024-02-03") == 1
    assert read("on_time_ratio_12m", "2024-02-04") < 1
    assert read("days_beyond_terms_12m", "2024-02-03") == 0
    assert read("days_beyond_terms_12m", "2024-02-04") > 0
