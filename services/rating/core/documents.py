"""The documents of a ledger as the facts about them: nothing is concluded here, so nothing depends on arrival order."""

from __future__ import annotations

import msgspec

UNIT = 4
"""Amounts are whole numbers of 10⁻⁴ of the currency: every ISO 4217 currency fits, and sums are exact and fast."""

Order = tuple[int, int, str, str]
"""(business day, microseconds of `time`, source, id): where facts compete, the greatest holds; of two recordings of one
document, the least stands."""

RECEIVABLES = frozenset({"opening_balance", "invoice", "debit_note", "retention", "interest", "fee"})
CREDITS = frozenset({"credit_note", "rebate", "quality_claim", "return"})
INVOICING = frozenset({"invoice", "debit_note"})


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
    close_order: Order | None = None


class Document(msgspec.Struct, array_like=True, gc=False):
    """One transaction document and everything that was said about it. `kind` is empty until it is recorded."""

    id: str
    kind: str = ""
    currency: str = ""
    amount: int = 0
    booked: int = 0
    order: Order | None = None
    term: Term | None = None
    amended: list[tuple[Order, int, int]] = []
    """(order, day, units)"""
    terms: list[tuple[Order, int, Term]] = []
    cancelled: list[tuple[int, int]] = []
    """(day, units; −1: all that is left)"""
    accepted: tuple[Order, int] | None = None
    takes: list[tuple[str, int]] = []
    """What it consumes: (document, units)."""
    takers: list[str] = []
    payers: list[str] = []
    """Payments that settle it."""
    creditors: list[str] = []
    """Credits and deposits that were set against it later."""
    disputes: list[str] = []
    replaces: str = ""
    replaced_by: str = ""
    discount: tuple[int, str] | None = None
    """(until, rate)"""


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
    allocations: list[tuple[str, int, int]] = []
    """(document, units, discount)"""
    settlements: list[str] = []
    """Later settlements out of it."""
    reversals: list[tuple[int, int, str, Order]] = []
    """(day, units; −1: all, reason, order)"""


class Settlement(msgspec.Struct, array_like=True, gc=False):
    """A later settlement out of a payment or a credit. `order` is None until it is applied."""

    id: str
    holder: str = ""
    """The payment, or the credit as `kind id`."""
    day: int = 0
    to: list[tuple[str, int]] = []
    order: Order | None = None
    undone: int = 0
    undo_order: Order | None = None


class Refund(msgspec.Struct, array_like=True, gc=False):
    """Money paid back. `of` names the payment or the credit it is of, where one is named."""

    id: str
    of: str = ""
    day: int = 0
    amount: int = 0
    currency: str = ""
    order: Order | None = None


class Lot(msgspec.Struct, array_like=True, gc=False):
    """One portion of money on one document: how much of it counts from which day on."""

    payment: str
    paid: int
    cash_on: int
    pool: str
    steps: list[tuple[int, int, int]]
    """(effect day, units, discount), in order"""


def lots_of(
    payment: Payment, settlements: list[Settlement], refunds: list[Refund], *, credit: bool
) -> dict[str, list[Lot]]:
    """Where the money of *payment* is, by document, as it changed over time.

    Allocations beyond the amount count only as far as the money goes, in order. A reversal takes unallocated money
    first, then allocations, the latest first. Until the payment is recorded nothing counts. A credit (*credit* true)
    is bounded by the documents it is set against, not by an amount of its own.
    """
    lots: dict[str, list[Lot]] = {}
    if payment.order is None and not credit:
        return lots
    if len(payment.allocations) == 1 and not (settlements or refunds or payment.reversals):
        to, amount, discount = payment.allocations[0]
        step = (payment.paid, min(amount, payment.amount), discount)
        return {to: [Lot(payment.id, payment.paid, payment.cash_on, _pool(payment, credit), [step])]}
    pool = _pool(payment, credit)
    held: list[tuple[str, Lot]] = []
    left = payment.amount

    def allocate(day: int, to: str, amount: int, discount: int, settlement: str) -> None:
        nonlocal left
        counted = amount if credit else min(amount, left)
        left -= counted
        lot = Lot(payment.id, payment.paid or day, payment.cash_on or day, pool, [(day, counted, discount)])
        lots.setdefault(to, []).append(lot)
        held.append((settlement, lot))

    def take_back(day: int, amount: int) -> None:
        nonlocal left
        free = min(amount, left)
        left -= free
        back = amount - free
        for _, lot in reversed(held):
            counted = lot.steps[-1][1]
            taken = min(back, counted)
            if taken:
                back -= taken
                lot.steps.append((day, counted - taken, 0))

    for to, amount, discount in payment.allocations:
        allocate(payment.paid, to, amount, discount, "")
    for day, kind, settlement, amount in _steps(payment, settlements, refunds):
        on = max(day, payment.paid)
        if kind == _APPLY and settlement is not None:
            for to, part in settlement.to:
                allocate(on, to, part, 0, settlement.id)
        elif kind == _UNDO and settlement is not None:
            for owner, lot in held:
                if owner == settlement.id:
                    left += lot.steps[-1][1]
                    lot.steps.append((on, 0, 0))
        elif kind == _REVERSE:
            take_back(on, payment.amount if amount < 0 else amount)
        else:
            left -= min(amount, left)
    return lots


def _pool(payment: Payment, credit: bool) -> str:
    return "credit" if credit else "prepayments" if payment.purpose == "prepayment" else "cash"


_APPLY, _UNDO, _REVERSE, _REFUND = 1, 2, 3, 4


def _steps(
    payment: Payment, settlements: list[Settlement], refunds: list[Refund]
) -> list[tuple[int, int, Settlement | None, int]]:
    """(day, kind, settlement, units) of what happened to *payment* after it was made, in one order for ever."""
    steps: list[tuple[int, int, str, Settlement | None, int]] = []
    for settlement in settlements:
        if settlement.order is not None:
            steps.append((settlement.day, _APPLY, settlement.id, settlement, 0))
            if settlement.undone:
                steps.append((max(settlement.undone, settlement.day), _UNDO, settlement.id, settlement, 0))
    steps += [(day, _REVERSE, "\0".join(order[2:]), None, amount) for day, amount, _, order in payment.reversals]
    steps += [(refund.day, _REFUND, refund.id, None, refund.amount) for refund in refunds]
    steps.sort(key=lambda step: (step[0], step[1], step[2], step[4]))
    return [(day, kind, settlement, amount) for day, kind, _, settlement, amount in steps]
