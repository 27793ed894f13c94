"""Payment behaviour: balance, ageing, lateness. Formulas and examples: docs/measures.md."""

from __future__ import annotations

from decimal import Decimal

from services.rating.core.measures.reading import Params, Reader, ratio
from shared.core.ledger.days import months_before
from shared.core.ledger.lanes import unpack
from shared.core.ledger.position import AGE, PAID
from shared.core.measures.declared import BUCKETS

Ageing = dict[str, Decimal]

_LEAST = Decimal("1e-9")

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


def bucket_ratio(r: Reader, p: Params) -> Decimal:
    """What is in one bucket of the past-due ageing ÷ balance; 0 where there is none (*bucket*: over_90 unless said)."""
    balance, held = r.balance(Params()), _buckets(r)[BUCKETS.index(p.word("bucket"))]
    return ratio(held, balance) if balance > 0 else Decimal(0)


def severely_delinquent(r: Reader, _: Params) -> bool:
    """10 % of the balance or more is over 90 days past due."""
    over_90 = _buckets(r)[-1]
    return bool(over_90) and over_90 * 10 >= r.balance(Params())


def _buckets(r: Reader) -> list[int]:
    """The balance by days past due, in the order of the buckets."""
    scans = [position.opens[0].scan(r.day, 0) for position in r.positions]
    late = [r.total([scan[at] for scan in scans]) for at in (1, 2, 3, 4)]
    return [r.balance(Params()) - sum(late), *late]


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


def on_time_ratio(r: Reader, p: Params) -> Decimal | None:
    """Of what fell due in the window, the share settled by its due date: by amount, or by count of items."""
    cash, on_time, _, items, whole, open_ = r.due(p)
    if p.basis == "count":
        return ratio(whole, items) if items else None
    return ratio(on_time, cash + open_) if cash + open_ else None


def due_documents(r: Reader, p: Params) -> int:
    """How many items fell due in the window."""
    return r.due(p)[3]


def late_items(r: Reader, p: Params) -> int:
    """Of the items that fell due in the window, how many were not settled whole by their due date."""
    _, _, _, items, whole, _ = r.due(p)
    return items - whole


def clean_days_beyond_terms(r: Reader, p: Params) -> Decimal | None:
    """Days beyond terms of what is not in dispute; after 60 days a dispute no longer counts (G-07), rest days roll."""
    return days_beyond_terms(r, p)


def days_beyond_terms_buckets(r: Reader, p: Params) -> Decimal:
    """(1–30 × 15 + 31–60 × 45 + 61–90 × 75 + over 90 × 105) ÷ what is overdue, or ÷ balance (*over*); 0: nothing overdue."""
    buckets = _buckets(r)
    late = buckets[1:]
    total = sum(late) if p.word("over") == "overdue" else sum(buckets)
    weighted = sum(amount * days for amount, days in zip(late, (15, 45, 75, 105), strict=True))
    return ratio(weighted, total) if total > 0 and weighted else Decimal(0)


def days_beyond_terms_change(r: Reader, p: Params) -> Decimal | None:
    """Days beyond terms of what was settled in three months, less those of the twelve months before (MN-15.01).

    None where either has no payments.
    """
    amount, floored, _, _ = r.settled(Params(window="3m", lens=p.lens))
    before = settled_before(r, p.lens, "3m", "12m")
    if not amount or not before[0]:
        return None
    return ratio(floored, amount) - ratio(before[1], before[0])


def settled_before(r: Reader, lens: int, window: str, before: str) -> list[int]:
    """As `Reader.settled`, of the window *before* that ends where *window* begins."""
    start = months_before(r.day, int(window[:-1]))
    held = [unpack(q.flow(PAID + lens).window(start, before, f"-{window}"), 4) for q in r.positions]
    return [r.total([part[i] for part in held]) for i in range(4)] if held else [0] * 4
