"""A line of the customer's newest statement, in the currency that it is asked for."""

from __future__ import annotations

from decimal import Decimal

from services.exposure.core.figures import Figures
from services.exposure.core.formulas import converted
from services.exposure.core.statements import newest_statement, of_a_year
from shared.core.ledger.documents import units


def statement_line(figures: Figures, name: str, currency: str, *, a_year: bool = False) -> int | None:
    """A line of the newest usable statement in *currency*, or made one of a year; None without it, or without a rate."""
    moment = figures.moment
    statement = newest_statement(figures.account, figures.day, moment.rules.limits)
    told = statement.what["lines"].get(name) if statement is not None else None
    if statement is None or told is None:
        return None
    amount = of_a_year(statement, name) if a_year else units(Decimal(told))
    return converted(amount or 0, statement.what["currency"], currency, moment.references, figures.day)
