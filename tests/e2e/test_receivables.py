"""The receivables ledger in a running instance: every figure is the spreadsheet's, and nobody is told about the past."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from tests.support import spreadsheet as plain
from tests.support.covers import covers
from tests.support.downstream import subscribed
from tests.support.instance import RunningInstance
from tests.support.spreadsheet import Row

covers("G-28", "G-30", "DP-11")

pytestmark = [
    pytest.mark.parts,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(plain.LEDGER is None, reason="the receivables ledger is not beside this repository"),
]

FACTS = 100 + 2466 + 2466 + 561 + 561
EVERYONE = (date(2012, 7, 31), date(2012, 12, 31), date(2013, 7, 31))
"""All customers on these dates: early, at the end of a year, and when windows of twelve months are whole."""
SOME = tuple(date(2012 + month // 12, month % 12 + 1, 17) for month in range(2, 26, 2))
"""A few customers on these twelve, to the end of the ledger."""
Plain = Callable[[list[Row], date], object]
COMPARED: dict[str, Plain] = {
    "receivable_balance": plain.balance,
    "overdue_amount": plain.overdue_amount,
    "ageing": plain.ageing,
    "worst_days_late_12m": plain.worst_days_late_12m,
    "max_days_past_due": plain.max_days_past_due,
    "disputed_amount": plain.disputed_amount,
    "overdue_ratio": plain.overdue_ratio,
    "invoiced_12m": plain.invoiced_12m,
    "collected_12m": plain.collected_12m,
    "on_time_ratio_12m": plain.on_time_ratio_amount_12m,
    "collection_rate_12m": plain.collection_rate_12m,
    "net_collection_rate_12m": plain.net_collection_rate_12m,
    "dso_90d": plain.dso_90d,
    "days_beyond_terms_12m": lambda lines, on: plain.days_beyond_terms_12m(lines, on, floored=True),
}


@pytest.fixture(scope="module")
def ledger() -> dict[str, list[Row]]:
    assert plain.LEDGER is not None
    rows = plain.rows(plain.LEDGER)
    return {customer: plain.of(rows, customer) for customer in plain.customers(rows)}


def run_import(instance: RunningInstance) -> dict[str, Any]:
    """Import the file as a person would; what the command says of it."""
    done = instance.command("import", str(plain.LEDGER), "--mapping", "receivables-2012", "--json", seconds=300)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def imported(instance: RunningInstance, ledger: dict[str, list[Row]]) -> RunningInstance:
    """The instance, into which the file was imported once."""
    said = run_import(instance)
    assert (sum(said["facts"].values()), said["duplicates"], said["rows_refused"]) == (FACTS, 0, 0)
    instance.until_applied({customer: facts_of(lines) for customer, lines in ledger.items()})
    return instance


def facts_of(lines: list[Row]) -> int:
    """Registered once; an invoice and a payment for each row; a dispute begins and ends."""
    return 1 + sum(4 if row.disputed else 2 for row in lines)


def same(measured: Any, expected: Any) -> bool:
    """Exact for money and days; ratios to nine decimals; "nothing yet" is null here and None or 0 in the spreadsheet."""
    if isinstance(measured, dict):
        return bool({name: Decimal(amount) for name, amount in measured.items()} == expected)
    if measured is None or expected is None:
        return not Decimal(measured or 0) and not expected
    slack = Fraction(1, 10**9) * (1 + abs(expected)) if isinstance(expected, Fraction) else 0
    return bool(abs(Fraction(Decimal(measured)) - Fraction(expected)) <= slack)


def differences(instance: RunningInstance, customer: str, lines: list[Row], on: date) -> list[tuple[Any, ...]]:
    """Where the API and the spreadsheet do not agree."""
    measures = instance.customer(customer, as_of=f"{on}")["measures"]
    wanted = {name: function(lines, on) for name, function in COMPARED.items()}
    return [
        (customer, on, name, measures[name], wanted[name]) for name in wanted if not same(measures[name], wanted[name])
    ]


def test_for_every_customer_and_date_the_api_says_what_the_spreadsheet_says(
    imported: RunningInstance, ledger: dict[str, list[Row]]
) -> None:
    different: list[tuple[Any, ...]] = []
    asked = 0
    for customer, lines in ledger.items():
        first = min(row.invoiced for row in lines)
        for on in EVERYONE:
            if on >= first:
                different += differences(imported, customer, lines, on)
                asked += 1
    for customer in Random(1).sample(sorted(ledger), 10):
        first = min(row.invoiced for row in ledger[customer])
        for on in SOME:
            if on >= first:
                different += differences(imported, customer, ledger[customer], on)
                asked += 1
    assert different == []
    assert asked > 350


def test_an_import_gives_two_years_of_grades_and_tells_nobody_about_the_past(
    imported: RunningInstance, ledger: dict[str, list[Row]]
) -> None:
    day, graded = imported.day(), 0
    for customer in sorted(ledger)[::5]:
        path = imported.get(f"/v1/customers/{customer}/ratings", as_of="2014-01-31")["ratings"]
        grades = [step for step in path if step["grade"] is not None]
        assert not any(step["lived"] for step in path)
        assert all(one["until"] < two["since"] for one, two in pairwise(path))
        graded += bool(grades and grades[0]["since"] < "2013" and (grades[-1]["until"] or "2014") >= "2013")
    assert graded >= 15, "of twenty customers, nearly all were graded from 2012 into 2013"
    with subscribed(imported.kafka) as subscriber:
        assert subscriber.until(lambda: not unsent(imported))
        subscriber.listen(2)
        told = [event for customer in ledger for event in subscriber.about(customer)]
        last = {event["subject"]: event["data"]["to"] for event in told if event["type"] == "credit.grade.changed.v1"}
    assert [event for event in told if event["data"]["as_of"] != f"{day}"] == [], "only what holds today is ever told"
    today = {customer: imported.customer(customer)["grade"] for customer in sorted(ledger)[::5]}
    assert {customer: last.get(customer) for customer in today} == today


def unsent(instance: RunningInstance) -> int:
    """Decisions that have not left for the broker yet."""
    query = "select count(*) as waiting from outbox o join relays r using (partition) where r.name = 'outbox' and o.position > r.position"
    return int(instance.rows(query)[0]["waiting"])


def test_a_second_import_changes_nothing(imported: RunningInstance, ledger: dict[str, list[Row]]) -> None:
    versions = "select stream, version from streams where stream = any($1::text[]) order by stream"
    before = imported.rows(versions, list(ledger))
    said = run_import(imported)
    assert (sum(said["facts"].values()), said["duplicates"]) == (FACTS, FACTS)
    assert (
        imported.rows("select count(*) as waiting from intake where stream = any($1::text[])", list(ledger))[0][
            "waiting"
        ]
        == 0
    )
    assert imported.rows(versions, list(ledger)) == before
