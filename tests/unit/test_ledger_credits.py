"""Credits, deposits and reversals: every fact about one of them reaches every document that depends on it."""

from __future__ import annotations

import pytest

from tests.support.customer import Customer
from tests.unit.test_ledger_scenarios import expect

END = "2025-03-31"


@pytest.fixture
def book() -> Customer:
    return Customer()


def two_invoices(book: Customer) -> None:
    book.invoice("A", "100.00", "2025-01-01", due="2025-02-01")
    book.invoice("B", "100.00", "2025-01-01", due="2025-02-01")


def test_what_one_settlement_of_a_credit_gives_back_another_may_use(book: Customer) -> None:
    two_invoices(book)
    book.books("credit_note", "N", "80.00", "2025-01-05")
    book.settles("S1", "2025-01-10", ("credit_note", "N"), {"A": "80.00"})
    book.undoes("S1", "2025-01-15")
    book.settles("S2", "2025-01-20", ("credit_note", "N"), {"B": "80.00"})

    expect(book, END, receivable_balance="120.00", unapplied_credit="0")


def test_two_settlements_never_use_more_than_the_credit(book: Customer) -> None:
    two_invoices(book)
    book.books("credit_note", "N", "80.00", "2025-01-05")
    book.settles("S1", "2025-01-10", ("credit_note", "N"), {"A": "80.00"})
    book.settles("S2", "2025-01-20", ("credit_note", "N"), {"B": "80.00"})

    expect(book, END, receivable_balance="120.00", unapplied_credit="0")


def test_a_credit_that_is_cancelled_comes_off_the_document_that_re_issued_the_one_it_was_set_against(
    book: Customer,
) -> None:
    book.invoice("X", "100.00", "2025-01-01", due="2025-02-01")
    book.books("credit_note", "N", "30.00", "2025-01-05")
    book.settles("S", "2025-01-10", ("credit_note", "N"), {"X": "30.00"})
    book.invoice("Y", "100.00", "2025-01-15", due="2025-02-01", replaces="X")
    book.cancels("N", "2025-01-20")

    expect(book, "2025-01-16", receivable_balance="70.00")
    expect(book, END, receivable_balance="100.00", unapplied_credit="0")


def test_what_a_credit_note_is_amended_to_changes_nothing_before(book: Customer) -> None:
    book.invoice("A", "100.00", "2025-01-01", due="2025-02-01")
    book.books("credit_note", "N", "70.00", "2025-01-05")
    book.settles("S", "2025-01-10", ("credit_note", "N"), {"A": "60.00"})
    book.amends("N", "50.00", "2025-02-10")

    expect(book, "2025-02-09", receivable_balance="40.00", unapplied_credit="10.00")
    expect(book, END, receivable_balance="50.00", unapplied_credit="0")


@pytest.mark.parametrize("kind", ["deposit", "bill"])
def test_a_deposit_or_a_bill_leaves_other_credits_alone(book: Customer, kind: str) -> None:
    two_invoices(book)
    book.books("credit_note", "N", "50.00", "2025-01-05")
    book.settles("S", "2025-01-10", (kind, "X1"), {"A": "30.00"})

    expect(book, END, receivable_balance="170.00", unapplied_credit="50.00")


def test_a_return_of_goods_that_are_delivered_later_is_credit_until_then(book: Customer) -> None:
    book.books("return", "R", "5.00", "2025-03-10", takes={"D": "5.00"})
    book.books("delivery", "D", "40.00", "2025-03-12")
    book.cancels("D", "2025-03-20")

    expect(book, "2025-03-11", unapplied_credit="5.00", delivered_not_invoiced="0")
    expect(book, "2025-03-12", unapplied_credit="0", delivered_not_invoiced="35.00")
    expect(book, "2025-03-20", unapplied_credit="5.00", delivered_not_invoiced="0")


def test_a_credit_note_that_is_cancelled_in_part_and_amended_takes_its_share_day_by_day(book: Customer) -> None:
    book.invoice("A", "100.00", "2025-01-01", due="2025-02-01")
    book.books("credit_note", "N", "40.00", "2025-01-05", takes={"A": "40.00"})
    book.cancels("N", "2025-01-10", "10.00")
    book.amends("N", "30.00", "2025-01-15")

    expect(book, "2025-01-12", receivable_balance="70.00")
    expect(book, "2025-01-16", receivable_balance="80.00")


def test_a_refund_of_a_payment_that_comes_later_changes_nothing_before_it(book: Customer) -> None:
    book.pays("P", "100.00", "2025-01-20", purpose="prepayment")
    book.pays("Q", "30.00", "2025-01-02")
    book.refunds("F", "10.00", "2025-01-10", of="P")

    expect(book, "2025-01-15", unallocated_cash="20.00", prepayments="0")
    expect(book, "2025-01-20", unallocated_cash="30.00", prepayments="90.00")


def test_a_dispute_that_is_closed_twice_had_ended_the_first_time(book: Customer) -> None:
    book.invoice("A", "100.00", "2025-01-01", due="2025-02-01")
    book.disputes("X", "A", "100.00", "2025-01-10")
    book.agrees("X", "2025-01-20")
    book.agrees("X", "2025-02-20")

    expect(book, "2025-01-25", disputed_amount="0")


def test_terms_start_at_the_acceptance_that_was_told_by_then(book: Customer) -> None:
    book.books("delivery", "D", "40.00", "2025-01-02")
    book.invoice("A", "40.00", "2025-01-03", takes={"D": "40.00"}, terms={"days": 10, "starts": "acceptance"})
    book.accepts("D", "2025-01-05")
    book.accepts("D", "2025-01-25")

    expect(book, "2025-01-20", max_days_past_due=5)
    expect(book, "2025-01-26", max_days_past_due=0)
