"""Sales: how much of what a customer buys, how it grows, falls and swings. Invoices and debit notes, by booking date."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

from services.rating.core.measures.reading import Params, Reader, ratio
from shared.core.ledger.days import month_index, months_before, window_start
from shared.core.ledger.documents import UNIT
from shared.core.ledger.goods import QUANTITY
from shared.core.ledger.lanes import unpack
from shared.core.ledger.position import BOOKED, TRADES
from shared.core.ledger.sums import Flow
from shared.core.measures.declared import weights_of
from shared.core.money import QUANTA

_THREE = "3m"
_NINE = Decimal("1e-9")
_FEWEST_MONTHS = 3
"""A trend of fewer says nothing."""


def sales_trend(r: Reader, _: Params) -> Decimal | None:
    """Sales of the last three months against the same months a year ago, less 1: −0.1 is ten per cent down (P8).

    None where there were none a year ago.
    """
    year_ago = months_before(r.day, 12)
    now = r.flow(BOOKED, _THREE)
    before = r.flow(BOOKED, _THREE, year_ago, "-1y")
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
    return r.month(BOOKED, index)


def sales_growth(r: Reader, p: Params) -> Decimal | None:
    """Sales of the window ÷ sales of the window of the same length before it, less 1; None where there were none then."""
    if not p.window:
        return None
    start = window_start(r.day, p.window)
    before = r.flow(BOOKED, p.window, start, "-before")
    return ratio(r.flow(BOOKED, p.window), before) - 1 if before > 0 else None


def months_known(r: Reader, window: str) -> int:
    """How many whole months before this one are in *window*, not before the month of the first sale; 0: no sale yet."""
    first = r.first_sale()
    known = month_index(r.day) - month_index(first) if first else 0
    return min(known, int(window[:-1])) if window else known


def sales_of_months(r: Reader, count: int) -> list[int]:
    """Sales of the last *count* whole months, the newest first."""
    this = month_index(r.day)
    return [_month(r, this - back) for back in range(1, count + 1)]


def _money(r: Reader, units: Decimal) -> Decimal:
    return units.scaleb(-UNIT).quantize(QUANTA[r.currency], ROUND_HALF_EVEN)


def monthly_sales(r: Reader, p: Params) -> Decimal | None:
    """Sales of the last so many whole months ÷ their number, months before the first sale counted as 0; None before it."""
    count = int(p.window[:-1]) if p.window else months_known(r, "")
    return _money(r, Decimal(sum(sales_of_months(r, count))) / count) if r.first_sale() and count else None


def _quarter(r: Reader) -> range:
    """The months of the last whole quarter of the calendar."""
    this = month_index(r.day)
    return range(this - this % 3 - 3, this - this % 3)


def quarter_sales(r: Reader, _: Params) -> Decimal | None:
    """Sales of the last whole quarter of the calendar ÷ 3; None before the first sale."""
    return _money(r, Decimal(sum(_month(r, month) for month in _quarter(r))) / 3) if r.first_sale() else None


def decayed_sales(r: Reader, p: Params) -> Decimal | None:
    """Σ(weight × sales) ÷ Σ weight over the last whole months, the newest first (*decay*: 50/30/20 unless said).

    Months before the first sale are left out, and the others share their weight (RM-02.08). None without a whole month.
    """
    found = _decayed(r, p, lambda month: _month(r, month))
    return None if found is None else _money(r, found)


def _decayed(r: Reader, p: Params, sums: Callable[[int], int]) -> Decimal | None:
    weights = weights_of(p.said["decay"])[: months_known(r, "")]
    this = month_index(r.day)
    if not sum(weights):
        return None
    parts = [weight * sums(this - back) for back, weight in enumerate(weights, 1)]
    return sum(parts, Decimal(0)) / sum(weights)


def sales_slope(r: Reader, p: Params) -> Decimal | None:
    """Least-squares slope of the sales of whole months ÷ their mean: −0.05 is five per cent of a mean month less each month.

    None below three months, or without sales in them.
    """
    months = sales_of_months(r, months_known(r, p.window))[::-1]
    count, total = len(months), sum(months)
    if count < _FEWEST_MONTHS or total <= 0:
        return None
    places = sum(range(count))
    squares = sum(place * place for place in range(count))
    mixed = sum(place * sales for place, sales in enumerate(months))
    return ratio(count * (count * mixed - places * total), (count * squares - places * places) * total)


def sales_variation(r: Reader, p: Params) -> Decimal | None:
    """Standard deviation of the sales of whole months ÷ their mean; None below three months, or without sales in them."""
    months = sales_of_months(r, months_known(r, p.window))
    count, total = len(months), sum(months)
    if count < _FEWEST_MONTHS or total <= 0:
        return None
    spread = Decimal(count * sum(sales * sales for sales in months) - total * total)
    return (spread.sqrt() / total).quantize(_NINE, ROUND_HALF_EVEN)


def seasonal_index(r: Reader, _: Params) -> Decimal | None:
    """Mean sales of this month of the calendar ÷ mean sales of all months, over one to three years back; 1: no season.

    None before twelve whole months of sales.
    """
    years = months_known(r, "36m") // 12
    months = sales_of_months(r, 12 * years)
    total = sum(months)
    return ratio(12 * sum(months[11::12]), total) if years and total > 0 else None


def sales_documents(r: Reader, p: Params) -> int:
    """Invoices and debit notes booked in the window that were not wholly cancelled."""
    return sum(q.flow(TRADES).window(r.day, p.window) for q in r.positions)


def _goods(r: Reader, p: Params) -> list[list[tuple[tuple[str, str], Flow]]]:
    """What was sold of the class and unit that are asked for, one list a position."""
    return [q.goods.flows_of(p.word("product_class"), p.word("unit")) for q in r.positions]


def _quantity(parts: int) -> Decimal:
    return Decimal(parts).scaleb(-QUANTITY)


def sales_volume(r: Reader, p: Params) -> Decimal:
    """Quantity on the lines of invoices booked in the window; *product_class*, *unit*: of these only."""
    return _quantity(sum(unpack(f.window(r.day, p.window), 2)[1] for held in _goods(r, p) for _, f in held))


def _volume_of(r: Reader, p: Params, month: int) -> int:
    return sum(unpack(flow.month(month), 2)[1] for held in _goods(r, p) for _, flow in held)


def quarter_volume(r: Reader, p: Params) -> Decimal | None:
    """Quantity sold in the last whole quarter of the calendar ÷ 3; None before the first sale."""
    total = sum(_volume_of(r, p, month) for month in _quarter(r))
    return (_quantity(total) / 3).quantize(_NINE, ROUND_HALF_EVEN) if r.first_sale() else None


def decayed_volume(r: Reader, p: Params) -> Decimal | None:
    """As the weighted sales of the last months, in quantity."""
    found = _decayed(r, p, lambda month: _volume_of(r, p, month))
    return None if found is None else found.scaleb(-QUANTITY).quantize(_NINE, ROUND_HALF_EVEN)


def class_share(r: Reader, p: Params) -> Decimal | None:
    """Of the amounts on the lines of invoices booked in the window, the share of *product_class*; None without lines."""
    whole = _amount_of_goods(r, p._replace(said={}))
    return ratio(_amount_of_goods(r, p), whole) if whole > 0 else None


def _amount_of_goods(r: Reader, p: Params) -> int:
    return r.total([sum(unpack(f.window(r.day, p.window), 2)[0] for _, f in held) for held in _goods(r, p)])


def average_price(r: Reader, p: Params) -> Decimal | None:
    """Amount ÷ quantity on the lines of invoices booked in the window, to 4 decimals; *product_class*, *unit*: of these.

    None without a quantity, or where it is in several units.
    """
    counted = {which[1]: 0 for held in _goods(r, p) for which, _ in held}
    for held in _goods(r, p):
        for which, flow in held:
            counted[which[1]] += unpack(flow.window(r.day, p.window), 2)[1]
    sold = [parts for parts in counted.values() if parts]
    if len(sold) != 1 or sold[0] < 0:
        return None
    price = Decimal(_amount_of_goods(r, p)).scaleb(QUANTITY - UNIT) / sold[0]
    return price.quantize(Decimal("1e-4"), ROUND_HALF_EVEN)


def product_classes(r: Reader, p: Params) -> int:
    """How many product classes are on the lines of invoices booked in the window."""
    held = (one for q in r.positions for one in q.goods.flows.items())
    return len({which[0] for which, flow in held if flow.window(r.day, p.window)})
