"""What documents come to in the ledger, scenario by scenario, whatever the order in which the facts arrive."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from random import Random
from typing import Any

import pytest

from shared.core.envelope import Event
from tests.support.covers import covers
from tests.support.customer import GRADING, Customer, Day, day

covers("G-32")


@pytest.fixture
def book() -> Customer:
    return Customer()


def arrivals(events: list[Event]) -> list[list[Event]]:
    """Every order of up to four facts; of more, the told one, its reverse and some others."""
    if len(events) <= 4:
        return [list(order) for order in permutations(events)]
    random = Random(7)
    return [events, events[::-1], *(random.sample(events, len(events)) for _ in range(12))]


def expect(book: Customer, on: Day, **measures: Any) -> None:
    """The measures of *on* are these in every arrival order. Text is an amount, a whole number a count or days."""
    wanted = {name: Decimal(value) if isinstance(value, str) else value for name, value in measures.items()}
    for order in arrivals(book.events):
        seen = book.at(on, order)
        assert {name: seen[name] for name in wanted} == wanted


def chain(book: Customer) -> dict[str, Event]:
    return {
        "order": book.books("order", "O", "100.00", "2025-03-03"),
        "delivery": book.books("delivery", "D", "40.00", "2025-03-05", takes={"O": "40.00"}),
        "invoice": book.invoice("I", "25.00", "2025-03-07", due="2025-04-07", takes={"D": "25.00"}),
        "credit": book.books("credit_note", "C", "5.00", "2025-03-10", takes={"I": "5.00"}),
    }


# --- consumption


@pytest.mark.parametrize(
    ("on", "exposure", "orders", "delivered", "balance"),
    [
        ("2025-03-03", "100.00", "100.00", "0", "0"),
        ("2025-03-05", "100.00", "60.00", "40.00", "0"),
        ("2025-03-07", "100.00", "60.00", "15.00", "25.00"),
        ("2025-03-10", "95.00", "60.00", "15.00", "20.00"),
    ],
)
def test_order_100_delivered_40_invoiced_25_credited_5_is_counted_once_on_every_day(
    book: Customer, on: str, exposure: str, orders: str, delivered: str, balance: str
) -> None:
    chain(book)

    expect(book, on, exposure=exposure, open_orders=orders, delivered_not_invoiced=delivered,
           receivable_balance=balance, unapplied_credit="0")  # fmt: skip


def test_at_every_step_of_every_arrival_order_only_what_is_known_counts_and_only_once(book: Customer) -> None:
    facts = chain(book)
    for order in permutations(facts):
        for count in range(1, 5):
            known = set(order[:count])
            seen = book.at("2025-03-31", [facts[name] for name in order[:count]])
            orders = 100 - 40 * ("delivery" in known) if "order" in known else 0
            delivered = 40 - 25 * ("invoice" in known) if "delivery" in known else 0
            owed = 25 - 5 * ("credit" in known) if "invoice" in known else 0

            assert (seen["open_orders"], seen["delivered_not_invoiced"]) == (orders, delivered)
            assert (seen["receivable_balance"], seen["exposure"]) == (owed, orders + delivered + owed)
            assert seen["unapplied_credit"] == (5 if "credit" in known and "invoice" not in known else 0)


def test_an_order_delivered_in_parts_and_invoiced_in_parts_comes_to_the_invoices(book: Customer) -> None:
    book.books("order", "O", "100.00", "2025-03-03")
    book.books("delivery", "D1", "30.00", "2025-03-04", takes={"O": "30.00"})
    book.books("delivery", "D2", "70.00", "2025-03-05", takes={"O": "70.00"})
    book.invoice("I1", "50.00", "2025-03-06", takes={"D1": "30.00", "D2": "20.00"})
    expect(book, "2025-03-06", exposure="100.00", open_orders="0", delivered_not_invoiced="50.00")
    book.invoice("I2", "50.00", "2025-03-07", takes={"D2": "50.00"})

    expect(book, "2025-03-07", exposure="100.00", delivered_not_invoiced="0", receivable_balance="100.00")


def test_delivering_more_than_was_ordered_leaves_no_negative_order(book: Customer) -> None:
    book.books("order", "O", "100.00", "2025-03-03")
    book.books("delivery", "D", "120.00", "2025-03-05", takes={"O": "120.00"})

    expect(book, "2025-03-05", open_orders="0", delivered_not_invoiced="120.00", exposure="120.00")


def test_a_return_before_the_invoice_lowers_the_delivery_and_one_after_it_lowers_the_invoice(book: Customer) -> None:
    book.books("delivery", "D", "40.00", "2025-03-05")
    book.books("return", "R1", "10.00", "2025-03-06", takes={"D": "10.00"})
    expect(book, "2025-03-06", delivered_not_invoiced="30.00", unapplied_credit="0", exposure="30.00")
    book.invoice("I", "30.00", "2025-03-07", takes={"D": "30.00"})
    book.books("return", "R2", "12.00", "2025-03-09", takes={"I": "12.00"})

    expect(book, "2025-03-09", delivered_not_invoiced="0", receivable_balance="18.00", exposure="18.00")


def test_a_credit_note_booked_before_its_invoice_waits_as_unapplied_credit(book: Customer) -> None:
    book.books("credit_note", "C", "20.00", "2025-03-05", takes={"I": "20.00"})
    book.invoice("I", "100.00", "2025-03-07")

    expect(book, "2025-03-06", unapplied_credit="20.00", receivable_balance="0")
    expect(book, "2025-03-07", unapplied_credit="0", receivable_balance="80.00")


def test_a_credit_note_after_full_payment_frees_the_money(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03")
    book.pays("P", "100.00", "2025-03-20", for_={"I": "100.00"})
    book.books("credit_note", "C", "20.00", "2025-03-25", takes={"I": "20.00"})

    expect(book, "2025-03-24", unallocated_cash="0", receivable_balance="0")
    expect(book, "2025-03-25", unallocated_cash="20.00", receivable_balance="0", unapplied_credit="0")


# --- due dates


def test_instalments_fall_due_one_by_one_and_money_fills_the_oldest_first(book: Customer) -> None:
    schedule = [
        {"seq": 1, "kind": "instalment", "amount": "60.00", "due_on": "2025-03-31"},
        {"seq": 2, "kind": "instalment", "amount": "35.00", "due_on": "2025-04-30"},
        {"seq": 3, "kind": "retention", "amount": "5.00", "due_on": "2026-03-31"},
    ]
    book.invoice("I", "100.00", "2025-03-03", schedule=schedule)
    book.pays("P", "70.00", "2025-05-10", for_={"I": "70.00"})

    expect(book, "2025-04-30", overdue_amount="60.00", max_days_past_due=30)
    expect(book, "2025-05-10", overdue_amount="25.00", receivable_balance="30.00", max_days_past_due=10,
           due_documents=2, worst_days_late=40)  # fmt: skip
    expect(book, "2026-04-01", overdue_amount="30.00", due_documents=3)


def test_an_instalment_at_acceptance_is_never_overdue_before_it(book: Customer) -> None:
    schedule = [{"seq": 1, "kind": "acceptance", "amount": "100.00", "trigger": "acceptance"}]
    book.books("delivery", "D", "100.00", "2025-03-01")
    book.invoice("I", "100.00", "2025-03-03", schedule=schedule, takes={"D": "100.00"})
    book.accepts("D", "2025-06-02")

    expect(book, "2025-06-01", overdue_amount="0", due_documents=0, receivable_balance="100.00")
    expect(book, "2025-06-03", overdue_amount="100.00", max_days_past_due=1, due_documents=1)


@pytest.mark.parametrize(("starts", "due"), [("delivery", "2025-03-31"), ("acceptance", "2025-04-05")])
def test_terms_may_start_at_delivery_or_at_acceptance(book: Customer, starts: str, due: str) -> None:
    book.books("delivery", "D", "100.00", "2025-03-01")
    book.accepts("D", "2025-03-06")
    book.invoice("I", "100.00", "2025-03-04", terms={"days": 30, "starts": starts}, takes={"D": "100.00"})

    assert book.view("2025-03-10").items[0].due_on == day(due)
    expect(book, due, max_days_past_due=0)
    expect(book, day(due) + timedelta(days=1), max_days_past_due=1)


@covers("G-31")
@pytest.mark.parametrize("cut_off", [{"cut_off_day": 25}, {}])
@pytest.mark.parametrize(
    ("booked", "due"),
    [("2025-03-24", "2025-04-30"), ("2025-03-25", "2025-04-30"), ("2025-03-26", "2025-05-30"),
     ("2025-01-31", "2025-03-30"), ("2024-12-26", "2025-03-02")],
)  # fmt: skip
def test_monthly_settlement_runs_from_the_end_of_the_month_of_the_cut_off(
    book: Customer, booked: str, due: str, cut_off: dict[str, int]
) -> None:
    book.invoice("I", "100.00", booked, terms={"days": 30, "starts": "month_end", **cut_off})

    assert book.view(booked).items[0].due_on == day(due)


@covers("G-31")
def test_a_cut_off_on_the_31st_is_the_end_of_the_month(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-02-28", terms={"days": 30, "starts": "month_end", "cut_off_day": 31})

    assert book.view("2025-03-01").items[0].due_on == day("2025-03-30")


@covers("G-30")
def test_a_document_without_any_due_date_falls_due_after_30_days_and_says_so(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-01")
    book.invoice("J", "100.00", "2025-03-01", due="2025-03-20")

    items = {item.transaction_id: item for item in book.view("2025-04-02").items}

    assert (items["I"].due_on, items["I"].due_derived) == (day("2025-03-31"), True)
    assert (items["J"].due_on, items["J"].due_derived) == (day("2025-03-20"), False)


def test_new_terms_move_the_due_date_from_their_own_day_on(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-03-31")
    book.tell("transaction.terms-changed", day("2025-04-10"), transaction_id="I", due_on=day("2025-05-31"))

    expect(book, "2025-04-09", max_days_past_due=9)
    expect(book, "2025-04-10", max_days_past_due=0, overdue_amount="0")
    expect(book, "2025-06-01", max_days_past_due=1)


# --- amendments, cancellations, re-issue


def test_an_amendment_up_and_one_down_count_from_their_day_and_the_newest_holds(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03")
    book.amends("I", "130.00", "2025-03-05")
    book.amends("I", "90.00", "2025-03-08")

    expect(book, "2025-03-04", receivable_balance="100.00", invoiced="100.00")
    expect(book, "2025-03-05", receivable_balance="130.00", invoiced="130.00")
    expect(book, "2025-03-08", receivable_balance="90.00", invoiced="90.00")


def test_an_amendment_below_what_was_paid_frees_the_rest(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03")
    book.pays("P", "100.00", "2025-03-04", for_={"I": "100.00"})
    book.amends("I", "70.00", "2025-03-08")

    expect(book, "2025-03-08", receivable_balance="0", unallocated_cash="30.00")


def test_cancelling_an_invoice_gives_the_delivery_back_in_part_and_whole(book: Customer) -> None:
    book.books("delivery", "D", "40.00", "2025-03-03")
    book.invoice("I", "40.00", "2025-03-04", takes={"D": "40.00"})
    book.cancels("I", "2025-03-06", "10.00")
    book.cancels("I", "2025-03-08")

    expect(book, "2025-03-06", receivable_balance="30.00", delivered_not_invoiced="10.00", exposure="40.00")
    expect(book, "2025-03-08", receivable_balance="0", delivered_not_invoiced="40.00", invoiced="0")


def test_cancelling_a_delivery_opens_the_order_and_cancelling_the_order_ends_it(book: Customer) -> None:
    book.books("order", "O", "100.00", "2025-03-03")
    book.books("delivery", "D", "40.00", "2025-03-04", takes={"O": "40.00"})
    book.cancels("D", "2025-03-06")
    book.cancels("O", "2025-03-07", "30.00")
    book.cancels("O", "2025-03-09")

    expect(book, "2025-03-06", open_orders="100.00", delivered_not_invoiced="0", exposure="100.00")
    expect(book, "2025-03-07", open_orders="70.00")
    expect(book, "2025-03-09", open_orders="0", exposure="0")


def test_cancelling_a_paid_invoice_frees_the_money(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03")
    book.pays("P", "100.00", "2025-03-04", for_={"I": "100.00"})
    book.cancels("I", "2025-03-10")

    expect(book, "2025-03-10", receivable_balance="0", unallocated_cash="100.00")


def test_money_follows_to_the_document_that_replaces_another(book: Customer) -> None:
    book.invoice("I1", "100.00", "2025-03-03", due="2025-03-31")
    book.pays("P", "40.00", "2025-03-10", for_={"I1": "40.00"})
    book.invoice("I2", "110.00", "2025-03-20", due="2025-04-30", replaces="I1")

    expect(book, "2025-03-19", receivable_balance="60.00")
    expect(book, "2025-03-20", receivable_balance="70.00", unallocated_cash="0", exposure="70.00")
    expect(book, "2025-04-30", overdue_amount="0")


# --- disputes


def test_a_dispute_hides_its_part_from_grading_for_60_days_and_never_from_the_balance(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-03-31")
    book.disputes("X", "I", "30.00", "2025-04-10")
    book.agrees("X", "2025-07-31")

    expect(book, "2025-04-10", disputed_amount="30.00", overdue_amount="100.00", receivable_balance="100.00")
    for on, undisputed in (("2025-04-09", 100), ("2025-04-10", 70), ("2025-06-09", 70), ("2025-06-10", 100)):
        assert book.at(on).read("overdue_amount", **GRADING) == undisputed
    expect(book, "2025-07-31", disputed_amount="0")


def test_a_dispute_of_the_whole_item_leaves_no_lateness_to_grade_until_it_closes(book: Customer) -> None:
    book.invoice("I", "100.00", "2025-03-03", due="2025-03-31")
    book.disputes("X", "I", "100.00", "2025-03-20")
    book.agrees("X", "2025-04-15")

    for order in arrivals(book.events):
        assert book.at("2025-04-14", order).read("worst_days_late", **GRADING) == 0
        assert book.at("2025-04-15", order).read("worst_days_late", **GRADING) == 15
        assert book.at("2025-04-14", order)["worst_days_late"] == 14


@pytest.mark.parametrize("kind", ["opening_balance", "interest", "fee", "retention"])
def test_a_customer_who_owes_nothing_but_what_was_never_invoiced_owes_it(kind: str) -> None:
    book = Customer()
    book.books(kind, "OB", "400.00", "2025-03-31", due="2025-04-15")
    seen = book.at("2025-04-20")

    assert (seen["receivable_balance"], seen["overdue_amount"], seen["max_days_past_due"]) == (400, 400, 5)
