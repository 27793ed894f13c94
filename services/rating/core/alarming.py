"""What a warning says of its measures, and when one that stands is raised again."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from services.rating.core.engine import Sheet
from services.rating.core.lived import Alarm
from shared.core.measures.declared import Kind
from shared.core.money import QUANTA
from shared.core.policy.assessment import plain
from shared.core.policy.measure import kind_of
from shared.core.policy.warning import WarningRule


def text(value: Any) -> str | None:
    """A measure as text on the wire; None stays None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, Decimal | int) else str(value)


def again(rule: WarningRule, sheet: Sheet, alarm: Alarm, day: int) -> bool:
    """Whether what *rule* looks at is more than when *alarm* was last raised; or, of an amount, was another on an earlier day."""
    value, said = sheet.signs.get(rule.again), alarm.figures.get(rule.again, "0")
    if isinstance(value, Decimal):
        return alarm.said_on < day and value != Decimal(said)
    return isinstance(value, int) and value > int(said)


def figures(rule: WarningRule, sheet: Sheet) -> dict[str, str]:
    """What the measures of *rule* are; amounts with all decimals of the customer's currency, which stands beside them."""
    found, currency = dict[str, str](), sheet.reader.currency
    for alias, reading in rule.measures.items():
        value = sheet.signs.get(alias)
        if isinstance(value, Decimal) and kind_of(reading) is Kind.MONEY:
            found |= {alias: format(value.quantize(QUANTA[currency], ROUND_HALF_EVEN), "f"), "currency": currency}
        elif (shown := text(value)) is not None:
            found[alias] = shown
    return found
