"""Money that came as paper: what it settled stays exposure until it is honoured (contracts D2, LT-61.01)."""

from __future__ import annotations

from collections.abc import Iterable

from services.exposure.core.holding import BILLS, CONTINGENT
from shared.core.ledger.bills import AWAY, HELD, VOID, Parts, parts_of, stages
from shared.core.ledger.book import Book
from shared.core.ledger.days import months_before
from shared.core.ledger.documents import Bill, Payment

Share = tuple[str, int]
"""(category, units); the category of what is money is empty."""


def matures(payment: Payment, book: Book) -> int:
    """The day on which a bill of which only the payment tells counts as honoured."""
    longest = book.bill_rules.longest_months
    return payment.cash_on if payment.cash_on > payment.paid else months_before(payment.paid, -longest)


def on_paper(payment: Payment) -> bool:
    """Whether *payment* was, or may have been, made with bills."""
    return payment.by_bill or bool(payment.bills)


def paper_days(payment: Payment, book: Book) -> Iterable[int]:
    """Days on which `split` may give another answer."""
    yield matures(payment, book)
    for bill in book.bills_of(payment):
        yield from (day for day, _ in stages(bill, book.bill_rules))


def key_of(bill: Bill, stage: str) -> str:
    """The category in which what *bill* settled counts, with the class of its acceptor; empty where it no longer does."""
    category = {HELD: BILLS, AWAY: CONTINGENT}.get(stage, "")
    return f"{category}/{bill.grade}" if category and bill.grade else category


def split(units: int, payment: Payment, book: Book, day: int) -> list[Share]:
    """What *units* of *payment* are on *day*.

    With several bills, or parts of one, each stands for its share. Rounding goes to the paper, never to the money.
    """
    if not on_paper(payment):
        return [("", units)]
    parts: list[Share] = []
    whole = payment.amount
    for bill in book.bills_of(payment):
        stands = parts_of(bill, day, book.bill_rules)
        whole -= stands.get(VOID, 0)
        parts += _standing(bill, stands)
    rest = whole - sum(amount for _, amount in parts)
    if rest > 0:
        parts.append((BILLS if payment.by_bill and day < matures(payment, book) else "", rest))
    return _shared(units, parts)


def split_bill(units: int, bill: Bill | None, book: Book, day: int) -> list[Share]:
    """What *units* are that *bill*, booked as no payment, settled. Before it is received nothing is known of it."""
    stands = parts_of(bill, day, book.bill_rules) if bill is not None else {}
    return _shared(units, _standing(bill, stands)) if bill is not None and stands else [(BILLS, units)]


def _standing(bill: Bill, stands: Parts) -> list[Share]:
    return [(key_of(bill, stage), amount) for stage, amount in stands.items() if stage != VOID and amount]


def _shared(units: int, parts: list[Share]) -> list[Share]:
    """*units*, each of *parts* with its share."""
    total = sum(amount for _, amount in parts)
    paper = [(key, amount) for key, amount in parts if key]
    if not paper:
        return [("", units)]
    found = [(key, units * amount // total) for key, amount in paper]
    money = units * (total - sum(amount for _, amount in paper)) // total
    key, last = found[-1]
    found[-1] = (key, last + units - money - sum(share for _, share in found))
    return [("", money), *found]
