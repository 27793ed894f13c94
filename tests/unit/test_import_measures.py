"""The imported receivables ledger, measured by the product, against the plain spreadsheet, for every customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from gradeline.importing.facts import read_facts
from gradeline.importing.mapping import load
from services.rating.core.context import Context
from services.rating.core.engine import setting_for
from services.rating.core.evolve import evolve
from services.rating.core.measures.catalogue import compile_reading
from services.rating.core.measures.reading import Reader
from services.rating.core.state import State
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.policy.measure import Reading
from shared.edge import codec
from shared.edge.policy_files import load_rules
from tests.support import spreadsheet as plain
from tests.support.covers import covers
from tests.support.spreadsheet import Row

covers("DP-11", "MN-54")

pytestmark = pytest.mark.skipif(plain.LEDGER is None, reason="the receivables ledger is not beside this repository")

SETTING = setting_for(load_rules(Path(__file__).parents[2] / "services/rating/policies"), Setting())
FIRST, LAST = date(2011, 12, 15), date(2015, 2, 15)
DATES_A_CUSTOMER = 10

Plain = Callable[[list[Row], date], object]
COMPARED: dict[str, tuple[Reading, Plain]] = {
    "balance": (Reading("receivable_balance"), plain.balance),
    "overdue amount": (Reading("overdue_amount"), plain.overdue_amount),
    "ageing": (Reading("ageing"), plain.ageing),
    "disputed amount": (Reading("disputed_amount"), plain.disputed_amount),
    "oldest open item": (Reading("max_days_past_due"), plain.max_days_past_due),
    "worst lateness": (Reading("worst_days_late_12m"), plain.worst_days_late_12m),
    "invoiced": (Reading("invoiced_12m"), plain.invoiced_12m),
    "collected": (Reading("collected_12m"), plain.collected_12m),
    "overdue ratio": (Reading("overdue_ratio"), plain.overdue_ratio),
    "on time by amount": (Reading("on_time_ratio_12m"), plain.on_time_ratio_amount_12m),
    "on time by count": (Reading("on_time_ratio_12m", {"basis": "count"}), plain.on_time_ratio_count_12m),
    "collection rate": (Reading("collection_rate_12m"), plain.collection_rate_12m),
    "net collection rate": (Reading("net_collection_rate_12m"), plain.net_collection_rate_12m),
    "days sales outstanding": (Reading("dso_90d"), plain.dso_90d),
    "days beyond terms": (
        Reading("days_beyond_terms_12m"),
        lambda lines, on: plain.days_beyond_terms_12m(lines, on, floored=True),
    ),
    "days beyond terms, signed": (
        Reading("days_beyond_terms_12m", {"signed": True}),
        lambda lines, on: plain.days_beyond_terms_12m(lines, on, floored=False),
    ),
}
MEASURES = {name: compile_reading(reading, SETTING.lenses) for name, (reading, _) in COMPARED.items()}


@pytest.fixture(scope="module")
def imported() -> dict[str, list[Event]]:
    """Every fact of the file by customer, in an order of arrival that nobody chose."""
    assert plain.LEDGER is not None
    found: dict[str, list[Event]] = defaultdict(list)
    for row in read_facts(plain.LEDGER, load("receivables-2012")):
        for fact in row.events:
            found[fact["subject"]].append(codec.decode(msgspec.json.encode(fact)))
    for customer, events in found.items():
        Random(customer).shuffle(events)
    return found


def same(measured: Any, expected: Any) -> bool:
    """Exact for money and days; ratios to nine decimals; "nothing yet" is None to the product and None or 0 to the sheet."""
    if isinstance(measured, dict):
        return bool({name: Decimal(amount) for name, amount in measured.items()} == expected)
    if measured is None or expected is None:
        return not measured and not expected
    if isinstance(expected, Fraction):
        slack = Fraction(1, 10**9) * (1 + abs(expected))
        return bool(abs(Fraction(Decimal(measured)) - expected) <= slack)
    return bool(Decimal(measured) == Decimal(expected))


@pytest.mark.parametrize("half", [0, 1])
def test_for_every_customer_and_any_date_the_product_gives_what_the_spreadsheet_gives(
    imported: dict[str, list[Event]], half: int
) -> None:
    assert plain.LEDGER is not None
    ledger = plain.rows(plain.LEDGER)
    customers = plain.customers(ledger)
    assert len(customers) == 100
    random, different = Random(half), []
    for customer in customers[half::2]:
        lines, state = plain.of(ledger, customer), State(customer, SETTING)
        for event in imported[customer]:
            evolve(state, event)
        for _ in range(DATES_A_CUSTOMER):
            on = FIRST + timedelta(days=random.randint(0, (LAST - FIRST).days))
            state.ledger.move_to(on.toordinal())
            reader = Reader(state, SETTING, Context())
            for name, (_, expected) in COMPARED.items():
                measured, wanted = MEASURES[name](reader), expected(lines, on)
                if not same(measured, wanted):
                    different.append((customer, on.isoformat(), name, measured, wanted))
    assert different == []
