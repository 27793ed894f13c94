"""Facts about bills and deposits: what secures a claim, or settles it for the time being."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.core.customer.fold.marking import ALL, added, link, ordinal, place_of
from shared.core.customer.fold.money import link_payment
from shared.core.customer.fold.records import keep
from shared.core.customer.state import Customer
from shared.core.events.bill import BillReceived, BillStep
from shared.core.events.deposit import DepositReceived, DepositStep
from shared.core.ledger.dependents import Marked
from shared.core.ledger.documents import Bill, Order, units
from shared.core.ledger.ledger import Ledger

_ACCEPTED_BY_BANK = "bank_acceptance"
LARGE_BANK, BANK = "large_bank", "bank"


def bill_received(customer: Customer[Any], data: BillReceived, order: Order) -> None:
    """Keep a bill and what it was booked as; of two recordings the lesser order stands."""
    ledger = customer.ledger
    if data.company:
        customer.companies.add(data.company)
    held = ledger.bill(data.bill_id)
    grade = (LARGE_BANK if data.acceptor_class == LARGE_BANK else BANK) if data.kind == _ACCEPTED_BY_BANK else ""
    said = (
        grade,
        units(data.amount),
        data.currency,
        data.received_on.toordinal(),
        ordinal(data.due_on),
        data.payment_id or "",
        place_of(data),
    )
    if held.order is not None:
        if said != (held.grade, held.amount, held.currency, held.received, held.due, held.payment, held.place):
            customer.contradicted(f"bill {data.bill_id}", order, held.order)
        if order >= held.order:
            return
    found = ledger.before([*_touched(ledger, held), *([("payment", data.payment_id)] if data.payment_id else [])])
    held.order = order
    held.grade, held.amount, held.currency, held.received, held.due, held.payment, held.place = said
    if held.payment:
        payment = ledger.payment(held.payment)
        payment.bills = link(payment.bills, held.id)
        link_payment(ledger, f"bill {held.id}")
    ledger.after(found)


def bill_moved(what: str) -> Callable[[Customer[Any], Any, Order], None]:
    """Make the handler that keeps *what* happened to a bill; one that is not honoured counts as bounced."""

    def handle(customer: Customer[Any], data: BillStep, order: Order) -> None:
        held = customer.ledger.bill(data.bill_id)
        found = customer.ledger.before(_touched(customer.ledger, held))
        amount = ALL if data.amount is None else units(data.amount)
        held.steps = added(held.steps, (order, what, amount, data.with_recourse is not False), key=lambda step: step[0])
        customer.ledger.after(found)
        if what == "dishonoured":
            keep(customer, "bounced", f"bill {data.bill_id}\0{order[3]}", order, {"bill": data.bill_id})

    return handle


def _touched(ledger: Ledger[Any], bill: Bill) -> list[Marked]:
    """What looks at *bill*: the payment it is, and what later settlements out of it settle."""
    marks: list[Marked] = [("credit", f"bill {bill.id}")]
    if bill.payment:
        marks.append(("payment", bill.payment))
    return marks


def deposit_received(customer: Customer[Any], data: DepositReceived, order: Order) -> None:
    """Keep a deposit; of two recordings the lesser order stands."""
    ledger = customer.ledger
    if data.company:
        customer.companies.add(data.company)
    held = ledger.deposits.get(data.deposit_id)
    said = (units(data.amount), data.currency, data.on.toordinal(), place_of(data))
    if held is not None and held.order is not None:
        if said != (held.amount, held.currency, held.day, held.place):
            customer.contradicted(f"deposit {data.deposit_id}", order, held.order)
        if order >= held.order:
            return
    held = ledger.deposit(data.deposit_id)
    found = ledger.before(_secured(data.deposit_id))
    held.order, (held.amount, held.currency, held.day, held.place) = order, said
    ledger.after(found)


def deposit_left(what: str) -> Callable[[Customer[Any], Any, Order], None]:
    """Make the handler that keeps that a deposit, or a part of it, is no longer there."""

    def handle(customer: Customer[Any], data: DepositStep, order: Order) -> None:
        held = customer.ledger.deposit(data.deposit_id)
        found = customer.ledger.before(_secured(data.deposit_id))
        amount = ALL if data.amount is None else units(data.amount)
        held.steps = added(held.steps, (order, what, amount))
        customer.ledger.after(found)

    return handle


def _secured(deposit: str) -> list[Marked]:
    """What looks at *deposit*: itself, what it settles, and refunds of it."""
    return [("deposit", deposit), ("credit", f"deposit {deposit}")]
