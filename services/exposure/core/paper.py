"""Money that came as paper: what it settled stays exposure until it is honoured (contracts D2, LT-61.01)."""

from __future__ import annotations

from collections.abc import Iterable

from services.exposure.core.holding import BILLS, CONTINGENT
from shared.core.ledger.bills import AWAY, HELD, VOID, stage_of, stages
from shared.core.ledger.book import Book
from shared.core.ledger.days import months_before
from shared.core.ledger.documents import Bill, Payment

LONGEST_MONTHS = 6
"""A bill of which no date is known matures so late: no bill may run longer (assumed; the bills rule of 2023)."""


def matures(payment: Payment) -> int:
    """The day on which a bill of which only the payment tells counts as honoured."""
    return payment.cash_on if payment.cash_on > payment.paid else months_before(payment.paid, -LONGEST_MONTHS)


def on_paper(payment: Payment) -> bool:
    """Whether *payment* was, or may have been, made with bills."""
    return payment.by_bill or bool(payment.bills)


def paper_days(payment: Payment, book: Book) -> Iterable[int]:
    """Days on which `split` may give another answer."""
    yield matures(payment)
    for bill in book.bills_of(payment):
        yield from (day for day, _ in stages(bill))


def key_of(bill: Bill | None, stage: str) -> str:
    """The category in which what *bill* settled counts, with the class of its acceptor; empty where it no longer does.

    Before it is received nothing is known of it.
    """
    category = {HELD: BILLS, AWAY: CONTINGENT, "": BILLS}.get(stage, "")
    return f"{category}/{bill.grade}" if category and stage and bill is not None and bill.grade else category


def split(units: int, payment: Payment, book: Book, day: int) -> list[tuple[str, int]]:
    """(category, units) of what *units* of *payment* are on *day*; the category of what is money is empty.

    With several bills each stands for its share. Rounding goes to the paper, never to the money.
    """
    if not on_paper(payment):
        return [("", units)]
    parts: list[tuple[str, int]] = []
    whole = payment.amount
    for bill in book.bills_of(payment):
        stage = stage_of(bill, day)
        if stage == VOID:
            whole -= bill.amount
        elif stage:
            parts.append((key_of(bill, stage), bill.amount))
    rest = whole - sum(amount for _, amount in parts)
    if rest > 0:
        parts.append((BILLS if payment.by_bill and day < matures(payment) else "", rest))
    total = sum(amount for _, amount in parts)
    paper = [(key, amount) for key, amount in parts if key]
    if not paper:
        return [("", units)]
    found = [(key, units * amount // total) for key, amount in paper]
    money = units * (total - sum(amount for _, amount in paper)) // total
    key, last = found[-1]
    found[-1] = (key, last + units - money - sum(share for _, share in found))
    return [("", money), *found]
