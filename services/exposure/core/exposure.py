"""Exposure: what the categories that are switched on add up to in the currency of the limit, and of what it consists."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal
from typing import NamedTuple

from services.exposure.core import records
from services.exposure.core.describing import describe
from services.exposure.core.holding import (
    APART,
    CATEGORIES,
    LATER,
    NAMED,
    ORDERS,
    PREPAYMENTS,
    SPECIAL,
    Holding,
    category_of,
)
from services.exposure.core.reading import Commitments
from services.exposure.core.rules import PERCENT, Rules
from shared.core.customer.state import Customer
from shared.core.ledger.documents import UNIT, Place
from shared.core.ledger.ledger import Ledger
from shared.core.money import QUANTA
from shared.core.references import References

_WIDE = Context(prec=60)
_NOTHING = Decimal(0)


class Exposure(NamedTuple):
    """Amounts in `currency`. `total` = Σ `by_category` − what the rules deduct of `apart`, and never below 0."""

    currency: str
    by_category: dict[str, Decimal]
    """Every category that is switched on → what of it counts, weighted, rounded up to the minor unit."""
    total: Decimal
    apart: dict[str, Decimal]
    """What speaks for the customer, rounded down to the minor unit. It opens no limit of itself."""
    missing: tuple[str, ...]
    """Currencies with anything open whose rate is missing, and counts as nothing here, or stale, and counts all the same.

    Where there is any, `total` is not known for certain: a decision that needs it is refused or held.
    """


class Line(NamedTuple):
    """One part of a figure. Of `units` (10⁻⁴ of `currency`) `weight` percent counts. `booked` and `due` are ordinals, 0: none."""

    document: str
    kind: str
    """As the document was recorded; or payment, refund, deposit, bill."""
    category: str
    units: int
    currency: str
    booked: int
    due: int
    place: Place
    weight: int = PERCENT


def exposure(
    account: Customer[Holding],
    day: int,
    rules: Rules,
    references: References,
    currency: str,
    *,
    place: Place | None = None,
    without_order: str | None = None,
) -> Exposure:
    """What *account* owes and may come to owe at the end of *day* (ordinal), in *currency*; its ledger stands there afterwards.

    *place* narrows it to what belongs there: a text of it that is empty is not asked. What is still open of *without_order* is
    left out, for a check that asks with the order's own amount. Costs what is open. Raises KeyError for a currency that is none.
    """
    ledger = account.ledger
    _stand(ledger, day, rules)
    counted = dict.fromkeys((name for name in CATEGORIES if name in rules.categories), _NOTHING)
    apart, missing = dict.fromkeys(APART, _NOTHING), []
    for code in sorted(ledger.positions):
        figures = {
            key: units * (PERCENT if key in apart else rules.weight(key))
            for key, units in _figures(ledger, code, place, without_order).items()
        }
        if not any(figures.values()):
            continue
        rate = references.rate(code, currency, day)
        if rate is None or references.rate_age(code, currency, day) > rules.stale_rate_days:
            missing.append(code)
        if rate is None:
            continue
        for key, weighed in figures.items():
            if weighed:
                category, into = category_of(key), apart if key in apart else counted
                into[category] = _WIDE.add(into[category], _WIDE.multiply(rate, Decimal(weighed)))
    zero = _rounded(_NOTHING, currency, ROUND_UP)
    by_category = {
        name: _rounded(weighed, currency, ROUND_UP) if weighed else zero for name, weighed in counted.items()
    }
    beside = {name: _rounded(weighed, currency, ROUND_DOWN) if weighed else zero for name, weighed in apart.items()}
    total = sum(by_category.values(), zero) - sum((beside[name] for name in rules.deduct), zero)
    return Exposure(currency, by_category, max(total, zero), beside, tuple(missing))


def lines(
    account: Customer[Holding], day: int, rules: Rules, *, place: Place | None = None, without_order: str | None = None
) -> list[Line]:
    """What every figure of `exposure` consists of, those that stand apart included; by currency, document and category.

    Σ units × weight of the lines of a category and currency is exactly what `exposure` converts and rounds.
    """
    ledger = account.ledger
    _stand(ledger, day, rules)
    found: list[Line] = []
    for code in sorted(ledger.positions):
        owed = _overdrawn(_sums(ledger.positions[code], place))
        for name, parts in sorted(ledger.positions[code].open.items()):
            who = describe(name, ledger, day)
            if not within(who.place, place):
                continue
            for key, units in sorted(parts.items()):
                if name == without_order and key in (ORDERS, LATER):
                    continue
                sign, counts = (-1, SPECIAL) if key in owed else (1, key)
                weight = PERCENT if counts in APART else rules.weight(counts)
                due = who.due.get(key, 0)
                told = (who.id, who.kind, category_of(counts), sign * units, code, who.booked, due, who.place, weight)
                found.append(Line(*told))
    return found


def prepaid(account: Customer[Holding], day: int, rules: Rules, order: str) -> dict[str, int]:
    """Currency → units of prepayments for *order* that are on no document at the end of *day*."""
    ledger = account.ledger
    _stand(ledger, day, rules)
    found: dict[str, int] = {}
    for code, holding in sorted(ledger.positions.items()):
        for name, parts in holding.open.items():
            kind, _, id = name.partition(NAMED)
            if PREPAYMENTS in parts and kind == "payment" and ledger.payments[id].for_order == order:
                found[code] = found.get(code, 0) + parts[PREPAYMENTS]
    return found


def within(where: Place, asked: Place | None) -> bool:
    """Whether *where* is what *asked* names; a text that is empty there is not asked."""
    return asked is None or records.within(where, asked)


def _stand(ledger: Ledger[Holding], day: int, rules: Rules) -> None:
    """Carry *ledger* to *day*. Raises ValueError where it was read with another credit horizon than *rules* have."""
    reading = ledger.reading
    if not isinstance(reading, Commitments) or reading.horizon_days != rules.horizon_days:
        raise ValueError("the ledger is read with another credit horizon than the rules have; fold the customer again")
    ledger.move_to(day)


def _sums(holding: Holding, place: Place | None) -> dict[str, int]:
    """Category → units of what belongs to *place*."""
    found: dict[str, int] = {}
    for (key, where), units in holding.sums.items():
        if within(where, place):
            found[key] = found.get(key, 0) + units
    return found


def _overdrawn(sums: dict[str, int]) -> list[str]:
    """What stands apart and is below 0: more was paid back than there was, so the customer owes it."""
    return [name for name in APART if sums.get(name, 0) < 0]


def _figures(ledger: Ledger[Holding], code: str, place: Place | None, without_order: str | None) -> dict[str, int]:
    """Category → units in currency *code*, none of them negative."""
    holding = ledger.positions[code]
    sums = _sums(holding, place)
    order = holding.open.get(without_order or "")
    if order and within(ledger.documents[without_order or ""].place, place):
        for key in (ORDERS, LATER):
            sums[key] = sums.get(key, 0) - order.get(key, 0)
    for name in _overdrawn(sums):
        sums[SPECIAL] = sums.get(SPECIAL, 0) - sums.pop(name)
    return sums


def _rounded(weighed: Decimal, currency: str, rounding: str) -> Decimal:
    """The amount that so many hundredths of a unit are, rounded to the minor unit."""
    amount = weighed.scaleb(-UNIT - 2, context=_WIDE)
    return amount.quantize(QUANTA[currency], rounding=rounding, context=_WIDE)
