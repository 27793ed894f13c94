"""Payment habits: how early, by what, by whom, and how much at most. Formulas and examples: docs/measures.md."""

from __future__ import annotations

from decimal import Decimal

from services.rating.core.measures.payment import settled_before
from services.rating.core.measures.reading import Params, Reader, ratio
from shared.core.ledger.days import window_start
from shared.core.ledger.experience import EXPERIENCE, FINE, index_points
from shared.core.ledger.position import CASHED, COLLECTED, OTHERS

_LEAST = 3
"""Fewer experiences say nothing (features 5.2)."""


def payment_index(r: Reader, p: Params) -> Decimal | None:
    """Σ(amount × points) ÷ Σ amount, of what was settled in the window and what is overdue now.

    100 points: 30 days early, 90: 20 days early or with a discount taken, 80: to the day, 70: 15 days late, 60: 22, 50: 30,
    40: 60, 30: 90, 20: 120; straight lines between. None below three experiences.
    """
    amount, _, _, points, count, _, _ = _experiences(r, p)
    open_amounts, open_points = [], []
    for position in r.positions:
        opened = position.opens[0]
        late = [due for due in opened.dues if 0 < due < r.day]
        open_amounts.append(sum(opened.totals[due] for due in late))
        open_points.append(sum(opened.totals[due] * index_points(r.day - due) for due in late))
        count += sum(len(opened.items[due]) for due in late)
    amount, points = amount + r.total(open_amounts), points + r.total(open_points)
    return ratio(points, amount * FINE) if count >= _LEAST and amount > 0 else None


def _experiences(r: Reader, p: Params) -> list[int]:
    return r.lanes(CASHED, p.window, EXPERIENCE, (4,))


def days_to_pay(r: Reader, p: Params) -> Decimal | None:
    """Σ(amount × days from booking to payment) ÷ Σ amount, of what was settled in the window; a bill pays when received."""
    amount, _, weighted, *_ = _experiences(r, p)
    return ratio(weighted, amount) if amount else None


def days_to_cash(r: Reader, p: Params) -> Decimal | None:
    """Σ(amount × days from booking to money) ÷ Σ amount, of what was settled in the window; bills with their term (G-32)."""
    amount, weighted, *_ = _experiences(r, p)
    return ratio(weighted, amount) if amount else None


def discount_taken_ratio(r: Reader, p: Params) -> Decimal | None:
    """Of what was settled in the window on invoices that offered a cash discount, the share that took one."""
    *_, taken, offered = _experiences(r, p)
    return ratio(min(taken, offered), offered) if offered else None


def early_payment_note(r: Reader, p: Params) -> bool | None:
    """At least 80 % of the amount settled in three months came 5 days early or more, without a cash discount, and on average
    10 days earlier than in the six months before (RM-22.08).

    None where either has no payments.
    """
    amount, _, signed, early = r.settled(Params(window="3m", lens=p.lens))
    before = settled_before(r, p.lens, "3m", "6m")
    if not amount or not before[0]:
        return None
    earlier = ratio(before[2], before[0]) - ratio(signed, amount)
    return early * 5 >= amount * 4 and earlier >= 10


def high_credit(r: Reader, p: Params) -> Decimal:
    """The highest balance at the end of any day in the window, foreign amounts at today's rate."""
    low = window_start(r.day, p.window)
    for position in r.positions:
        position.balance.window(r.day, p.window)  # so that the path looks when a day leaves the window
    level = [position.opens[0].total for position in r.positions]
    changed = {day for position in r.positions for day in position.balance.days if low < day <= r.day}
    highest = r.total(level)
    for day in sorted(changed, reverse=True):
        highest = max(highest, r.total(level))
        level = [held - q.balance.days.get(day, 0) for held, q in zip(level, r.positions, strict=True)]
    if p.window and low + 1 not in changed:
        highest = max(highest, r.total(level))
    return r.money(highest)


def last_payment_days(r: Reader, _: Params) -> int | None:
    """Days since money last came in that was not taken back; None where none ever did."""
    last = _last_payment(r)
    return r.day - last if last else None


def last_payment_amount(r: Reader, _: Params) -> Decimal | None:
    """What came in on the day of the last payment; None where nothing ever did."""
    last = _last_payment(r)
    return r.money(r.total([q.flow(COLLECTED).days.get(last, 0) for q in r.positions])) if last else None


def _last_payment(r: Reader) -> int:
    return max((keys[-1] for q in r.positions if (keys := q.flow(COLLECTED).keys)), default=0)


def third_party_ratio(r: Reader, p: Params) -> Decimal | None:
    """Of the money received in the window, the share that another than the customer paid; None where none came."""
    return _share_received(r, p, 0)


def bill_ratio(r: Reader, p: Params) -> Decimal | None:
    """Of the money received in the window, the share that came as bills; None where none came."""
    return _share_received(r, p, 1)


def _share_received(r: Reader, p: Params, lane: int) -> Decimal | None:
    received = r.flow(COLLECTED, p.window)
    return ratio(r.lanes(OTHERS, p.window, 2)[lane], received) if received > 0 else None
