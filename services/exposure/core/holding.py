"""What a customer's exposure consists of on one day, in one currency: sums by category and place, and what every open
document adds to them."""

from __future__ import annotations

from shared.core.ledger.documents import Place
from shared.core.ledger.position import Posting

ORDERS, LATER, DELIVERED, NOT_DUE, OVERDUE = "orders", "orders_later", "delivered", "not_due", "overdue"
RETENTION, CONSIGNMENT, ADVANCE, BILLS = "retention", "consignment", "advance_funding", "bills"
CONTINGENT, GUARANTEES, SPECIAL = "contingent", "guarantees", "special"

CATEGORIES = (
    ORDERS, LATER, DELIVERED, NOT_DUE, OVERDUE, RETENTION, CONSIGNMENT, ADVANCE, BILLS, CONTINGENT, GUARANTEES, SPECIAL
)  # fmt: skip
"""What may be exposure. Orders beyond the credit horizon are kept apart from the others, so that they can be shown."""

UNALLOCATED, PREPAYMENTS, DEPOSITS, CREDIT_NOTES = "unallocated", "prepayments", "deposits", "credit_notes"

APART = (UNALLOCATED, PREPAYMENTS, DEPOSITS, CREDIT_NOTES)
"""What speaks for the customer. It is shown beside exposure and taken off it only where the rules say so."""

LARGE_BANK, BANK = "large_bank", "bank"
"""Acceptors whose paper weighs less (LT-61.01): written after its category, as in `bills/bank`."""

Sum = tuple[str, Place]
"""(category, place). The category of paper is followed by the class of its acceptor, where it is a bank."""

NAMED = "\0"


def named(kind: str, id: str) -> str:
    """How something that is no document is called among documents: no id of a document holds a NUL."""
    return f"{kind}{NAMED}{id}"


def category_of(key: str) -> str:
    """The category without the class of its paper."""
    return key.partition("/")[0]


class Holding:
    """Units of 10⁻⁴ of one currency. Nothing that adds up to 0 is kept, so it costs what is open and no history."""

    __slots__ = ("open", "sums")

    def __init__(self) -> None:
        """Nothing is open."""
        self.sums: dict[Sum, int] = {}
        self.open: dict[str, dict[str, int]] = {}
        """Document (or what `named` calls something else) → category → units."""

    def post(self, posting: Posting, sign: int) -> None:
        """Add (*sign* 1) or take away (−1) one posting: (effect day, 0, (category, place), (units, document))."""
        _, _, key, (units, name) = posting
        if not units:
            return
        units *= sign
        if left := self.sums.get(key, 0) + units:
            self.sums[key] = left
        else:
            del self.sums[key]
        category = key[0]
        held = self.open.get(name)
        if held is None:
            self.open[name] = {category: units}
            return
        if left := held.get(category, 0) + units:
            held[category] = left
            return
        del held[category]
        if not held:
            del self.open[name]
