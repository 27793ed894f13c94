"""What a customer owes, from the kept facts alone, in `Decimal`: written once more, from the rules, without the ledger.

One currency, invoices of one due date; of two recordings under one id the one of the lesser order stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

ZERO = Decimal(0)


class Owed(NamedTuple):
    """Where a customer stands at the end of one day."""

    balance: Decimal
    overdue: Decimal
    unallocated: Decimal


def owed(facts: Iterable[Any], day: date) -> Owed:
    """Add up *facts* about one customer as they hold on *day*."""
    told = sorted(facts, key=_order)
    on_documents, cash = _money(told, day)
    balance = overdue = ZERO
    for invoice in _first(told, "transaction.recorded", "transaction_id").values():
        if invoice.data.booked_on > day:
            continue
        amount = _amount(invoice, told, day)
        paid = min(amount, on_documents[invoice.data.transaction_id])
        cash -= paid
        balance += amount - paid
        if invoice.data.due_on < day:
            overdue += amount - paid
    return Owed(balance, overdue, max(ZERO, cash))


def _amount(invoice: Any, told: Sequence[Any], day: date) -> Decimal:
    """As amended last by *day*, nothing where it was cancelled."""
    amount: Decimal = invoice.data.amount
    for event in told:
        if getattr(event.data, "transaction_id", None) != invoice.data.transaction_id or day_of(event) > day:
            continue
        if _is(event, "transaction.amended"):
            amount = event.data.amount
    cancelled = any(
        _is(event, "transaction.cancelled") and event.data.transaction_id == invoice.data.transaction_id
        and day_of(event) <= day
        for event in told
    )  # fmt: skip
    return ZERO if cancelled else amount


def _money(told: Sequence[Any], day: date) -> tuple[dict[str, Decimal], Decimal]:
    """What was said to be for each document by *day*, and all the money there is."""
    for_documents: dict[str, Decimal] = defaultdict(Decimal)
    total = ZERO
    for payment in _first(told, "payment.recorded", "payment_id").values():
        if payment.data.paid_on > day:
            continue
        left: Decimal = payment.data.amount
        kept = payment.data.amount
        held: list[list[Any]] = []  # [settlement, document, amount], in the order in which they were said

        def set_against(portions: Iterable[Any], settlement: str, held: list[list[Any]] = held) -> None:
            nonlocal left
            for portion in portions:
                counted = min(portion.amount, left)
                left -= counted
                held.append([settlement, portion.transaction_id, counted])

        set_against(payment.data.allocations or (), "")
        for kind, event in _later(payment, told, day):
            if kind == _APPLIED:
                set_against(event.data.to, event.data.settlement_id)
            elif kind == _UNDONE:
                for one in held:
                    if one[0] == event.data.settlement_id:
                        left, one[2] = left + one[2], ZERO
            else:
                back = payment.data.amount if event.data.amount is None else event.data.amount
                kept -= min(back, kept)
                free = min(back, left)
                left, back = left - free, back - free
                for one in reversed(held):
                    taken = min(back, one[2])
                    one[2], back = one[2] - taken, back - taken
        total += kept
        for _, document, amount in held:
            for_documents[document] += amount
    return for_documents, total


_APPLIED, _UNDONE, _REVERSED = 1, 2, 3


def _later(payment: Any, told: Sequence[Any], day: date) -> list[tuple[int, Any]]:
    """What happened to the money of *payment* by *day*, in order."""
    steps: list[tuple[tuple[date, int, str, Decimal], int, Any]] = []
    number = payment.data.payment_id
    for name, applied in _first(told, "settlement.applied", "settlement_id").items():
        if applied.data.from_.id != number:
            continue
        steps.append(((day_of(applied), _APPLIED, name, ZERO), _APPLIED, applied))
        undone = [day_of(one) for one in told if _is(one, "settlement.undone") and one.data.settlement_id == name]
        if undone:
            steps.append(((max(min(undone), day_of(applied)), _UNDONE, name, ZERO), _UNDONE, applied))
    for one in told:
        if _is(one, "payment.reversed") and one.data.payment_id == number:
            steps.append(((day_of(one), _REVERSED, f"{one.source}\0{one.id}", ZERO), _REVERSED, one))
    steps.sort(key=lambda step: step[0])
    return [(kind, event) for (on, *_), kind, event in steps if on <= day]


def _first(told: Sequence[Any], kind: str, field: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event in told:
        if _is(event, kind):
            found.setdefault(getattr(event.data, field), event)
    return found


def _is(event: Any, kind: str) -> bool:
    return event.type == f"credit.{kind}.v1"


def day_of(event: Any) -> date:
    """Its own date, else the date on the clock of who said it."""
    named = event.data.ON and getattr(event.data, event.data.ON)
    return named or date(event.time.year, event.time.month, event.time.day)


def _order(event: Any) -> tuple[Any, ...]:
    return (day_of(event), event.time, event.source, event.id)
