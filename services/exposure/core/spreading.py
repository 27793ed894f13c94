"""Over what a customer's exposure is spread: its industry, and products and salespeople by where its documents belong (LT-41).

Units of 10⁻⁴ of the account's currency.
"""

from __future__ import annotations

from typing import NamedTuple

from services.exposure.core.figures import Figures
from services.exposure.core.holding import APART
from services.exposure.core.rules import PERCENT

INDUSTRY, PRODUCT, SALESPERSON = "industry", "product_group", "salesperson"
DIMENSIONS = (INDUSTRY, PRODUCT, SALESPERSON)


class Spread(NamedTuple):
    """What of one customer belongs to one industry, product group or salesperson."""

    dimension: str
    name: str
    used: int


def spread_of(figures: Figures) -> tuple[Spread, ...]:
    """Exposure and reservations by dimension and name; what belongs nowhere is left out. Costs the places that are open."""
    found: dict[tuple[str, str], int] = {}
    industry = figures.account.attribute("industry", figures.day)
    if industry:
        found[INDUSTRY, str(industry)] = figures.total + figures.reserved()
    for code, holding in figures.account.ledger.positions.items():
        for (key, place), units in holding.sums.items():
            weight = 0 if key in APART else figures.moment.counting.weight(key)
            if weight and (place.product_group or place.salesperson):
                _add(
                    found, figures.in_currency(units * weight // PERCENT, code), place.product_group, place.salesperson
                )
    for one in figures.account.reservations.values():
        if one.place.product_group or one.place.salesperson:
            kept = figures.in_currency(figures.counted(one), one.currency)
            _add(found, kept, one.place.product_group, one.place.salesperson)
    return tuple(Spread(*name, used) for name, used in sorted(found.items()) if used > 0)


def _add(found: dict[tuple[str, str], int], units: int, product: str, salesperson: str) -> None:
    for dimension, name in ((PRODUCT, product), (SALESPERSON, salesperson)):
        if name:
            found[dimension, name] = found.get((dimension, name), 0) + units
