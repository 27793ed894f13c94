"""What a customer buys: relation, trend, turnover. Sales are invoices and debit notes, by booking date."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from services.rating.core.days import month_index, months_before, months_between
from services.rating.core.lanes import unpack
from services.rating.core.measures.payment import due_documents
from services.rating.core.measures.reading import Params, Reader, ratio
from services.rating.core.position import BOOKED, PAID

_THREE = "3m"
_YEAR = Params(window="12m")


def relationship_months(r: Reader, _: Params) -> int | None:
    """Completed months since the first credit sale, or since the account was opened where that is earlier."""
    first = r.first_sale()
    opened = r.state.attribute("opened_on", r.day)
    if opened and opened <= r.day:
        first = min(first, opened) if first else opened
    return months_between(first, r.day) if first else None


def trading_months(r: Reader, _: Params) -> int | None:
    """Completed months since the first credit sale, the first invoice or debit note (G-04)."""
    first = r.first_sale()
    return months_between(first, r.day) if first else None


def new_customer(r: Reader, _: Params) -> bool:
    """Less than 6 months since the first credit sale, or fewer facts than G-04 (G-05)."""
    first = r.first_sale()
    if not first or months_between(first, r.day) < 6:
        return True
    return due_documents(r, _YEAR) < 3


def sales_trend(r: Reader, _: Params) -> Decimal | None:
    """Sales of the last three months against the same months a year ago, less 1: −0.1 is ten per cent down (P8).

    None where there were none a year ago.
    """
    year_ago = months_before(r.day, 12)
    now = r.flow(BOOKED, _THREE)
    before = r.total([p.flow(BOOKED).window(year_ago, _THREE, "-1y") for p in r.positions])
    return ratio(now, before) - 1 if before > 0 else None


def turnover_falling(r: Reader, _: Params) -> bool | None:
    """Three full months, each below the one before, in all by 20 % or more, and each below last year's (RM-18.06).

    None in the first 16 months, when there is no last year to compare with.
    """
    first = r.first_sale()
    this = month_index(r.day)
    if not first or month_index(first) > this - 15:
        return None
    return _falling([_month(r, this - back) for back in range(1, 5)], lambda back: _month(r, this - 12 - back))


def _falling(months: list[int], year_ago: Callable[[int], int]) -> bool:
    """*months*: last month first; *year_ago*: how many months back → sales of that month last year."""
    last, middle, third, fourth = months
    if not (last < middle < third < fourth and last * 5 <= fourth * 4):
        return False
    return all(now < year_ago(back) for back, now in enumerate(months[:3], 1))


def _month(r: Reader, index: int) -> int:
    return r.total([p.flow(BOOKED).month(index) for p in r.positions])


def early_payment_note(r: Reader, p: Params) -> bool | None:
    """At least 80 % of the amount settled in three months came 5 days early or more, without a cash discount, and on average
    10 days earlier than in the six months before (RM-22.08).

    None where either has no payments.
    """
    amount, _, signed, early = r.settled(Params(window=_THREE, lens=p.lens))
    start = months_before(r.day, 3)
    held = [unpack(q.flow(PAID + p.lens).window(start, "6m", "-3m"), 4) for q in r.positions]
    before = [sum(column) for column in zip(*held, strict=True)] if r.only is not None else _rated(r, held)
    if not amount or not before or not before[0]:
        return None
    earlier = ratio(before[2], before[0]) - ratio(signed, amount)
    return early * 5 >= amount * 4 and earlier >= 10


def _rated(r: Reader, held: list[list[int]]) -> list[int]:
    return [r.total([part[i] for part in held]) for i in range(4)] if held else []
