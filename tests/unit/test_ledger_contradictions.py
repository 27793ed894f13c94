"""Facts that contradict or overtake each other: nothing is counted twice and arrival order still does not matter."""

from __future__ import annotations

import pytest

from tests.support.customer import Customer
from tests.unit.test_ledger_scenarios import arrivals, expect


@pytest.fixture
def book() -> Customer:
    book = Customer()
    book.invoice("I", "100.00", "2025-03-03", due="2025-03-31")
    return book


def test_an_invoice_that_was_re_issued_is_invoiced_once(book: Customer) -> None:
    book.invoice("I2", "110.00", "2025-03-20", replaces="I")

    expect(book, "2025-03-20", receivable_balance="110.00", invoiced="110.00")


def test_money_on_an_invoice_re_issued_as_two_is_used_once(book: Customer) -> None:
    book.pays("P", "100.00", "2025-03-10", for_={"I": "100.00"})
    book.invoice("I2", "60.00", "2025-03-20", replaces="I")
    book.invoice("I3", "60.00", "2025-03-20", replaces="I")

    expect(book, "2025-03-20", receivable_balance="20.00", unallocated_cash="0")


def test_cancelling_a_credit_note_that_was_set_against_an_invoice_opens_the_invoice_again(book: Customer) -> None:
    book.books("credit_note", "C", "30.00", "2025-03-05")
    book.settles("S", "2025-03-10", ("credit_note", "C"), {"I": "30.00"})
    book.cancels("C", "2025-03-15")

    expect(book, "2025-03-15", unapplied_credit="0", receivable_balance="100.00")


def test_a_credit_note_lowers_an_invoice_by_no_more_than_its_own_amount(book: Customer) -> None:
    book.books("credit_note", "C", "30.00", "2025-03-05")
    book.settles("S", "2025-03-10", ("credit_note", "C"), {"I": "80.00"})

    expect(book, "2025-03-10", unapplied_credit="0", receivable_balance="70.00")


def test_a_recording_that_replaces_nothing_stands_alone_in_any_arrival_order(book: Customer) -> None:
    book.invoice("J", "50.00", "2025-03-05")
    book.invoice("J", "50.00", "2025-03-06", replaces="I")

    expect(book, "2025-03-10", receivable_balance="150.00")
    assert all("document J" in book.folded(order).conflicts for order in arrivals(book.events))


def test_of_two_recordings_of_one_settlement_the_lesser_stands_in_any_arrival_order(book: Customer) -> None:
    book.invoice("J", "50.00", "2025-03-05")
    book.pays("P", "100.00", "2025-03-04")
    book.pays("Q", "50.00", "2025-03-04")
    book.settles("S", "2025-03-10", ("payment", "P"), {"I": "100.00"})
    book.settles("S", "2025-03-11", ("payment", "Q"), {"J": "50.00"})

    expect(book, "2025-03-12", receivable_balance="50.00", unallocated_cash="50.00")


def test_of_two_recordings_of_one_dispute_the_lesser_stands_in_any_arrival_order(book: Customer) -> None:
    book.invoice("J", "50.00", "2025-03-05")
    book.disputes("X", "I", "40.00", "2025-03-10")
    book.disputes("X", "J", "50.00", "2025-03-11")
    book.amends("J", "60.00", "2025-03-12")

    expect(book, "2025-03-15", disputed_amount="40.00")


def test_the_day_of_a_contradiction_does_not_depend_on_arrival_order(book: Customer) -> None:
    book.invoice("I", "170.00", "2025-03-04")

    found = [book.folded(order).conflicts for order in arrivals(book.events)]

    assert found[0] == found[1]


def test_cancelling_a_delivery_that_was_invoiced_counts_the_invoiced_part_once(book: Customer) -> None:
    book.books("order", "O", "100.00", "2025-03-03")
    book.books("delivery", "D", "40.00", "2025-03-04", takes={"O": "40.00"})
    book.invoice("J", "25.00", "2025-03-05", takes={"D": "25.00"})
    book.cancels("D", "2025-03-06", "15.00")

    expect(book, "2025-03-06", open_orders="75.00", delivered_not_invoiced="0", exposure="200.00")
