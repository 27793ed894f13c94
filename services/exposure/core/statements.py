"""What the statements of a customer say of its size and its means. Units of 10⁻⁴ of the currency of the statement."""

from __future__ import annotations

from decimal import Decimal

from services.exposure.core.rulebook import LimitRules
from services.exposure.core.state import Account
from shared.core.customer.state import Record
from shared.core.ledger.days import months_before
from shared.core.ledger.documents import UNIT

_ONE = Decimal(10) ** UNIT


def newest_statement(account: Account, day: int, rules: LimitRules) -> Record | None:
    """The newest statement received, while it is usable (G-10)."""
    held = [one for one in account.records.get("statement", {}).values() if one.order and one.what["known"] <= day]
    newest = max(held, key=lambda one: (one.day, one.order), default=None)
    return newest if newest is not None and months_before(day, rules.usable_months) <= newest.day else None


def net_assets_of(statement: Record | None) -> int | None:
    """Its net assets: the line itself, else assets less liabilities; None without them."""
    if statement is None:
        return None
    lines = {name: Decimal(text) for name, text in statement.what["lines"].items()}
    net = lines.get("net_assets")
    if net is None and {"total_assets", "total_liabilities"} <= lines.keys():
        net = lines["total_assets"] - lines["total_liabilities"]
    return None if net is None else int(net * _ONE)


def of_a_year(statement: Record | None, name: str) -> int | None:
    """A line of *statement* made one of a year, in its currency; None without it."""
    told = statement.what["lines"].get(name) if statement is not None else None
    if statement is None or told is None:
        return None
    return int(Decimal(told) * 12 / statement.what["months"] * _ONE)
