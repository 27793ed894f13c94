"""Customers of the worked examples that several pages of tests look at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.customer import Customer, day


@pytest.fixture
def three_payments() -> Customer:
    """10,000 five days late, 20,000 ten days early, 30,000 thirty days late."""
    book = Customer()
    for name, amount, days in (("A", "10000.00", 5), ("B", "20000.00", -10), ("C", "30000.00", 30)):
        book.invoice(name, amount, "2025-03-03", due="2025-04-02")
        book.pays(f"P{name}", amount, day("2025-04-02") + timedelta(days=days), for_={name: amount})
    return book
