"""The reports as tables. Amounts stand in the currency of their documents, and sums are by currency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_UP, Decimal
from typing import Any

from gradeline.language import say
from gradeline.reporting.grouping import By, Row, grouped, head, named, untold, values
from services.exposure.adapters.reporting import Entries
from services.exposure.core.holding import APART, CATEGORIES, NOT_DUE, OVERDUE, RETENTION
from services.exposure.core.reporting import Entry, Item
from services.rating.adapters.grading import Graded
from shared.core.money import QUANTA
from shared.edge.sheets import Column, Sheet

OWED = frozenset({NOT_DUE, OVERDUE, RETENTION})
BUCKETS = (0, 30, 60, 90)
"""The last day past due of each bucket; the last bucket has none."""
NOTHING = Decimal(0)


def ageing(found: Entries, day: date, by: By) -> Sheet:
    """What is owed by days past due, and what was received and stands on no document."""
    groups = grouped(found.of, by, lambda item: item.category in OWED or item.category in APART)
    columns = [
        head(by),
        Column("currency", say("currency")),
        Column("not_due", say("not due"), "money"),
        Column("1_30", say("1–30 days"), "money"),
        Column("31_60", say("31–60 days"), "money"),
        Column("61_90", say("61–90 days"), "money"),
        Column("over_90", say("over 90 days"), "money"),
        Column("owed", say("owed"), "money"),
        Column("apart", say("received, on no document"), "money"),
    ]

    def row(rows: Sequence[Row]) -> list[Decimal]:
        sums = [NOTHING] * (len(BUCKETS) + 1)
        for item in (one.item for one in rows if one.item.category in OWED):
            sums[_bucket(item, day)] += item.amount
        return [
            *sums,
            sum(sums, NOTHING),
            sum((one.item.amount for one in rows if one.item.category in APART), NOTHING),
        ]

    return _by_currency(say("ageing at the end of {day}", day=day), columns, groups, row, found, by)


def _bucket(item: Item, day: date) -> int:
    late = (day - item.due).days if item.due is not None else 0
    return next((at for at, last in enumerate(BUCKETS) if late <= last), len(BUCKETS))


def overdue(found: Entries, day: date, by: By) -> Sheet:
    """What is past its due date."""
    groups = grouped(found.of, by, lambda item: item.category in OWED)
    columns = [
        head(by),
        Column("currency", say("currency")),
        Column("overdue", say("overdue"), "money"),
        Column("documents", say("documents"), "count"),
        Column("days", say("days past due, at most"), "count"),
        Column("oldest", say("due since"), "date"),
        Column("owed", say("owed"), "money"),
        Column("share", say("overdue share"), "share"),
    ]

    def row(rows: Sequence[Row]) -> list[Any]:
        late = [one for one in rows if one.item.due is not None and one.item.due < day and one.item.amount > 0]
        amount, owed = (sum((one.item.amount for one in some), NOTHING) for some in (late, rows))
        oldest = min((one.item.due for one in late if one.item.due), default=None)
        documents = len({(one.entry.customer, one.item.document) for one in late})
        days = (day - oldest).days if oldest else 0
        return [amount, documents, days, oldest, owed, amount / owed if owed > 0 else None]

    late = {key: rows for key, rows in groups.items() if row(rows)[0]}
    whole = _by_currency(say("overdue at the end of {day}", day=day), columns, groups, row, found, by)
    return whole._replace(
        rows=[_written(columns, named(value), currency, row(rows)) for (value, currency), rows in late.items()]
    )


def exposure(found: Entries, day: date, by: By) -> Sheet:
    """What customers owe and may come to owe, by category; by customer with the limit and what is left of it."""
    title = say("exposure at the end of {day}", day=day)
    if by == "customer":
        return _exposure_of_customers(found, title)
    groups = grouped(found.of, by, lambda item: bool(item.counts))
    used = [name for name in CATEGORIES if any(one.item.category == name for rows in groups.values() for one in rows)]
    columns = [
        head(by),
        Column("currency", say("currency")),
        *map(_category, used),
        _money("exposure", say("exposure")),
    ]

    def row(rows: Sequence[Row]) -> list[Decimal]:
        sums = dict.fromkeys(used, NOTHING)
        for one in rows:
            sums[one.item.category] += one.item.counts
        return [*sums.values(), sum(sums.values(), NOTHING)]

    limits = (say("limits"), say("a limit is the customer's: --by customer shows limits, headroom and utilisation"))
    whole = _by_currency(title, columns, groups, row, found, by)
    return whole._replace(about=[*whole.about, limits])


def _exposure_of_customers(found: Entries, title: str) -> Sheet:
    entries = [one for one in found.of if one.exposure or one.reserved or one.limit is not None]
    used = [name for name in CATEGORIES if any(one.by_category.get(name) for one in entries)]
    columns = [
        head("customer"),
        Column("currency", say("currency")),
        *map(_category, used),
        _money("exposure", say("exposure")),
        _money("reserved", say("reserved")),
        _money("limit", say("limit")),
        _money("headroom", say("headroom")),
        Column("utilisation", say("utilisation"), "share"),
    ]

    def amounts(one: Entry) -> list[Any]:
        return [
            *(one.by_category.get(name, NOTHING) for name in used),
            one.exposure,
            one.reserved,
            one.limit,
            one.headroom,
        ]

    totals: dict[str, list[Decimal]] = {}
    for one in entries:
        sums = totals.setdefault(one.currency, [NOTHING] * (len(used) + 4))
        totals[one.currency] = [was + (more or NOTHING) for was, more in zip(sums, amounts(one), strict=True)]
    rows = [[one.customer, one.currency, *amounts(one), one.utilisation] for one in entries]
    total = [[say("total"), currency, *sums, None] for currency, sums in sorted(totals.items())]
    return Sheet(title, columns, rows, total, list(_about(found)))


def grades(found: Entries, graded: Mapping[str, Graded], day: date, by: By) -> Sheet:
    """How many customers have which grade; by customer the grade of each."""
    title = say("grades on {day}", day=day)
    none = say("no grade")
    entries = {one.customer: one for one in found.of}
    names = sorted(name for name in graded if name in entries or graded[name] != (None, None, None))
    letters = sorted({one.grade for name, one in graded.items() if one.grade})
    if by == "customer":
        columns = [
            head(by),
            Column("grade", say("grade")),
            Column("since", say("since"), "date"),
            Column("refusal", say("why none")),
        ]
        rows = [[name, graded[name].grade or none, graded[name].since, graded[name].refusal] for name in names]
        return Sheet(title, columns, rows, [[say("total"), f"{len(names):,}", None, None]], list(_about(found)))
    counts: dict[str, Counter[str]] = {}
    for name in names:
        for value in values(entries[name], by) if name in entries else ("",):
            counts.setdefault(value, Counter())[graded[name].grade or ""] += 1
    columns = [
        head(by),
        *(Column(one, one, "count") for one in letters),
        Column("none", none, "count"),
        Column("customers", say("customers"), "count"),
    ]
    lines = [
        [named(value), *_counted(counts[value], letters)] for value in sorted(counts, key=lambda one: (not one, one))
    ]
    once = Counter(graded[name].grade or "" for name in names)
    about = [(say("total"), say("who stands in several rows is counted once in the total"))]
    if "" in counts:
        about.append((say("not told"), say("of {count:,} customers no fact says it", count=sum(counts[""].values()))))
    return Sheet(title, columns, lines, [[say("total"), *_counted(once, letters)]], [*about, *_about(found)])


def _counted(counts: Counter[str], letters: Iterable[str]) -> list[int]:
    return [*(counts[one] for one in letters), counts[""], sum(counts.values())]


def _by_currency(
    title: str,
    columns: Sequence[Column],
    groups: Mapping[tuple[str, str], Sequence[Row]],
    row: Callable[[Sequence[Row]], list[Any]],
    found: Entries,
    by: By,
) -> Sheet:
    """A row for each group, and a total for each currency."""
    rows = [_written(columns, named(value), currency, row(some)) for (value, currency), some in groups.items()]
    totals = []
    for code in sorted({currency for _, currency in groups}):
        every = [one for (_, currency), some in groups.items() if currency == code for one in some]
        totals.append(_written(columns, say("total"), code, row(every)))
    return Sheet(title, columns, rows, totals, [*untold(by, groups.items()), *_about(found)])


def _written(columns: Sequence[Column], name: str, currency: str, values: Sequence[Any]) -> list[Any]:
    """A row whose amounts have all decimals of *currency*; what a weight leaves over is rounded up, as exposure is."""
    amounts = (
        value.quantize(QUANTA[currency], ROUND_UP) if column.kind == "money" else value
        for column, value in zip(columns[2:], values, strict=True)
    )
    return [name, currency, *amounts]


def _about(found: Entries) -> Iterable[tuple[str, str]]:
    if found.unread:
        yield say("not read"), ", ".join(found.unread)
    if missing := [one.customer for one in found.of if one.missing]:
        yield say("exchange rate missing"), ", ".join(missing)


def _money(name: str, title: str) -> Column:
    return Column(name, title, "money")


def _category(name: str) -> Column:
    return Column(name, category(name), "money")


def category(name: str) -> str:
    """A category of exposure in words."""
    words = {
        "orders": say("orders"),
        "orders_later": say("orders beyond the horizon"),
        "delivered": say("delivered, not invoiced"),
        "not_due": say("invoiced, not due"),
        "overdue": say("overdue"),
        "retention": say("retention"),
        "consignment": say("consignment"),
        "advance_funding": say("advance funding"),
        "bills": say("bills held"),
        "contingent": say("bills passed on with recourse"),
        "guarantees": say("guarantees"),
        "special": say("paid back too much"),
        "unallocated": say("unallocated money"),
        "prepayments": say("prepayments"),
        "deposits": say("deposits"),
        "credit_notes": say("credit notes"),
    }
    return words.get(name, name)
