"""Where the money of a payment is, as it changed over time, and what a payment itself adds."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from shared.core.ledger.bills import Void
from shared.core.ledger.days import FAR
from shared.core.ledger.documents import CREDITS, Deposit, Document, Lot, Order, Payment, Refund, Settlement
from shared.core.ledger.lanes import pack
from shared.core.ledger.position import COLLECTED, OTHERS, SCALAR, Posting
from shared.core.ledger.sight import changes_of, gross

SECURITY = "security"
"""The purpose of what is no payment and yet settles as far as it goes: a deposit, a bill booked as no payment."""

Taken = tuple[int, list[tuple[str, Lot, int]]]
"""(units of no document, (settlement, lot, units) of each document that some was taken from)."""


def lots_of(
    payment: Payment,
    settlements: list[Settlement],
    refunds: list[Refund],
    changes: Sequence[tuple[int, int]] = (),
    voids: Sequence[Void] = (),
) -> dict[str, list[Lot]]:
    """Where the money of *payment* is, by document, as it changed over time.

    Allocations beyond the amount count only as far as the money goes, in order. A reversal, or one of *changes* (day,
    units more or less) of a credit, takes unallocated money first, then allocations, the latest first. So does a bill that
    is not honoured, and where it is honoured after all, what it took comes back. Until the payment is recorded nothing
    counts; a deposit, of which no document tells, is bounded by the documents it is set against alone.
    """
    if len(payment.allocations) == 1 and not (settlements or refunds or payment.reversals or voids):
        to, amount, discount = payment.allocations[0]
        step = (payment.paid, min(amount, payment.amount), discount)
        return {to: [Lot(payment.id, payment.paid, payment.cash_on, pool_of(payment), [step])]}
    purse = _Purse(payment)
    for to, amount, discount in payment.allocations:
        purse.allocate(payment.paid, to, amount, discount, "")
    for day, kind, name, settlement, amount in _steps(payment, settlements, refunds, changes, voids):
        on = max(day, payment.paid)
        if kind == _APPLY and settlement is not None:
            for to, part in settlement.to:
                purse.allocate(on, to, part, 0, settlement.id)
        elif kind == _UNDO:
            purse.undo(on, name)
        elif kind == _REVERSE:
            purse.take_back(on, payment.amount if amount < 0 else amount)
        elif kind == _MORE:
            purse.left += amount
        elif kind == _VOID:
            purse.void[name] = purse.take_back(on, amount)
        elif kind == _STAND:
            purse.give_back(on, purse.void.pop(name))
        else:
            purse.left -= min(amount, purse.left)
    return purse.lots


class _Purse:
    """The money of one payment while what happened to it is gone through."""

    def __init__(self, payment: Payment) -> None:
        """All of it is on no document."""
        self.payment, self.pool = payment, pool_of(payment)
        self.left = payment.amount
        self.lots: dict[str, list[Lot]] = {}
        self.held: list[tuple[str, Lot]] = []
        """(settlement, lot), in the order in which they came."""
        self.undone: set[str] = set()
        self.void: dict[str, Taken] = {}
        """Bill → what is missing because it does not stand."""

    def allocate(self, day: int, to: str, amount: int, discount: int, settlement: str) -> None:
        payment = self.payment
        counted = amount if payment.order is None else min(amount, self.left)
        self.left -= counted
        lot = Lot(payment.id, payment.paid or day, payment.cash_on or day, self.pool, [(day, counted, discount)])
        self.lots.setdefault(to, []).append(lot)
        self.held.append((settlement, lot))

    def undo(self, day: int, settlement: str) -> None:
        self.undone.add(settlement)
        for owner, lot in self.held:
            if owner == settlement:
                self.left += lot.steps[-1][1]
                lot.steps.append((day, 0, 0))

    def take_back(self, day: int, amount: int) -> Taken:
        free = min(amount, self.left)
        self.left -= free
        back, found = amount - free, []
        for settlement, lot in reversed(self.held):
            counted = lot.steps[-1][1]
            taken = min(back, counted)
            if taken:
                back -= taken
                lot.steps.append((day, counted - taken, 0))
                found.append((settlement, lot, taken))
        return free, found

    def give_back(self, day: int, taken: Taken) -> None:
        self.left += taken[0]
        for settlement, lot, units in taken[1]:
            if settlement in self.undone:
                self.left += units
            else:
                lot.steps.append((day, lot.steps[-1][1] + units, 0))


def ended(lots: list[Lot], day: int) -> list[Lot]:
    """*lots* as they are before *day*; from then on none counts."""
    if day >= FAR:
        return lots
    before = [(lot, [step for step in lot.steps if step[0] < day]) for lot in lots]
    return [structs.replace(lot, steps=[*steps, (day, 0, 0)]) for lot, steps in before if steps]


def as_credit(note: Document, used: Payment) -> tuple[Payment, list[tuple[int, int]]]:
    """The credit note *note* as money that the settlements of *used* take from: its amount, less what it consumes itself.

    With it, what amendments and cancellations add or take later: (day, units).
    """
    own = sum(units for _, units in note.takes)
    days = sorted({max(day, note.booked) for day in changes_of(note)})
    amounts = [max(0, gross(note, day) - own) for day in days]
    changes = [(day, now - was) for day, was, now in zip(days[1:], amounts, amounts[1:], strict=False) if now != was]
    money = Payment(
        used.id,
        amount=amounts[0],
        currency=note.currency,
        paid=note.booked,
        order=note.order,
        purpose="credit",
        settlements=used.settlements,
    )
    return money, changes


_POOLS = {"prepayment": "prepayments", "credit": "credit", SECURITY: ""}


def pool_of(payment: Payment) -> str:
    """The sum that money of *payment* waits in until it is on a document; empty for a deposit or bill, which has none."""
    if payment.order is None:
        return ""
    return _POOLS.get(payment.purpose, "cash")


_APPLY, _UNDO, _REVERSE, _REFUND, _MORE, _STAND, _VOID = 1, 2, 3, 4, 5, 6, 7
"""In this order on one day: a bill of which another part is void stands again as a whole before it does not."""


def _steps(
    payment: Payment,
    settlements: list[Settlement],
    refunds: list[Refund],
    changes: Sequence[tuple[int, int]],
    voids: Sequence[Void],
) -> list[tuple[int, int, str, Settlement | None, int]]:
    """(day, kind, name, settlement, units) of what happened to *payment* after it was made, in one order for ever."""
    steps: list[tuple[int, int, str, Settlement | None, int]] = []
    for settlement in settlements:
        if settlement.order is not None:
            steps.append((settlement.day, _APPLY, settlement.id, settlement, 0))
            if settlement.undone:
                steps.append((max(settlement.undone, settlement.day), _UNDO, settlement.id, settlement, 0))
    steps += [(day, _REVERSE, "\0".join(order[2:]), None, amount) for day, amount, _, order in payment.reversals]
    steps += [(day, _MORE if units > 0 else _REVERSE, "", None, abs(units)) for day, units in changes]
    steps += [(refund.day, _REFUND, refund.id, None, refund.amount) for refund in refunds]
    steps += [(day, _VOID if units < 0 else _STAND, bill, None, abs(units)) for day, bill, units in voids]
    steps.sort(key=lambda step: (step[0], step[1], step[2], step[4]))
    return steps


def payment_postings(payment: Payment, voids: Sequence[Void] = ()) -> list[Posting]:
    """What a payment adds to cash received and to money not yet on any document (which documents then take from).

    *voids* are those of the bills that it was paid with.
    """
    pool = pool_of(payment)
    result: list[Posting] = [
        (payment.paid, COLLECTED, payment.paid, payment.amount),
        (payment.paid, SCALAR, pool, payment.amount),
    ]
    if not (payment.reversals or voids or payment.by_other or payment.by_bill):
        return result
    for on, units in _corrections(payment, voids):
        result.append((on, COLLECTED, payment.paid, units))
        result.append((on, SCALAR, pool, units))
    if payment.by_other or payment.by_bill:
        result += [
            (on, OTHERS, paid, pack(units * payment.by_other, units * payment.by_bill))
            for on, family, paid, units in list(result)
            if family == COLLECTED
        ]
    result.sort(key=lambda posting: posting[0])
    return result


def _corrections(payment: Payment, voids: Sequence[Void]) -> list[tuple[int, int]]:
    """(day, units more or less) of *payment*: what was reversed or not honoured, and what was honoured after all."""
    steps: list[tuple[int, int, Order, str, int]] = [
        (day, 0, order, "", amount) for day, amount, _, order in payment.reversals
    ]
    steps += [(day, 1, (0, 0, bill, ""), bill, units) for day, bill, units in voids]
    left, void, found = payment.amount, dict[str, int](), []
    for day, _, _, bill, units in sorted(steps, key=lambda step: step[:3]):
        if bill and units > 0:
            more = void.pop(bill)
        else:
            more = -min(abs(units), left) if bill or units >= 0 else -left
            if bill:
                void[bill] = -more
        left += more
        if more:
            found.append((max(day, payment.paid), more))
    return found


def refund_postings(refund: Refund, payment: Payment | None, credit: Document | None) -> list[Posting]:
    """What a refund takes: from the pool of its payment, from credits where it pays back one, else from cash.

    Before its payment or credit is there, it takes from cash.
    """
    if refund.order is None:
        return []
    pool, since = "cash", 0
    if payment is not None and payment.order is not None:
        pool, since = pool_of(payment), payment.paid
    elif credit is not None and credit.order is not None and credit.kind in CREDITS:
        pool, since = "credit", credit.booked
    if pool == "cash" or since <= refund.day:
        return [(refund.day, SCALAR, pool, -refund.amount)]
    return [
        (refund.day, SCALAR, "cash", -refund.amount),
        (since, SCALAR, "cash", refund.amount),
        (since, SCALAR, pool, -refund.amount),
    ]


def refunded_deposit(refund: Refund, deposit: Deposit) -> list[Posting]:
    """What paying back a deposit takes from cash: nothing, from the day on which the deposit is there."""
    if refund.order is None or deposit.day <= refund.day:
        return []
    return [(refund.day, SCALAR, "cash", -refund.amount), (deposit.day, SCALAR, "cash", refund.amount)]
