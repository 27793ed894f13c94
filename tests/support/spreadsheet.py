"""A plain computation over the rows of the receivables ledger, as one would do it in a spreadsheet.

It shares no code with the product: CSV, Decimal and dates only, one obvious function for each figure. It is what the
product's measures are compared with. Conventions:

* the books at the end of *as_of*: an invoice with a later InvoiceDate does not exist yet; it is paid when SettledDate <= as_of;
* an open invoice is overdue when as_of - DueDate >= 1 day;
* the window of twelve months is (as_of - 12 calendar months, as_of]: start exclusive, end inclusive;
* ratios and averages are exact fractions rounded by the caller; None where the divisor is nothing.
"""

from __future__ import annotations

import csv
import os
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

NAME = "receivables_2012_2013.csv"
PLACES = (Path(os.environ.get("GRADELINE_LEDGER", NAME)), Path(__file__).parents[3] / "shared" / "data" / NAME)
LEDGER = next((path for path in PLACES if path.is_file()), None)
"""The real file; it is kept beside the repository and not in it, so it may be missing."""
BUCKETS = ("not_due", "1_30", "31_60", "61_90", "over_90")


class Row(NamedTuple):
    """One line of the ledger."""

    customer: str
    invoice: str
    invoiced: date
    due: date
    amount: Decimal
    disputed: bool
    settled: date


def rows(path: Path) -> list[Row]:
    """Every line of the file, in its order."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [
            Row(
                customer=line["customerID"],
                invoice=line["invoiceNumber"],
                invoiced=_date(line["InvoiceDate"]),
                due=_date(line["DueDate"]),
                amount=Decimal(line["InvoiceAmount"]),
                disputed=line["Disputed"] == "Yes",
                settled=_date(line["SettledDate"]),
            )
            for line in csv.DictReader(file)
        ]


def customers(ledger: list[Row]) -> list[str]:
    """The customers of the ledger, sorted."""
    return sorted({row.customer for row in ledger})


def of(ledger: list[Row], customer: str) -> list[Row]:
    """The lines of one customer."""
    return [row for row in ledger if row.customer == customer]


def _date(text: str) -> date:
    month, day, year = text.split("/")
    return date(int(year), int(month), int(day))


def twelve_months_before(day: date) -> date:
    """The same day one year earlier; 29 February gives 28 February."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _in_window(day: date, as_of: date) -> bool:
    return twelve_months_before(as_of) < day <= as_of


def _existing(lines: list[Row], as_of: date) -> list[Row]:
    return [row for row in lines if row.invoiced <= as_of]


def _open(lines: list[Row], as_of: date) -> list[Row]:
    return [row for row in _existing(lines, as_of) if row.settled > as_of]


def _overdue(lines: list[Row], as_of: date) -> list[Row]:
    return [row for row in _open(lines, as_of) if (as_of - row.due).days >= 1]


def _paid_in_window(lines: list[Row], as_of: date) -> list[Row]:
    return [row for row in lines if _in_window(row.settled, as_of)]


def _sum(lines: list[Row]) -> Decimal:
    return sum((row.amount for row in lines), Decimal(0))


def balance(lines: list[Row], as_of: date) -> Decimal:
    """What is invoiced and not paid at the end of *as_of*."""
    return _sum(_open(lines, as_of))


def overdue_amount(lines: list[Row], as_of: date) -> Decimal:
    """What is open and past its due date."""
    return _sum(_overdue(lines, as_of))


def overdue_ratio(lines: list[Row], as_of: date) -> Fraction | None:
    """Overdue ÷ balance."""
    return _ratio(overdue_amount(lines, as_of), balance(lines, as_of))


def disputed_amount(lines: list[Row], as_of: date) -> Decimal:
    """Open amounts under dispute: from the earlier of due date and settlement until settlement (the mapping's assumption)."""
    return _sum([row for row in _open(lines, as_of) if row.disputed and min(row.due, row.settled) <= as_of])


def ageing(lines: list[Row], as_of: date) -> dict[str, Decimal]:
    """The balance by days past due; the buckets always sum to it."""
    found = dict.fromkeys(BUCKETS, Decimal(0))
    for row in _open(lines, as_of):
        found[_bucket((as_of - row.due).days)] += row.amount
    return found


def _bucket(days: int) -> str:
    if days <= 0:
        return "not_due"
    if days <= 30:
        return "1_30"
    if days <= 60:
        return "31_60"
    if days <= 90:
        return "61_90"
    return "over_90"


def oldest_receivable_days(lines: list[Row], as_of: date) -> int:
    """Days since the invoice date of the oldest open invoice; 0 when none is open."""
    return max(((as_of - row.invoiced).days for row in _open(lines, as_of)), default=0)


def max_days_past_due(lines: list[Row], as_of: date) -> int:
    """Days past due of the oldest open overdue invoice; 0 when there is none."""
    return max(((as_of - row.due).days for row in _overdue(lines, as_of)), default=0)


def worst_days_late_12m(lines: list[Row], as_of: date) -> int:
    """The most days late among invoices paid in the window, floored at 0, and among those open and overdue."""
    paid = [max(0, (row.settled - row.due).days) for row in _paid_in_window(lines, as_of)]
    still = [(as_of - row.due).days for row in _overdue(lines, as_of)]
    return max(paid + still, default=0)


def days_beyond_terms_12m(lines: list[Row], as_of: date, *, floored: bool) -> Fraction | None:
    """Amount-weighted days late of what was paid in the window and of what is open and overdue at *as_of*."""
    late = [(row.amount, (row.settled - row.due).days) for row in _paid_in_window(lines, as_of)]
    late += [(row.amount, (as_of - row.due).days) for row in _overdue(lines, as_of)]
    days = sum((amount * (max(0, days) if floored else days) for amount, days in late), Decimal(0))
    return _ratio(days, sum((amount for amount, _ in late), Decimal(0)))


def _fell_due(lines: list[Row], as_of: date) -> list[Row]:
    """Invoices whose due date lies in the window and before *as_of*: on *as_of* itself one may still pay on time."""
    return [row for row in _existing(lines, as_of) if twelve_months_before(as_of) < row.due < as_of]


def on_time_ratio_amount_12m(lines: list[Row], as_of: date) -> Fraction | None:
    """Of the amounts that fell due, the share paid on or before the due date."""
    due = _fell_due(lines, as_of)
    return _ratio(_sum([row for row in due if row.settled <= row.due]), _sum(due))


def on_time_ratio_count_12m(lines: list[Row], as_of: date) -> Fraction | None:
    """Of the invoices that fell due, the share paid on or before the due date."""
    due = _fell_due(lines, as_of)
    return _ratio(Decimal(len([row for row in due if row.settled <= row.due])), Decimal(len(due)))


def collection_rate_12m(lines: list[Row], as_of: date) -> Fraction | None:
    """Of the amounts that fell due in the window, the share paid by *as_of*, whenever it was paid."""
    due = _fell_due(lines, as_of)
    return _ratio(_sum([row for row in due if row.settled <= as_of]), _sum(due))


def net_collection_rate_12m(lines: list[Row], as_of: date) -> Fraction | None:
    """(Cash on items due in the window - claims paid) ÷ amount due in the window. The ledger knows no claims."""
    return collection_rate_12m(lines, as_of)


def invoiced_12m(lines: list[Row], as_of: date) -> Decimal:
    """What was invoiced in the window."""
    return _sum([row for row in lines if _in_window(row.invoiced, as_of)])


def collected_12m(lines: list[Row], as_of: date) -> Decimal:
    """What was paid in the window."""
    return _sum(_paid_in_window(lines, as_of))


def dso_90d(lines: list[Row], as_of: date) -> Fraction | None:
    """Balance ÷ what was invoiced in the 90 days that end with *as_of* × 90."""
    start = as_of - timedelta(days=90)
    sales = _sum([row for row in lines if start < row.invoiced <= as_of])
    found = _ratio(balance(lines, as_of), sales)
    return None if found is None else found * 90


def _ratio(part: Decimal, whole: Decimal) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None
