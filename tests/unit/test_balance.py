"""What a customer owes by company and currency: it adds up to the ledger's own sums, on every day, for any history."""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec
import pytest

from services.rating.core.balance import Balance, Companies, balances
from shared.core.envelope import Event
from shared.core.events.base import DocumentFact
from shared.core.ledger.position import OPEN
from tests.support.customer import BRAIN, Customer, day
from tests.support.histories import START, history


def owed(events: list[Event], on: int) -> dict[tuple[str, str], Balance]:
    state, companies = BRAIN.initial("C1"), Companies()
    for event in events:
        BRAIN.evolve(state, event)
        companies.hear(event)
    return balances(state.ledger, companies, on)


def spread(events: list[Event], seed: int) -> list[Event]:
    """The same facts, each in the books of one of two companies, or of none."""
    random = Random(seed)
    return [
        msgspec.structs.replace(
            event, data=msgspec.structs.replace(event.data, company=random.choice(["A", "B", None]))
        )
        if isinstance(event.data, DocumentFact)
        else event
        for event in events
    ]


@pytest.mark.parametrize("seed", range(40))
def test_by_company_they_add_up_to_the_ledgers_own_sums_on_every_day(seed: int) -> None:
    plain = history(seed, currencies=("CNY", "USD"))
    events = spread(plain, seed)
    state = BRAIN.initial("C1")
    for event in plain:
        BRAIN.evolve(state, event)
    first = START.toordinal()
    for on in range(first - 10, first + 520, 53):
        state.ledger.move_to(on)
        added: dict[str, Counter[str]] = {}
        for (_, currency), balance in owed(events, on).items():
            added.setdefault(currency, Counter()).update(msgspec.structs.asdict(balance))
        for currency, position in state.ledger.positions.items():
            sums = position.scalars.sums
            expected = {
                "open": position.sums[OPEN].total,
                "cash": sums.get("cash", 0),
                "credit": sums.get("credit", 0),
                "prepayments": sums.get("prepayments", 0),
            }
            found = added.get(currency, Counter())
            assert {name: found[name] for name in expected} == expected, (seed, on, currency)


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    events = spread(history(seed), seed)
    shuffled = list(events)
    Random(seed).shuffle(shuffled)
    on = START.toordinal() + 200
    assert owed(shuffled, on) == owed(events, on)


def test_a_payment_of_one_company_for_a_document_of_another_is_in_the_books_of_both() -> None:
    book = Customer()
    book.invoice("I", "100.00", "2025-03-03", company="A")
    book.pays("P", "100.00", "2025-03-10", for_={"I": "100.00"}, company="B")
    found = owed(book.events, day("2025-03-10").toordinal())
    assert {account: balance.owed(prepayments=False) for account, balance in found.items()} == {
        ("A", "CNY"): 100_0000,
        ("B", "CNY"): -100_0000,
    }


def test_money_paid_ahead_counts_only_where_it_is_in_the_same_account() -> None:
    balance = Balance(open=100, cash=20, credit=5, prepayments=30)
    assert (balance.owed(prepayments=False), balance.owed(prepayments=True)) == (75, 45)
