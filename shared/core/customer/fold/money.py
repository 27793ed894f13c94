"""Facts about money: payments, reversals, later settlements, refunds."""

from __future__ import annotations

from typing import Any

from shared.core.customer.fold.marking import ALL, added, earlier, link, ordinal, place_of
from shared.core.customer.fold.records import keep
from shared.core.customer.state import Customer
from shared.core.events.payment import PaymentRecorded, PaymentReversed, RefundPaid, SettlementApplied, SettlementUndone
from shared.core.ledger.dependents import Marked
from shared.core.ledger.documents import Order, Payment, Settlement, units
from shared.core.ledger.ledger import Ledger


def paid(customer: Customer[Any], data: PaymentRecorded, order: Order) -> None:
    """Keep a payment and what it was said to be for."""
    ledger = customer.ledger
    if data.company:
        customer.companies.add(data.company)
    held = ledger.payment(data.payment_id)
    allocations = [
        (a.transaction_id, units(a.amount), units(a.discount) if a.discount else 0) for a in data.allocations or ()
    ]
    paid = data.paid_on.toordinal()
    matures = data.matures_on or data.value_on if data.instrument == "bill" else data.value_on
    cash_on = max(paid, ordinal(matures))
    said = (units(data.amount), data.currency, paid, data.purpose or "settlement", allocations)
    how = (bool(data.payer), data.instrument == "bill", data.for_order or "", place_of(data))
    if held.order is not None:
        was = (held.amount, held.currency, held.paid, held.purpose, held.allocations)
        if (said, cash_on, how) != (was, held.cash_on, (held.by_other, held.by_bill, held.for_order, held.place)):
            customer.contradicted(f"payment {data.payment_id}", order, held.order)
        if order >= held.order:
            return
    marks: list[Marked] = [("payment", held.id)]
    for to, _, _ in allocations:
        marks.append(("document", ledger.document(to).id))
    found = ledger.before(marks)
    held.amount, held.currency, held.paid, held.purpose, held.allocations = said
    held.order, held.cash_on = order, cash_on
    held.by_other, held.by_bill, held.for_order, held.place = how
    for to, _, _ in allocations:
        linked = ledger.document(to)
        linked.payers = link(linked.payers, held.id)
    ledger.after(found)


def reversed(customer: Customer[Any], data: PaymentReversed, order: Order) -> None:
    """Keep that a payment, or a part of it, did not stand; bounced counts as conduct."""
    held = customer.ledger.payment(data.payment_id)
    found = customer.ledger.before([("payment", held.id)])
    amount = ALL if data.amount is None else units(data.amount)
    held.reversals = added(held.reversals, (order[0], amount, data.reason, order), key=lambda r: (r[0], r[3]))
    customer.ledger.after(found)
    if data.reason == "bounced":
        keep(customer, "bounced", f"{data.payment_id}\0{order[3]}", order, {"payment": data.payment_id})


def settled(customer: Customer[Any], data: SettlementApplied, order: Order) -> None:
    """Keep that money or a credit that was there was set against documents."""
    ledger = customer.ledger
    settlement = ledger.settlement(data.settlement_id)
    name, holder = ledger.holder(data.from_.kind, data.from_.id)
    to = [(portion.transaction_id, units(portion.amount)) for portion in data.to]
    if settlement.order is not None:
        if (name, to, order[0]) != (settlement.holder, settlement.to, settlement.day):
            customer.contradicted(f"settlement {data.settlement_id}", order, settlement.order)
        if order >= settlement.order:
            return
    is_payment = data.from_.kind in {"payment", "prepayment"}
    apply(ledger, settlement, holder, to, order, is_payment=is_payment)


def apply(
    ledger: Ledger[Any],
    settlement: Settlement,
    holder: Payment,
    to: list[tuple[str, int]],
    order: Order,
    *,
    is_payment: bool,
    currency: str = "",
) -> None:
    """Set *settlement* out of *holder* against documents, (document, units) each, from the day of *order* on.

    What is no payment may say its *currency*: then it settles nothing in another one.
    """
    name = holder.id
    marks = [ledger.mark_of(one) for one in {name, settlement.holder} - {""}]
    marks += [("document", ledger.document(one).id) for one, _ in [*to, *settlement.to]]
    found = ledger.before(marks)
    settlement.order, settlement.holder, settlement.day, settlement.to = order, name, order[0], to
    holder.settlements = link(holder.settlements, settlement.id)
    if not is_payment:
        holder.currency = currency
    for one, _ in to:
        document = ledger.document(one)
        if is_payment:
            document.payers = link(document.payers, name)
        else:
            document.creditors = link(document.creditors, name)
    if not is_payment:
        link_payment(ledger, name)
    ledger.after(found)


def link_payment(ledger: Ledger[Any], name: str) -> None:
    """Where the credit *name* is a bill that was booked as a payment, the documents it settles look at that payment."""
    kind, _, source = name.partition(" ")
    bill = ledger.bills.get(source) if kind == "bill" else None
    if bill is None or not bill.payment or name not in ledger.credits:
        return
    for settlement in ledger.credits[name].settlements:
        for to, _ in ledger.settlements[settlement].to:
            document = ledger.document(to)
            document.payers = link(document.payers, bill.payment)


def unsettled(customer: Customer[Any], data: SettlementUndone, order: Order) -> None:
    """Keep that a settlement no longer holds."""
    ledger = customer.ledger
    settlement = ledger.settlement(data.settlement_id)
    marks: list[Marked] = [("document", to) for to, _ in settlement.to]
    if settlement.holder:
        marks.append(ledger.mark_of(settlement.holder))
    found = ledger.before(marks)
    settlement.undone = earlier(settlement.undone, data.undone_on.toordinal())
    ledger.after(found)


def refunded(customer: Customer[Any], data: RefundPaid, order: Order) -> None:
    """Keep that money was paid back."""
    ledger = customer.ledger
    held = ledger.refund(data.refund_id)
    of = data.of or ""
    if held.order is not None:
        was = (held.of, held.amount, held.currency, held.day, held.place)
        if (of, units(data.amount), data.currency, order[0], place_of(data)) != was:
            customer.contradicted(f"refund {data.refund_id}", order, held.order)
        if order >= held.order:
            return
    marks: list[Marked] = [("refund", held.id)]
    marks += [("payment", name) for name in {of, held.of} if name in ledger.payments]
    marks += [("deposit", name) for name in {of, held.of} if name in ledger.deposits]
    found = ledger.before(marks)
    held.order, held.of, held.day = order, of, data.paid_on.toordinal()
    held.amount, held.currency, held.place = units(data.amount), data.currency, place_of(data)
    if of:
        ledger.refunds_of[of] = link(ledger.refunds_of.get(of, []), held.id)
    ledger.after(found)
