"""What the books know of an order: whether it came, what took over from it, what of a reservation it has used up."""

from __future__ import annotations

from services.exposure.core.records import Reservation
from services.exposure.core.state import Account
from shared.core.ledger.documents import CREDITS, Document
from shared.core.ledger.sight import gross, taken


def counted(one: Reservation, account: Account, day: int) -> int:
    """What of a reservation its order has not used up, in its own currency.

    Made before the order was booked: all of it until the order is, less what was delivered meanwhile. Made for an order that
    grew: what it grew by, until the books know.
    """
    documents = account.ledger.documents
    held = documents.get(one.order_id)
    if held is not None and _is_replaced(held, account, day):
        return 0
    if one.base >= 0:
        before = documents.get(one.base_order or one.order_id)
        if one.base_order and held is not None and is_booked(held, day):
            return 0
        if before is None or gross(before, day) != one.base:
            return 0
        used = delivered(
            before, account, day
        )  # of what was delivered, as much as the books show of the order is exposure
        return max(0, one.amount - used) - max(0, one.base - used)
    if held is None:
        return one.amount
    if is_booked(held, day):
        return 0
    return max(0, one.amount - delivered(held, account, day))


def delivered(order: Document, account: Account, day: int) -> int:
    """What deliveries and invoices took of *order* so far, in its own currency."""
    documents = account.ledger.documents
    return sum(taken(documents[name], order.id, day, documents) for name in order.takers)


def is_booked(document: Document, day: int) -> bool:
    """Whether *document* itself was recorded by *day*."""
    return document.order is not None and document.booked <= day


def _is_replaced(document: Document, account: Account, day: int) -> bool:
    """Whether the order came under another number, which says so."""
    documents = account.ledger.documents
    return document.order is None and any(is_booked(documents[name], day) for name in document.replacers)


def chain_of(order: str, documents: dict[str, Document]) -> frozenset[str]:
    """*order* and every document that took over from it: deliveries, invoices, re-issues."""
    found, waiting = {order}, [order]
    while waiting:
        held = documents.get(waiting.pop())
        for name in (*held.takers, *held.replacers) if held is not None else ():
            if name not in found and documents[name].kind not in CREDITS:
                found.add(name)
                waiting.append(name)
    return frozenset(found)
