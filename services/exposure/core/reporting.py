"""One customer for reports of a day: what is open, where it belongs, and where the customer stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import msgspec

from services.exposure.core.figures import Figures, Moment
from services.exposure.core.holding import APART
from services.exposure.core.telling import amount_of, payable
from services.exposure.core.watching import utilisation
from shared.core.ledger.documents import Place


class Item(msgspec.Struct, frozen=True):
    """What is open of one document in one category. `due` None: it has no due date yet."""

    document: str
    category: str
    amount: Decimal
    """Below 0 only where more was paid back than there was."""
    counts: Decimal
    """What of it is exposure: the amount by its weight; nothing of what stands apart."""
    currency: str
    due: date | None
    company: str
    salesperson: str
    region: str
    """Of the document, else of the customer. Like the others empty where no fact says it."""
    is_disputed: bool


class Entry(msgspec.Struct, frozen=True):
    """One customer on one day; amounts without a currency of their own are in `currency`."""

    customer: str
    currency: str
    limit: Decimal | None
    """The effective limit; None: none was granted."""
    exposure: Decimal
    reserved: Decimal
    by_category: dict[str, Decimal]
    utilisation: Decimal | None
    missing: tuple[str, ...]
    """Currencies without a rate: the amounts are not certain."""
    items: tuple[Item, ...]
    companies: tuple[str, ...]
    """In each of these the customer bought anything by that day; the same of the two below. Empty: no document says it."""
    salespeople: tuple[str, ...]
    regions: tuple[str, ...]

    @property
    def headroom(self) -> Decimal:
        """What is left of the limit."""
        return (self.limit or Decimal(0)) - self.exposure - self.reserved


def entry(moment: Moment) -> Entry | None:
    """*moment* as reports see it; None: nothing was known of the customer by that day."""
    account, day = moment.account, moment.day
    if not account.first or account.first > day:
        return None
    figures = Figures(moment)
    effective, currency, total = figures.effective, figures.currency, figures.total
    region = str(account.attribute("region", day) or "")
    bought = [one.place for one in account.ledger.documents.values() if one.order is not None and one.booked <= day]
    return Entry(
        customer=account.customer_id,
        currency=currency,
        limit=payable(effective.amount, currency) if effective.exists else None,
        exposure=payable(total, currency),
        reserved=payable(figures.reserved(), currency),
        by_category=figures.details().by_category,
        utilisation=utilisation(total, effective.amount),
        items=tuple(_items(figures, region)),
        companies=_names(one.company for one in bought),
        salespeople=_names(one.salesperson for one in bought),
        regions=_names(one.region or region for one in (bought or [Place()])),
        missing=tuple(sorted(figures.missing)),  # last: what was looked at is known by now
    )


def _items(figures: Figures, region: str) -> Iterator[Item]:
    for line in figures.lines:
        amount, place = amount_of(line.units), line.place
        counts = Decimal(0) if line.category in APART else amount * line.weight / 100
        due = date.fromordinal(line.due) if line.due else None
        where = (place.company, place.salesperson, place.region or region)
        yield Item(
            line.document, line.category, amount, counts, line.currency, due, *where, figures.is_disputed(line.document)
        )


def _names(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))
