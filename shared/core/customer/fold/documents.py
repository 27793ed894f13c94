"""Facts about documents: recorded, amended, accepted, cancelled, disputed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shared.core.customer.fold.marking import ALL, added, earlier, link, ordinal, place_of
from shared.core.customer.state import Customer
from shared.core.events.dispute import DisputeClosed, DisputeOpened
from shared.core.events.transaction import (
    Terms,
    TransactionAccepted,
    TransactionAmended,
    TransactionCancelled,
    TransactionRecorded,
    TransactionTermsChanged,
)
from shared.core.ledger.dependents import Marked
from shared.core.ledger.documents import INVOICING, NOTHING, Line, Order, Term, units


def days_of(terms: Terms) -> Term:
    """*terms* as the ledger keeps them."""
    return Term(days=terms.days, starts=terms.starts, cut_off=terms.cut_off_day or 0)


def agree(customer: Customer[Any], contract: str, order: Order, term: Term) -> None:
    """Keep *term* of *contract*, empty for the customer's own: it stands in where a document says none (contracts D3).

    Costs a look at every document, and the facts about those that it is for.
    """
    ledger = customer.ledger
    told = ledger.agreed.get(contract, [])
    before = next((held for on, held in reversed(told) if on < order), None)
    marks: list[Marked] = []
    if before != term:  # said again, every night for example, it moves nothing
        since = order[0] if before is not None else 0
        marks = [
            ("document", one.id)
            for one in ledger.documents.values()
            if one.term is None and one.booked >= since and contract in {"", one.contract}
        ]
    found = ledger.before(marks)
    ledger.agreed[contract] = added(told, (order, term), key=lambda entry: entry[0])
    ledger.after(found)


def _term(data: Any) -> Term | None:
    if data.due_on is not None:
        return Term(due=data.due_on.toordinal())
    if data.terms is not None:
        return days_of(data.terms)
    if data.schedule is not None:
        slices = [(i.kind, units(i.amount), ordinal(i.due_on), i.trigger or "") for i in data.schedule]
        return Term(slices=slices)
    return None


def _lines(data: TransactionRecorded) -> list[Line]:
    """The lines of an invoice, added up by product class and unit.

    Where one line alone says no amount, it is what the others leave of the document's; where several say none, theirs are
    not known and count 0.
    """
    if not data.lines or data.kind not in INVOICING:
        return []
    silent = sum(1 for line in data.lines if line.amount is None)
    left = data.amount - sum(line.amount for line in data.lines if line.amount is not None)
    found: dict[tuple[str, str], tuple[Decimal, int]] = {}
    for line in data.lines:
        amount = line.amount if line.amount is not None else left if silent == 1 and left > 0 else Decimal(0)
        which = (line.product_class, line.unit or "")
        quantity, held = found.get(which, (Decimal(0), 0))
        found[which] = (quantity + (line.quantity or 0), held + units(amount))
    return [(name, unit, format(quantity, "f"), held) for (name, unit), (quantity, held) in found.items()]


def recorded(customer: Customer[Any], data: TransactionRecorded, order: Order) -> None:
    """Keep a document; of two recordings the lesser order stands, and other content is a contradiction."""
    ledger = customer.ledger
    if data.company:
        customer.companies.add(data.company)
    held = ledger.document(data.transaction_id)
    takes = [(part.transaction_id, units(part.amount)) for part in data.consumes] if data.consumes else NOTHING
    replaces = data.replaces if data.replaces and data.replaces != held.id else ""
    discount = (data.discount.until.toordinal(), str(data.discount.rate)) if data.discount else None
    lines = (_lines(data) if data.lines else []) or NOTHING
    said = (data.kind, data.currency, units(data.amount), data.booked_on.toordinal(), _term(data), takes)
    more = (replaces, discount, lines, place_of(data), data.contract_id or "")
    if held.order is not None:
        was = (held.kind, held.currency, held.amount, held.booked, held.term, held.takes or NOTHING)
        if (said, more) != (was, (held.replaces, held.discount, held.lines or NOTHING, held.place, held.contract)):
            customer.contradicted(f"document {data.transaction_id}", order, held.order)
        if order >= held.order:
            return
    marks: list[Marked] = [("document", held.id)]
    for to, _ in takes:
        marks.append(("document", ledger.document(to).id))
    if replaces or held.replaces:
        marks += [("document", ledger.document(old).id) for old in {replaces, held.replaces} - {""}]
    found = ledger.before(marks)
    held.kind, held.currency, held.amount, held.booked, held.term, held.takes = said
    held.order, (held.replaces, held.discount, held.lines, held.place, held.contract) = order, more
    for to, _ in takes:
        linked = ledger.document(to)
        linked.takers = link(linked.takers, held.id)
    if replaces:
        linked = ledger.document(replaces)
        linked.replacers = link(linked.replacers, held.id)
    ledger.after(found)


def amended(customer: Customer[Any], data: TransactionAmended, order: Order) -> None:
    """Keep a new amount from its day on."""
    held = customer.ledger.document(data.transaction_id)
    found = customer.ledger.before([("document", held.id)])
    held.amended = added(held.amended, (order, order[0], units(data.amount)))
    customer.ledger.after(found)


def accepted(customer: Customer[Any], data: TransactionAccepted, order: Order) -> None:
    """Keep when the goods or the work were accepted."""
    held = customer.ledger.document(data.transaction_id)
    found = customer.ledger.before([("document", held.id)])
    held.accepted = added(held.accepted, (order, data.accepted_on.toordinal()))
    customer.ledger.after(found)


def cancelled(customer: Customer[Any], data: TransactionCancelled, order: Order) -> None:
    """Keep that so much, or all, no longer counts."""
    held = customer.ledger.document(data.transaction_id)
    found = customer.ledger.before([("document", held.id)])
    held.cancelled = added(held.cancelled, (order[0], ALL if data.amount is None else units(data.amount)))
    customer.ledger.after(found)


def terms_changed(customer: Customer[Any], data: TransactionTermsChanged, order: Order) -> None:
    """Keep other terms from their day on."""
    held = customer.ledger.document(data.transaction_id)
    found = customer.ledger.before([("document", held.id)])
    term = _term(data)
    if term is not None:
        held.terms = added(held.terms, (order, order[0], term), key=lambda entry: entry[0])
    customer.ledger.after(found)


def dispute_opened(customer: Customer[Any], data: DisputeOpened, order: Order) -> None:
    """Keep a dispute and link it to its document."""
    ledger = customer.ledger
    document = ledger.document(data.transaction_id)
    held = ledger.dispute(data.dispute_id)
    said = (document.id, data.opened_on.toordinal(), units(data.amount))
    if held.order is not None and said != (held.document, held.opened, held.amount):
        customer.contradicted(f"dispute {data.dispute_id}", order, held.order)
    found = ledger.before([("document", one) for one in {document.id, held.document} - {""}])
    if held.order is None or order < held.order:
        held.order = order
        held.document, held.opened, held.amount = said
    document.disputes = link(document.disputes, data.dispute_id)
    ledger.after(found)


def dispute_closed(customer: Customer[Any], data: DisputeClosed, order: Order) -> None:
    """Keep when a dispute ended; it may be told before it was opened."""
    ledger = customer.ledger
    held = ledger.dispute(data.dispute_id)
    found = ledger.before([("document", held.document)] if held.document else [])
    held.closed = earlier(held.closed, data.closed_on.toordinal())
    ledger.after(found)
