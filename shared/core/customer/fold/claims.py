"""Facts about claims that went away without a payment: set off, sold, written off."""

from __future__ import annotations

from typing import Any

from shared.core.customer.fold.marking import added, earlier, link
from shared.core.customer.fold.money import apply
from shared.core.customer.fold.records import keep
from shared.core.customer.state import Customer
from shared.core.events.receivable import (
    ReceivableRepurchased,
    ReceivableTransferred,
    RecoveryRecorded,
    WriteOffRecorded,
    WriteOffReversed,
)
from shared.core.events.set_off import SetOffRecorded, SetOffUndone
from shared.core.ledger.dependents import Marked
from shared.core.ledger.documents import Order, units
from shared.core.ledger.receivable import BAD_DEBT


def set_off(customer: Customer[Any], data: SetOffRecorded, order: Order) -> None:
    """Keep what of the customer's debts was set off; other legs are debts of others."""
    to = [
        (leg.transaction_id, units(leg.amount))
        for leg in data.legs
        if leg.debtor == customer.customer_id and leg.transaction_id
    ]
    _settle(customer, "set_off", data.set_off_id, to, order)


def set_off_undone(customer: Customer[Any], data: SetOffUndone, order: Order) -> None:
    """Keep that a set-off no longer holds."""
    _undo(customer, "set_off", data.set_off_id, order)


def written_off(customer: Customer[Any], data: WriteOffRecorded, order: Order) -> None:
    """Keep what of a document was given up, and whether that says something of the customer."""
    kind = BAD_DEBT.strip() if data.kind == "bad_debt" else "write_off"
    to = [(data.transaction_id, units(data.amount))]
    _settle(customer, "write_off", data.write_off_id, to, order, holder=kind, currency=data.currency)
    what = {"kind": data.kind, "document": data.transaction_id, "amount": str(data.amount), "currency": data.currency}
    keep(customer, "write_off", data.write_off_id, order, what)


def write_off_reversed(customer: Customer[Any], data: WriteOffReversed, order: Order) -> None:
    """Keep that a write-off no longer holds."""
    _undo(customer, "write_off", data.write_off_id, order)
    held = customer.record("write_off", data.write_off_id)
    held.ends = added(held.ends, (order, ""))


def recovered(customer: Customer[Any], data: RecoveryRecorded, order: Order) -> None:
    """Keep what came in after a write-off. It was given up: nothing is owed less by it."""
    keep(customer, "recovery", data.recovery_id, order, {"write_off": data.write_off_id, "amount": str(data.amount)})


def transferred(customer: Customer[Any], data: ReceivableTransferred, order: Order) -> None:
    """Keep that claims were sold or assigned; of two tellings the lesser order stands."""
    ledger = customer.ledger
    held = ledger.transfer(data.transfer_id)
    said = (
        sorted(set(data.transaction_ids)),
        units(data.amount),
        data.currency,
        order[0],
        data.with_recourse is not False,
    )
    if held.order is not None:
        if said != (held.documents, held.amount, held.currency, held.day, held.recourse):
            customer.contradicted(f"transfer {data.transfer_id}", order, held.order)
        if order >= held.order:
            return
    marks: list[Marked] = [("document", ledger.document(name).id) for name in {*said[0], *held.documents}]
    found = ledger.before(marks)
    held.order, (held.documents, held.amount, held.currency, held.day, held.recourse) = order, said
    for name in held.documents:
        document = ledger.document(name)
        document.transfers = link(document.transfers, held.id)
    ledger.after(found)


def repurchased(customer: Customer[Any], data: ReceivableRepurchased, order: Order) -> None:
    """Keep that transferred claims came back; it may be told before the transfer."""
    ledger = customer.ledger
    held = ledger.transfer(data.transfer_id)
    found = ledger.before([("document", name) for name in held.documents])
    for name in data.transaction_ids or ("",):
        held.back = added(held.back, (order[0], name))
    ledger.after(found)


def _settle(
    customer: Customer[Any],
    kind: str,
    id: str,
    to: list[tuple[str, int]],
    order: Order,
    *,
    holder: str | None = None,
    currency: str = "",
) -> None:
    """Keep that documents were settled without money, out of a holder that nothing else takes from."""
    ledger = customer.ledger
    settlement = ledger.settlement(f"{kind}\0{id}")
    name, source = ledger.holder(holder or kind, id)
    if settlement.order is not None:
        if (name, to, order[0]) != (settlement.holder, settlement.to, settlement.day):
            customer.contradicted(f"{kind} {id}", order, settlement.order)
        if order >= settlement.order:
            return
    apply(ledger, settlement, source, to, order, is_payment=False, currency=currency)


def _undo(customer: Customer[Any], kind: str, id: str, order: Order) -> None:
    ledger = customer.ledger
    settlement = ledger.settlement(f"{kind}\0{id}")
    marks: list[Marked] = [("document", to) for to, _ in settlement.to]
    found = ledger.before(marks + ([("credit", settlement.holder)] if settlement.holder else []))
    settlement.undone = earlier(settlement.undone, order[0])
    ledger.after(found)
