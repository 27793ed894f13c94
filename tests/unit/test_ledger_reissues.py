"""Documents that are issued again: nothing is counted twice, nothing is lost, and money and credits follow."""

from __future__ import annotations

import pytest

from tests.support.customer import Customer
from tests.unit.test_ledger_scenarios import chain, expect

LATER, END = "2025-03-20", "2025-03-25"


@pytest.fixture
def book() -> Customer:
    return Customer()


@pytest.mark.parametrize("says", [True, False], ids=["says what it consumes", "leaves it out"])
@pytest.mark.parametrize(
    ("kind", "old", "amount", "takes"),
    [
        ("order", "O", "100.00", None),
        ("delivery", "D", "40.00", {"O": "40.00"}),
        ("invoice", "I", "25.00", {"D": "25.00"}),
        ("credit_note", "C", "5.00", {"I": "5.00"}),
    ],
)
def test_whatever_of_order_100_delivered_40_invoiced_25_credited_5_is_issued_again_95_stand_open(
    book: Customer, kind: str, old: str, amount: str, takes: dict[str, str] | None, says: bool
) -> None:
    chain(book)
    book.books(kind, "NEW", amount, LATER, due=END, takes=takes if says else None, replaces=old)

    expect(book, END, exposure="95.00", open_orders="60.00", delivered_not_invoiced="15.00",
           receivable_balance="20.00", unapplied_credit="0")  # fmt: skip


def test_money_for_a_document_of_another_customer_follows_to_the_one_that_replaces_it_here(book: Customer) -> None:
    book.invoice("NEW", "100.00", "2025-03-03", due="2025-04-02", replaces="ELSEWHERE")
    book.pays("P", "100.00", "2025-03-10", for_={"ELSEWHERE": "100.00"})

    expect(book, END, receivable_balance="0", unallocated_cash="0")


def test_two_documents_that_re_issue_each_other_s_neighbours_are_all_posted_again(book: Customer) -> None:
    book.books("delivery", "D", "40.00", "2025-03-01")
    book.invoice("X", "40.00", "2025-03-02", due="2025-04-01", takes={"D": "40.00"})
    book.invoice("Y", "40.00", "2025-03-03", due="2025-04-01", takes={"D": "40.00"}, replaces="X")
    book.invoice("Z", "40.00", "2025-03-04", due="2025-04-01", replaces="Y")
    book.pays("P", "10.00", "2025-03-05", for_={"Z": "10.00"})
    book.books("return", "R", "3.00", "2025-03-06", takes={"D": "1.00", "X": "2.00"})

    expect(book, END, receivable_balance="28.00", unallocated_cash="0")
