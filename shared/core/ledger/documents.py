"""The documents of a ledger as the facts about them: nothing is concluded here, so nothing depends on arrival order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

UNIT = 4
"""Amounts are whole numbers of 10⁻⁴ of the currency: every ISO 4217 currency fits, and sums are exact and fast."""

_UNITS = Decimal(10) ** UNIT

Order = tuple[int, int, str, str]
"""(business day, microseconds of `time`, source, id): where facts compete, the greatest holds; of two recordings of one
document, the least stands."""

RECEIVABLES = frozenset({"opening_balance", "invoice", "debit_note", "retention", "interest", "fee"})
CREDITS = frozenset({"credit_note", "rebate", "quality_claim", "return"})
INVOICING = frozenset({"invoice", "debit_note"})


NOTHING: Any = ()
"""Of most documents most lists stay empty, so a list is made when something is put into it (`fold.marking.added`)."""


class Place(NamedTuple):
    """Where in our own house a document or a payment belongs; sub-limits read it. Empty texts where it was not told."""

    company: str = ""
    segment: str = ""
    product_group: str = ""
    salesperson: str = ""
    region: str = ""


NOWHERE = Place()
"""The one place of everything of which none was told."""


class Term(msgspec.Struct, array_like=True, gc=False):
    """When a document falls due: a date, or days from an event, or slices."""

    due: int = 0
    days: int = 0
    starts: str = ""
    cut_off: int = 0
    slices: list[tuple[str, int, int, str]] = []
    """(kind, units, due ordinal or 0, trigger)"""


class Dispute(msgspec.Struct, array_like=True, gc=False):
    """One dispute about one document. `order` is None until it is opened."""

    document: str = ""
    opened: int = 0
    amount: int = 0
    order: Order | None = None
    closed: int = 0
    """The first day on which it was told to be closed."""


Agreed = tuple[Order, Term]
"""Terms of payment as one fact told them."""

Line = tuple[str, str, str, int]
"""(product class, unit, quantity, units of the amount): the lines of one document of one class in one unit, added up."""


class Document(msgspec.Struct, array_like=True, gc=False):
    """One transaction document and everything that was said about it. `kind` is empty until it is recorded."""

    id: str
    kind: str = ""
    currency: str = ""
    amount: int = 0
    booked: int = 0
    order: Order | None = None
    term: Term | None = None
    amended: list[tuple[Order, int, int]] = NOTHING
    """(order, day, units)"""
    terms: list[tuple[Order, int, Term]] = NOTHING
    cancelled: list[tuple[int, int]] = NOTHING
    """(day, units; −1: all that is left)"""
    accepted: list[tuple[Order, int]] = NOTHING
    """(order, day), in order"""
    takes: list[tuple[str, int]] = NOTHING
    """What it consumes: (document, units)."""
    takers: list[str] = NOTHING
    payers: list[str] = NOTHING
    """Payments that settle it."""
    creditors: list[str] = NOTHING
    """Credits and deposits that were set against it later."""
    disputes: list[str] = NOTHING
    replaces: str = ""
    replacers: list[str] = NOTHING
    """Documents that say they re-issue it."""
    discount: tuple[int, str] | None = None
    """(until, rate)"""
    lines: list[Line] = NOTHING
    place: Place = NOWHERE
    transfers: list[str] = NOTHING
    """Sales and assignments of the claim that name it."""
    contract: str = ""
    """The contract under which it was made."""


class Payment(msgspec.Struct, array_like=True, gc=False):
    """One payment, or a credit or deposit used later, and where it went. `order` is None until it is recorded."""

    id: str
    amount: int = 0
    currency: str = ""
    paid: int = 0
    order: Order | None = None
    purpose: str = "settlement"
    cash_on: int = 0
    """The day it is money: bills count when they mature."""
    allocations: list[tuple[str, int, int]] = NOTHING
    """(document, units, discount)"""
    settlements: list[str] = NOTHING
    """Later settlements out of it."""
    reversals: list[tuple[int, int, str, Order]] = NOTHING
    """(day, units; −1: all, reason, order)"""
    by_other: bool = False
    """Whether another than the customer paid."""
    by_bill: bool = False
    for_order: str = ""
    """The order that a prepayment is for, where one is named."""
    place: Place = NOWHERE
    bills: list[str] = NOTHING
    """Bills that say they were booked as this payment."""


class Settlement(msgspec.Struct, array_like=True, gc=False):
    """A later settlement out of a payment or a credit. `order` is None until it is applied."""

    id: str
    holder: str = ""
    """The payment, or the credit as `kind id`."""
    day: int = 0
    to: list[tuple[str, int]] = []
    order: Order | None = None
    undone: int = 0
    """The first day on which it was told to be undone."""


class Refund(msgspec.Struct, array_like=True, gc=False):
    """Money paid back. `of` names the payment, the credit or the deposit it is of, where one is named."""

    id: str
    of: str = ""
    day: int = 0
    amount: int = 0
    currency: str = ""
    order: Order | None = None
    place: Place = NOWHERE


class Bill(msgspec.Struct, array_like=True, gc=False):
    """One bill and what happened to it. `order` is None until it is received."""

    id: str
    grade: str = ""
    """`large_bank` or `bank` where a bank accepted it, else empty (LT-61.01)."""
    amount: int = 0
    currency: str = ""
    received: int = 0
    due: int = 0
    payment: str = ""
    """The payment that it was booked as; empty: it settles what later settlements say."""
    order: Order | None = None
    place: Place = NOWHERE
    steps: list[tuple[Order, str, int, bool]] = NOTHING
    """(order, what happened, units or −1 for all, with recourse), in order"""


class Deposit(msgspec.Struct, array_like=True, gc=False):
    """Money left with us as security. `order` is None until it is received."""

    id: str
    amount: int = 0
    currency: str = ""
    day: int = 0
    order: Order | None = None
    place: Place = NOWHERE
    steps: list[tuple[Order, str, int]] = NOTHING
    """(order, `refunded` or `forfeited`, units or −1 for all that is left), in order"""


class Transfer(msgspec.Struct, array_like=True, gc=False):
    """A sale or assignment of claims. `order` is None until it is told."""

    id: str
    documents: list[str] = []
    amount: int = 0
    """Of each document at most so many units are transferred."""
    currency: str = ""
    day: int = 0
    recourse: bool = True
    order: Order | None = None
    back: list[tuple[int, str]] = NOTHING
    """(day, document that came back; empty: all of them)"""

    def away(self, document: str, day: int) -> bool:
        """Whether *document* is out of our hands on *day*."""
        if self.order is None or day < self.day or document not in self.documents:
            return False
        return not any(on <= day and name in {"", document} for on, name in self.back)


class Lot(msgspec.Struct, array_like=True, gc=False):
    """One portion of money on one document: how much of it counts from which day on."""

    payment: str
    paid: int
    cash_on: int
    pool: str
    steps: list[tuple[int, int, int]]
    """(effect day, units, discount), in order"""


def units(amount: Decimal) -> int:
    """*amount* in whole 10⁻⁴ of its currency; exact, for no currency has more decimals."""
    return int(amount * _UNITS)
