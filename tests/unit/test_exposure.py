"""What a customer's exposure is, category by category, told in a few facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from services.exposure.core.exposure import Exposure, Line, exposure, lines
from services.exposure.core.holding import Holding
from services.exposure.core.reading import Commitments
from services.exposure.core.rules import DEFAULT, Rules
from shared.core.customer.evolve import evolve
from shared.core.customer.state import Customer, Setting
from shared.core.ledger.documents import Place
from shared.core.references import References
from tests.support.covers import covers
from tests.support.customer import Customer as Told


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def account(told: Told) -> Customer[Holding]:
    held = Customer("C1", Setting(), Commitments())
    for event in told.events:
        evolve(held, event)
    return held


def counts(told: Told, on: str, rules: Rules = DEFAULT, **how: Any) -> Exposure:
    return exposure(account(told), day(on), rules, References(), how.pop("currency", "CNY"), **how)


def some(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """What is not 0 of *amounts*."""
    return {name: str(amount) for name, amount in amounts.items() if amount}


def seen(told: Told, on: str, rules: Rules = DEFAULT, **how: Any) -> dict[str, str]:
    return some(counts(told, on, rules, **how).by_category)


@covers("LT-61")
def test_an_order_becomes_a_delivery_becomes_an_invoice_and_nothing_counts_twice() -> None:
    told = Told()
    told.books("order", "O1", "100.00", "2026-01-02")
    assert seen(told, "2026-01-02") == {"orders": "100.00"}
    told.books("delivery", "D1", "40.00", "2026-01-05", takes={"O1": "40.00"})
    assert seen(told, "2026-01-05") == {"orders": "60.00", "delivered": "40.00"}
    told.invoice("I1", "25.00", "2026-01-06", due="2026-02-05", takes={"D1": "25.00"})
    assert seen(told, "2026-01-06") == {"orders": "60.00", "delivered": "15.00", "not_due": "25.00"}
    told.books("credit_note", "N1", "5.00", "2026-01-07", takes={"I1": "5.00"})
    assert seen(told, "2026-01-07") == {"orders": "60.00", "delivered": "15.00", "not_due": "20.00"}
    assert counts(told, "2026-01-07").total == Decimal("95.00")
    assert seen(told, "2026-02-06") == {"orders": "60.00", "delivered": "15.00", "overdue": "20.00"}
    assert lines(account(told), day("2026-02-06"), DEFAULT) == [
        Line("D1", "delivery", "delivered", 150000, "CNY", day("2026-01-05"), 0, Place()),
        Line("I1", "invoice", "overdue", 200000, "CNY", day("2026-01-06"), day("2026-02-05"), Place()),
        Line("O1", "order", "orders", 600000, "CNY", day("2026-01-02"), 0, Place()),
    ]
