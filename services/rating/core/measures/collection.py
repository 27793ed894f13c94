"""Collection: what comes in of what was sold, and how long it takes. Formulas and examples: docs/measures.md."""

from __future__ import annotations

from decimal import Decimal

from services.rating.core.measures.reading import Params, Reader, ratio
from shared.core.customer.state import REPORTED_OVERDUE
from shared.core.ledger.days import first_of_month, month_index, window_days
from shared.core.ledger.documents import Document
from shared.core.ledger.position import BALANCE, BOOKED, CLAIMS, COLLECTED, OPEN
from shared.core.ledger.timeline import postings


def net_collection_rate_literal(r: Reader, p: Params) -> Decimal | None:
    """(amount due − claims) ÷ amount due, as printed in the source of RM-22; without claims always 1."""
    return net_collection_rate(r, p._replace(reading="literal"))


def collection_rate(r: Reader, p: Params) -> Decimal | None:
    """Of what fell due in the window, the share that was paid (到期回款率)."""
    cash, _, _, _, _, open_ = r.due(p)
    return ratio(cash, cash + open_) if cash + open_ else None


def net_collection_rate(r: Reader, p: Params) -> Decimal | None:
    """净回款率 (RM-22.03): (cash on items due in the window − claims paid) ÷ amount due in the window.

    A claim set off against an item already lowers the cash on it; a claim paid out is taken off in its own month.
    *reading* `literal`: (amount due − claims) ÷ amount due, as printed.
    """
    cash, _, claims, _, _, open_ = r.due(p)
    due = cash + claims + open_
    if not due:
        return None
    paid_out = r.flow(CLAIMS, p.window)
    return ratio(due - claims - paid_out if p.reading == "literal" else cash - paid_out, due)


def invoiced(r: Reader, p: Params) -> Decimal:
    """Invoices and debit notes booked in the window, tax included, cancellations taken off."""
    return r.money(r.flow(BOOKED, p.window))


def collected(r: Reader, p: Params) -> Decimal:
    """Money received in the window, what was reversed taken off."""
    return r.money(r.flow(COLLECTED, p.window))


def dso(r: Reader, p: Params) -> Decimal | None:
    """Days sales outstanding: balance ÷ invoiced in the window × days of the window; None without sales.

    Without a window: the days since the first sale.
    """
    return _days_of(r, p, r.balance(Params()))


def disputed_amount(r: Reader, _: Params) -> Decimal:
    """What is open and in dispute."""
    return r.money(r.scalar("disputed"))


def unallocated_cash(r: Reader, _: Params) -> Decimal:
    """Money received that is on no document, over-payments included."""
    return r.money(r.scalar("cash"))


def unapplied_credit(r: Reader, _: Params) -> Decimal:
    """Credit notes, rebates, returns and claims not yet set against a document."""
    return r.money(r.scalar("credit"))


def prepayments(r: Reader, _: Params) -> Decimal:
    """Money the customer paid ahead, not yet on a document."""
    return r.money(r.scalar("prepayments"))


def overdue_difference(r: Reader, _: Params) -> Decimal | None:
    """Σ |what billing last reported as overdue − what is overdue in our ledger|, of documents that billing reported on.

    A document that billing said is cured counts as 0 overdue there; one that is not in our ledger by the day, as 0 here.
    None where the rate of a currency is missing.
    """
    total = 0
    for name in r.state.profile:
        told = r.state.attribute(name, r.day) if name.startswith(REPORTED_OVERDUE) else None
        if told is None:
            continue
        theirs, currency = told
        document = r.state.ledger.documents.get(name.removeprefix(REPORTED_OVERDUE))
        amounts = {currency: theirs} if theirs else {}
        if document is not None and (ours := _overdue_now(r, document)):
            amounts[document.currency] = amounts.get(document.currency, 0) - ours
        converted = [r.converted(units, code) for code, units in amounts.items()]
        if None in converted:
            return None
        total += abs(sum(units for units in converted if units))
    return r.money(total)


def _overdue_now(r: Reader, document: Document) -> int:
    """What of *document* is open past its due date."""
    posted = (p for p in postings(document, r.state.ledger) if p[1] == OPEN and p[0] <= r.day)
    return sum(numbers[0] for _, _, due, numbers in posted if due and due < r.day)


def best_possible_dso(r: Reader, p: Params) -> Decimal | None:
    """What is not yet due ÷ invoiced in the window × days of the window; None without sales."""
    return _days_of(r, p, r.balance(Params()) - r.overdue(Params())[0])


def average_days_delinquent(r: Reader, p: Params) -> Decimal | None:
    """Days sales outstanding less the best possible; None without sales."""
    outstanding, best = dso(r, p), best_possible_dso(r, p)
    return outstanding - best if outstanding is not None and best is not None else None


def _days_of(r: Reader, p: Params, amount: int) -> Decimal | None:
    sales = r.flow(BOOKED, p.window)
    days = window_days(r.day, p.window) if p.window else r.day - r.first_sale() + 1
    return ratio(amount * days, sales) if sales > 0 else None


def dso_count_back(r: Reader, _: Params) -> Decimal | None:
    """The days of the latest months whose sales make up the balance, the last of them in part.

    None where all sales ever are less than the balance.
    """
    left, first = r.balance(Params()), r.first_sale()
    if left <= 0:
        return Decimal(0)
    days, end, index = 0, r.day, month_index(r.day)
    while first and index >= month_index(first):
        start = first_of_month(index)
        sales, long = r.month(BOOKED, index), end - start + 1
        if sales >= left:
            return days + ratio(left * long, sales)
        left, days, end, index = left - max(sales, 0), days + long, start - 1, index - 1
    return None


def collection_effectiveness(r: Reader, p: Params) -> Decimal | None:
    """(balance at the start + invoiced − balance) ÷ (balance at the start + invoiced − what is not yet due).

    With what was invoiced in the whole window, not its monthly mean. None where nothing could be collected.
    """
    balance = r.balance(Params())
    start, current = balance - r.flow(BALANCE, p.window), balance - r.overdue(Params())[0]
    whole = start + r.flow(BOOKED, p.window)
    return ratio(whole - balance, whole - current) if whole > current else None


def receivable_turnover(r: Reader, p: Params) -> Decimal | None:
    """Invoiced in the window ÷ the mean of the balance at its start and at its end; None without a balance."""
    both = 2 * r.balance(Params()) - r.flow(BALANCE, p.window)
    return ratio(2 * r.flow(BOOKED, p.window), both) if both > 0 else None
