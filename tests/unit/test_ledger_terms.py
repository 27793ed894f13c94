"""Which term stands in for a document that says none: its contract's, the customer's, the method's (contracts D3)."""

from __future__ import annotations

import pytest

from tests.support.covers import covers
from tests.support.customer import Customer, day
from tests.unit.test_ledger_scenarios import expect

covers("G-30", "LT-12")


@pytest.fixture
def book() -> Customer:
    book = Customer()
    book.invoice("I", "100.00", "2025-03-03", contract_id="HT")
    return book


def agreed(book: Customer, on: str, days: int, what: str = "signed", contract: str = "HT") -> None:
    book.tell(f"contract.{what}", day(on), contract_id=contract, terms={"days": days, "starts": "invoice"})


def of_the_customer(book: Customer, on: str, value: str) -> None:
    book.tell("measure.reported", day(on), name="payment_term_days", value=value, period_end=day(on))


def test_without_any_term_the_methods_stands_in(book: Customer) -> None:
    expect(book, "2025-04-02", overdue_amount="0")
    expect(book, "2025-04-03", overdue_amount="100.00")


def test_the_contracts_term_goes_before_the_customers_and_that_before_the_methods(book: Customer) -> None:
    book.invoice("J", "7.00", "2025-03-03")
    of_the_customer(book, "2025-01-10", "10")
    agreed(book, "2025-01-05", 20)
    agreed(book, "2025-01-05", 1, contract="HT-2")
    expect(book, "2025-03-13", overdue_amount="0")
    expect(book, "2025-03-14", overdue_amount="7.00")
    expect(book, "2025-03-24", overdue_amount="107.00")


def test_what_held_when_it_was_booked_stays_and_what_is_told_later_stands_in_from_then_on(book: Customer) -> None:
    agreed(book, "2025-03-10", 5)
    agreed(book, "2025-03-20", 60, "amended")
    expect(book, "2025-03-09", overdue_amount="0")
    expect(book, "2025-03-10", overdue_amount="100.00")
    expect(book, "2025-03-25", overdue_amount="100.00", max_days_past_due=17)
    agreed(book, "2025-03-02", 20)
    expect(book, "2025-03-23", overdue_amount="0")
    expect(book, "2025-03-24", overdue_amount="100.00")


def test_terms_of_its_own_go_before_all(book: Customer) -> None:
    agreed(book, "2025-01-05", 1)
    book.tell("transaction.terms-changed", day("2025-03-03"), transaction_id="I", due_on=day("2025-05-05"))
    expect(book, "2025-05-05", overdue_amount="0")
    expect(book, "2025-05-06", overdue_amount="100.00")


@pytest.mark.parametrize("value", ["ours_main", "-3", "7.5", "99999999"])
def test_a_term_that_is_no_number_of_days_says_nothing(book: Customer, value: str) -> None:
    of_the_customer(book, "2025-01-10", value)
    expect(book, "2025-04-03", overdue_amount="100.00", max_days_past_due=1)
