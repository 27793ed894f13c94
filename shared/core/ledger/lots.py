"""Where the money of a payment is, as it changed over time, and what a payment itself adds."""

from __future__ import annotations

from collections.abc import Sequence

from shared.core.ledger.documents import CREDITS, Document, Lot, Payment, Refund, Settlement
from shared.core.ledger.lanes import pack
from shared.core.ledger.position import COLLECTED, OTHERS, SCALAR, Posting
from shared.core.ledger.sight import changes_of, gross


def lots_of(
    payment: Payment, settlements: list[Settlement], refunds: list[Refund], changes: Sequence[tuple[int, int]] = ()
) -> dict[str, list[Lot]]:
    """Where the money of *payment* is, by document, as it changed over time.

    Allocations beyond the amount count only as far as the money goes, in order. A reversal, or one of *changes* (day,
    units more or less) of a credit, takes unallocated money first, then allocations, the latest first. Until the payment
    is recorded nothing counts; a deposit, of which no document tells, is bounded by the documents it is set against alone.
    """
    lots: dict[str, list[Lot]] = {}
    boundless = payment.order is None
    pool = pool_of(payment)
    if len(payment.allocations) == 1 and not (settlements or refunds or payment.reversals):
        to, amount, discount = payment.allocations[0]
        step = (payment.paid, min(amount, payment.amount), discount)
        return {to: [Lot(payment.id, payment.paid, payment.cash_on, pool, [step])]}
    held: list[tuple[str, Lot]] = []
    left = payment.amount

    def allocate(day: int, to: str, amount: int, discount: int, settlement: str) -> None:
        nonlocal left
        counted = amount if boundless else min(amount, left)
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
    for day, kind, settlement, amount in _steps(payment, settlements, refunds, changes):
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
        elif kind == _MORE:
            left += amount
        else:
            left -= min(amount, left)
    return lots


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


_POOLS = {"prepayment": "prepayments", "credit": "credit"}


def pool_of(payment: Payment) -> str:
    """The sum that money of *payment* waits in until it is on a document; empty for a deposit or bill, which has none."""
    if payment.order is None:
        return ""
    return _POOLS.get(payment.purpose, "cash")


_APPLY, _UNDO, _REVERSE, _REFUND, _MORE = 1, 2, 3, 4, 5


def _steps(
    payment: Payment, settlements: list[Settlement], refunds: list[Refund], changes: Sequence[tuple[int, int]]
) -> list[tuple[int, int, Settlement | None, int]]:
    """(day, kind, settlement, units) of what happened to *payment* after it was made, in one order for ever."""
    steps: list[tuple[int, int, str, Settlement | None, int]] = []
    for settlement in settlements:
        if settlement.order is not None:
            steps.append((settlement.day, _APPLY, settlement.id, settlement, 0))
            if settlement.undone:
                steps.append((max(settlement.undone, settlement.day), _UNDO, settlement.id, settlement, 0))
    steps += [(day, _REVERSE, "\0".join(order[2:]), None, amount) for day, amount, _, order in payment.reversals]
    steps += [(day, _MORE if units > 0 else _REVERSE, "", None, abs(units)) for day, units in changes]
    steps += [(refund.day, _REFUND, refund.id, None, refund.amount) for refund in refunds]
    steps.sort(key=lambda step: (step[0], step[1], step[2], step[4]))
    return [(day, kind, settlement, amount) for day, kind, _, settlement, amount in steps]


def payment_postings(payment: Payment) -> list[Posting]:
    """What a payment adds to cash received and to money not yet on any document (which documents then take from)."""
    pool = pool_of(payment)
    result: list[Posting] = [
        (payment.paid, COLLECTED, payment.paid, payment.amount),
        (payment.paid, SCALAR, pool, payment.amount),
    ]
    if not (payment.reversals or payment.by_other or payment.by_bill):
        return result
    left = payment.amount
    for day, amount, _, _ in sorted(payment.reversals, key=lambda reversal: (reversal[0], reversal[3])):
        back = left if amount < 0 else min(amount, left)
        left -= back
        on = max(day, payment.paid)
        if back:
            result.append((on, COLLECTED, payment.paid, -back))
            result.append((on, SCALAR, pool, -back))
    if payment.by_other or payment.by_bill:
        result += [
            (on, OTHERS, paid, pack(units * payment.by_other, units * payment.by_bill))
            for on, family, paid, units in list(result)
            if family == COLLECTED
        ]
    result.sort(key=lambda posting: posting[0])
    return result


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
