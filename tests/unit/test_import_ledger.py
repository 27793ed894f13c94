"""The receivables ledger: the shipped mapping gives exactly the facts that the rows say, and the spreadsheet is sane."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gradeline.main import build
from shared.edge import codec
from tests.support import spreadsheet
from tests.support.posted_to import listening
from tests.support.spreadsheet import Row

LEDGER = spreadsheet.LEDGER
needs_ledger = pytest.mark.skipif(LEDGER is None, reason="the receivables ledger is not beside this repository")


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    assert LEDGER is not None
    folder = tmp_path_factory.mktemp("ledger")
    with listening() as heard:
        arguments = ["import", str(LEDGER), "--mapping", "receivables-2012", "--url", heard.url, "--data", str(folder)]
        result = CliRunner().invoke(build(), arguments)
    assert result.exit_code == 0, result.output
    return heard.events


@pytest.fixture(scope="module")
def ledger() -> list[Row]:
    assert LEDGER is not None
    return spreadsheet.rows(LEDGER)


@needs_ledger
def test_the_ledger_gives_100_customers_2466_invoices_and_2466_payments(posted: list[dict[str, Any]]) -> None:
    assert Counter(event["type"] for event in posted) == {
        "credit.customer.registered.v1": 100,
        "credit.transaction.recorded.v1": 2466,
        "credit.payment.recorded.v1": 2466,
        "credit.dispute.opened.v1": 561,
        "credit.dispute.closed.v1": 561,
    }
    assert len({event["subject"] for event in posted}) == 100
    assert len({(event["subject"], event["id"]) for event in posted}) == len(posted)


@needs_ledger
def test_every_invoice_payment_and_dispute_says_what_its_row_says(
    posted: list[dict[str, Any]], ledger: list[Row]
) -> None:
    said = {event["id"]: event for event in posted}
    for row in ledger:
        invoice, payment = said[f"invoice-{row.invoice}"], said[f"payment-{row.invoice}"]
        assert invoice["subject"] == payment["subject"] == row.customer
        assert invoice["data"]["booked_on"] == row.invoiced.isoformat()
        assert invoice["data"]["due_on"] == row.due.isoformat()
        assert Decimal(invoice["data"]["amount"]) == row.amount
        assert payment["data"]["paid_on"] == row.settled.isoformat()
        (allocation,) = payment["data"]["allocations"]
        assert allocation["transaction_id"] == invoice["data"]["transaction_id"]
        assert Decimal(allocation["amount"]) == Decimal(payment["data"]["amount"]) == row.amount
        opened = said.get(f"dispute-opened-{row.invoice}")
        assert (opened is not None) == row.disputed
        if opened:
            assert opened["data"]["opened_on"] == min(row.due, row.settled).isoformat()
            assert said[f"dispute-closed-{row.invoice}"]["data"]["closed_on"] == row.settled.isoformat()


@needs_ledger
def test_a_customer_is_registered_once_on_the_day_of_its_first_invoice(
    posted: list[dict[str, Any]], ledger: list[Row]
) -> None:
    registered = {e["subject"]: e["time"][:10] for e in posted if e["type"] == "credit.customer.registered.v1"}
    for customer in spreadsheet.customers(ledger):
        assert registered[customer] == min(row.invoiced for row in spreadsheet.of(ledger, customer)).isoformat()


@needs_ledger
def test_every_fact_of_the_ledger_is_an_event_dated_as_its_row(posted: list[dict[str, Any]]) -> None:
    for event in posted:
        decoded = codec.decode(json.dumps(event).encode())
        assert decoded.business_date == decoded.time.date()


def row(invoiced: str, due: str, amount: str, settled: str, *, disputed: bool = False) -> Row:
    days = [date.fromisoformat(text) for text in (invoiced, due, settled)]
    return Row("C", f"{invoiced}/{amount}", days[0], days[1], Decimal(amount), disputed, days[2])


HAND = [
    row("2025-01-01", "2025-01-31", "100", "2025-01-21"),
    row("2025-02-01", "2025-03-03", "200", "2025-03-13", disputed=True),
    row("2025-03-01", "2025-03-31", "300", "2025-06-01"),
    row("2025-04-01", "2025-05-01", "400", "2025-05-01"),
]


def test_the_spreadsheet_gives_what_was_worked_out_by_hand() -> None:
    on = date(2025, 4, 30)
    assert spreadsheet.balance(HAND, on) == 700
    assert spreadsheet.overdue_amount(HAND, on) == 300
    assert spreadsheet.ageing(HAND, on) == {"not_due": 400, "1_30": 300, "31_60": 0, "61_90": 0, "over_90": 0}
    assert spreadsheet.max_days_past_due(HAND, on) == 30
    assert spreadsheet.worst_days_late_12m(HAND, on) == 30
    assert spreadsheet.days_beyond_terms_12m(HAND, on, floored=True) == Fraction(200 * 10 + 300 * 30, 600)
    assert spreadsheet.days_beyond_terms_12m(HAND, on, floored=False) == Fraction(100 * -10 + 200 * 10 + 300 * 30, 600)
    assert spreadsheet.on_time_ratio_amount_12m(HAND, on) == Fraction(100, 600)
    assert spreadsheet.on_time_ratio_count_12m(HAND, on) == Fraction(1, 3)
    assert spreadsheet.collection_rate_12m(HAND, on) == Fraction(300, 600)
    assert spreadsheet.invoiced_12m(HAND, on) == 1000
    assert spreadsheet.collected_12m(HAND, on) == 300
    assert spreadsheet.dso_90d(HAND, on) == Fraction(700, 900) * 90
    assert spreadsheet.disputed_amount(HAND, date(2025, 3, 5)) == 200
    assert spreadsheet.oldest_receivable_days(HAND, on) == 60


def test_the_edges_of_the_spreadsheet_are_where_they_should_be() -> None:
    due = date(2025, 3, 31)
    assert spreadsheet.overdue_amount(HAND, due) == 0
    assert spreadsheet.overdue_amount(HAND, due + timedelta(days=1)) == 300
    assert spreadsheet.balance(HAND, date(2025, 5, 31)) == 300
    assert spreadsheet.balance(HAND, date(2025, 6, 1)) == 0
    assert spreadsheet.ageing(HAND, date(2025, 5, 1))["31_60"] == 300
    assert spreadsheet.collected_12m(HAND, date(2026, 1, 20)) == 1000
    assert spreadsheet.collected_12m(HAND, date(2026, 1, 21)) == 900
    assert spreadsheet.twelve_months_before(date(2024, 2, 29)) == date(2023, 2, 28)
    assert spreadsheet.dso_90d(HAND, date(2026, 6, 1)) is None


@needs_ledger
def test_the_buckets_of_the_spreadsheet_always_sum_to_the_balance(ledger: list[Row]) -> None:
    for customer in spreadsheet.customers(ledger):
        lines = spreadsheet.of(ledger, customer)
        for on in (date(2012, 6, 30), date(2013, 1, 1), date(2013, 7, 4), date(2014, 1, 9)):
            assert sum(spreadsheet.ageing(lines, on).values()) == spreadsheet.balance(lines, on)


@needs_ledger
def test_the_spreadsheet_agrees_with_the_lateness_column_of_the_file() -> None:
    import csv

    assert LEDGER is not None
    with Path(LEDGER).open(newline="") as file:
        late = {line["invoiceNumber"]: int(line["DaysLate"]) for line in csv.DictReader(file)}
    for found in spreadsheet.rows(LEDGER):
        assert spreadsheet.worst_days_late_12m([found], found.settled) == late[found.invoice]
