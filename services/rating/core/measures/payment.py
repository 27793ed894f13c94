"""How a customer pays: balance, ageing, lateness, collection. Formulas and examples: docs/measures.md; sources beside each."""

from __future__ import annotations

from decimal import Decimal

from services.rating.core.days import window_days
from services.rating.core.documents import Document
from services.rating.core.measures.reading import Params, Reader, ratio
from services.rating.core.position import AGE, BOOKED, CLAIMS, COLLECTED, OPEN
from services.rating.core.state import REPORTED_OVERDUE
from services.rating.core.timeline import postings

Ageing = dict[str, Decimal]

_LEAST = Decimal("1e-9")

BUCKETS = ("not_due", "1_30", "31_60", "61_90", "over_90")
AGE_BANDS = (
    ("0_30", 0),
    ("31_60", 31),
    ("61_90", 61),
    ("91_180", 91),
    ("181_365", 181),
    ("1_2y", 366),
    ("2_3y", 731),
    ("3_4y", 1096),
    ("4_5y", 1461),
    ("over_5y", 1827),
)
"""账龄, days from booking (MN-54.02)."""


def receivable_balance(r: Reader, _: Params) -> Decimal:
    """What is open, due or not."""
    return r.money(r.balance(Params()))


def overdue_amount(r: Reader, p: Params) -> Decimal:
    """What is open and past its due date at the end of the day."""
    return r.money(r.overdue(p)[0])


def overdue_ratio(r: Reader, p: Params) -> Decimal:
    """overdue amount ÷ balance; 0 where nothing is overdue. Never rounded to 0 where something is."""
    overdue = r.overdue(p)[0]
    return (ratio(overdue, r.balance(p)) or _LEAST) if overdue else Decimal(0)


def ageing(r: Reader, _: Params) -> Ageing:
    """The balance by days past due; the five always add up to it, and the last four to the overdue amount (MN-54.01)."""
    scans = [position.opens[0].scan(r.day, 0) for position in r.positions]
    columns = [[scan[at] for scan in scans] for at in (4, 3, 2, 1)]  # the oldest first: they add up to what is overdue
    columns.append([p.opens[0].total - scan[0] for p, scan in zip(r.positions, scans, strict=True)])
    return dict(zip(BUCKETS, reversed(r.split(columns)), strict=True))


def receivable_age(r: Reader, _: Params) -> Ageing:
    """The balance by days from booking (账龄); the ten always add up to it."""
    columns = [[0] * len(r.positions) for _ in AGE_BANDS]
    for place, position in enumerate(r.positions):
        for booked, amount in position.flow(AGE).days.items():
            age = r.day - booked
            columns[max(i for i, (_, start) in enumerate(AGE_BANDS) if age >= start)][place] += amount
    return {name: money for (name, _), money in zip(AGE_BANDS, r.split(columns), strict=True)}


def max_days_past_due(r: Reader, p: Params) -> int:
    """Days past due of the oldest open item; 0 where nothing is overdue."""
    return r.worst(p, paid=False)


def undisputed_days_past_due(r: Reader, p: Params) -> int:
    """Days past due of the oldest open item not in dispute; after 60 days a dispute no longer counts (G-07), rest days roll."""
    return max_days_past_due(r, p)


def worst_days_late(r: Reader, p: Params) -> int | None:
    """The most days late of anything settled in the window or open now; None where nothing was ever invoiced (MN-02)."""
    worst = r.worst(p)
    return worst if worst or r.first_sale() else None


def days_beyond_terms(r: Reader, p: Params) -> Decimal | None:
    """Σ(amount × days late) ÷ Σ amount, of what was settled in the window and what is overdue now (DBT).

    Floored: early is 0. Signed: early counts against late. None where nothing was settled and nothing is overdue.
    """
    amount, floored, signed, _ = r.settled(p)
    overdue, weighted = r.overdue(p)
    total = amount + overdue
    return ratio((signed if p.signed else floored) + weighted, total) if total else None


def days_beyond_terms_signed(r: Reader, p: Params) -> Decimal | None:
    """Σ(amount × days late) ÷ Σ amount; early counts against late."""
    return days_beyond_terms(r, p._replace(signed=True))


def on_time_count_ratio(r: Reader, p: Params) -> Decimal | None:
    """Of the items that fell due in the window, the share settled whole and by their due date."""
    return on_time_ratio(r, p._replace(basis="count"))


def net_collection_rate_literal(r: Reader, p: Params) -> Decimal | None:
    """(amount due − claims) ÷ amount due, as printed in the source of RM-22; without claims always 1."""
    return net_collection_rate(r, p._replace(reading="literal"))


def on_time_ratio(r: Reader, p: Params) -> Decimal | None:
    """Of what fell due in the window, the share settled by its due date: by amount, or by count of items."""
    cash, on_time, _, items, whole, open_ = r.due(p)
    if p.basis == "count":
        return ratio(whole, items) if items else None
    return ratio(on_time, cash + open_) if cash + open_ else None


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
    sales = r.flow(BOOKED, p.window)
    days = window_days(r.day, p.window) if p.window else r.day - r.first_sale() + 1
    return ratio(r.balance(Params()) * days, sales) if sales > 0 else None


def days_to_cash(r: Reader, p: Params) -> Decimal | None:
    """Σ(amount × days from booking to money) ÷ Σ amount, of what was settled in the window; bills with their term (G-32)."""
    amount, weighted = r.cashed(p.window)
    return ratio(weighted, amount) if amount else None


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


def exposure_of(*kinds: str) -> object:
    """Make the measure that adds up what is open of documents of *kinds*."""

    def measure(r: Reader, _: Params) -> Decimal:
        """What of such documents no later document has taken over."""
        return r.money(sum(r.scalar(kind) for kind in kinds))

    return measure


def exposure(r: Reader, _: Params) -> Decimal:
    """Open orders, deliveries not invoiced, receivables and advance funding; each counted once (contracts D1)."""
    return r.money(r.scalar("order") + r.scalar("delivery") + r.scalar("advance_funding") + r.balance(Params()))


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


def due_documents(r: Reader, p: Params) -> int:
    """How many items fell due in the window."""
    return r.due(p)[3]
