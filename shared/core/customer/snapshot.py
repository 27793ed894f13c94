"""The facts of a customer as they are kept in a snapshot. Sums are not kept, they are added up again."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.core.customer.state import Customer, Record
from shared.core.ledger.documents import (
    Agreed,
    Bill,
    Deposit,
    Dispute,
    Document,
    Order,
    Payment,
    Refund,
    Settlement,
    Transfer,
)


class Facts(msgspec.Struct, array_like=True):
    """Everything of a Customer that is not derived."""

    customer_id: str
    documents: dict[str, Document]
    payments: dict[str, Payment]
    credits: dict[str, Payment]
    settlements: dict[str, Settlement]
    disputes: dict[str, Dispute]
    refunds: dict[str, Refund]
    refunds_of: dict[str, list[str]]
    bills: dict[str, Bill]
    deposits: dict[str, Deposit]
    transfers: dict[str, Transfer]
    agreed: dict[str, list[Agreed]]
    profile: dict[str, list[tuple[Order, Any]]]
    records: dict[str, dict[str, Record]]
    measures: dict[str, list[tuple[Order, int, str]]]
    aliases: list[tuple[tuple[str, str], tuple[Order, bool]]]
    merges: list[tuple[Order, str]]
    conflicts: dict[str, int]
    days: list[int]
    day: int
    touched: int
    late: tuple[int, str, str, str] | None
    companies: list[str]


def facts_of(customer: Customer[Any]) -> Facts:
    """What is kept of *customer*."""
    ledger = customer.ledger
    return Facts(
        customer.customer_id,
        ledger.documents,
        ledger.payments,
        ledger.credits,
        ledger.settlements,
        ledger.disputes,
        ledger.refunds,
        ledger.refunds_of,
        ledger.bills,
        ledger.deposits,
        ledger.transfers,
        ledger.agreed,
        customer.profile,
        customer.records,
        customer.measures,
        list(customer.aliases.items()),
        customer.merges,
        customer.conflicts,
        customer.days,
        ledger.day,
        ledger.touched,
        customer.late,
        sorted(customer.companies),
    )


def restore(customer: Customer[Any], kept: Facts) -> None:
    """Give the empty *customer* what was *kept*; its positions are added up again from the documents."""
    ledger = customer.ledger
    ledger.documents.update(kept.documents)
    ledger.disputes.update(kept.disputes)
    ledger.payments, ledger.credits, ledger.settlements = kept.payments, kept.credits, kept.settlements
    ledger.refunds, ledger.refunds_of = kept.refunds, kept.refunds_of
    ledger.bills, ledger.deposits, ledger.transfers = kept.bills, kept.deposits, kept.transfers
    ledger.agreed = kept.agreed
    ledger.add_up(kept.day)
    ledger.touched = kept.touched
    customer.profile, customer.records, customer.measures = kept.profile, kept.records, kept.measures
    customer.aliases, customer.merges, customer.conflicts = dict(kept.aliases), kept.merges, kept.conflicts
    customer.days, customer.late, customer.companies = kept.days, kept.late, set(kept.companies)
    customer.first = kept.days[0] if kept.days else 0
