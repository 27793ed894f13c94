"""Facts as an ERP tells them: one customer, in order, each with an identity of its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from shared.edge.kafka.partition import partition_of

SOURCE = "/erp/e2e"
PARTITIONS = 12
TERM_DAYS = 30


def fact(subject: str, type_: str, id_: str, on: date, data: dict[str, Any], *, source: str = SOURCE) -> dict[str, Any]:
    """A structured CloudEvent about *subject* that happened at nine o'clock on *on*."""
    return {
        "specversion": "1.0",
        "id": f"{subject}:{id_}",
        "source": source,
        "type": f"credit.{type_}.v1",
        "subject": subject,
        "time": f"{on}T09:00:00+08:00",
        "datacontenttype": "application/json",
        "data": data,
    }


def registered(subject: str, on: date) -> dict[str, Any]:
    """A company that we know since *on*."""
    data = {"name": f"{subject} Trading", "kind": "company", "opened_on": f"{on}", "currency": "CNY"}
    return fact(subject, "customer.registered", "registered", on, data)


def invoice(subject: str, number: str, on: date, amount: str = "10000.00") -> dict[str, Any]:
    """An invoice that is due TERM_DAYS after *on*."""
    data = {
        "transaction_id": number,
        "kind": "invoice",
        "amount": amount,
        "currency": "CNY",
        "booked_on": f"{on}",
        "due_on": f"{on + timedelta(days=TERM_DAYS)}",
    }
    return fact(subject, "transaction.recorded", f"book-{number}", on, data)


def payment(subject: str, number: str, on: date, amount: str = "10000.00") -> dict[str, Any]:
    """The payment of the invoice *number*."""
    data = {
        "payment_id": f"P-{number}",
        "amount": amount,
        "currency": "CNY",
        "paid_on": f"{on}",
        "allocations": [{"transaction_id": number, "amount": amount}],
    }
    return fact(subject, "payment.recorded", f"pay-{number}", on, data)


def reversal(subject: str, number: str, on: date, reason: str = "bounced") -> dict[str, Any]:
    """The payment of the invoice *number* is taken back."""
    data = {"payment_id": f"P-{number}", "reversed_on": f"{on}", "reason": reason}
    return fact(subject, "payment.reversed", f"reverse-{number}", on, data)


def good_history(subject: str, until: date, *, months: int = 12) -> list[dict[str, Any]]:
    """Invoices every thirty days, the last one due before *until*, each paid on the day it is due."""
    first = until - timedelta(days=30 * months)
    told = [registered(subject, first)]
    for number in range(months - 1):
        on = first + timedelta(days=30 * number + 1)
        told += [invoice(subject, f"I-{number}", on), payment(subject, f"I-{number}", on + timedelta(days=TERM_DAYS))]
    assert max(one["data"].get("paid_on", "") for one in told) < until.isoformat()
    return told


def same_partition(subject: str, name: str) -> str:
    """A customer id that begins with *name* and lives in the partition of *subject*."""
    there = partition_of(subject, PARTITIONS)
    return next(f"{name}-{n}" for n in range(10_000) if partition_of(f"{name}-{n}", PARTITIONS) == there)
