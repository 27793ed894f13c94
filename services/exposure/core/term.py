"""The credit term (信用期限) of a customer: calculated, and one that was negotiated weighed against it (LT-08).

Every figure is given with its name, so that a term shows how it was found. Amounts are units of 10⁻⁴ of the account's currency.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

import msgspec

from services.exposure.core.figures import Figures
from services.exposure.core.formulas import monthly, shown, times
from services.exposure.core.stated import statement_line
from shared.core.money import plain

CAPITAL = ("lpr", "one_year")
"""Series and value of the loan prime rate, as a share a year."""
_YEAR = 365
_SIX = Decimal("1e-6")
Lines = tuple[tuple[str, str], ...]


class Term(msgspec.Struct, frozen=True):
    """A credit term as it was found: the longest time in which an invoice is paid."""

    days: int | None
    """None: it cannot be said, and `missing` says what is missing."""
    lines: Lines = ()
    """(figure, value) in the order of the calculation."""
    missing: str = ""
    rate_a_year: Decimal | None = None
    """What credit costs at this grade and at the rate of the market, as a share a year (LT-11, LT-46); None: not known."""


class Weighed(msgspec.Struct, frozen=True):
    """A longer term that was negotiated, and whether it pays."""

    pays: bool | None
    """None: it cannot be said, and `missing` says what is missing."""
    lines: Lines = ()
    missing: str = ""


def term_of(figures: Figures) -> Term:
    """The least of what the grade allows, the policy of the segment, and the customer's own cycle of collection.

    LT-09.01, LT-13, LT-08.03: a customer pays when it is paid, so its cycle is its receivable days and its inventory days.
    """
    account, day, rules = figures.account, figures.day, figures.moment.rules
    held = account.grade_on(day)
    terms = rules.limits.of(held.grade if held else None)
    if terms is None:
        return Term(None, (), "grade")
    found = [("by_grade", terms.term_days)]
    policy = rules.granting.policy(str(account.attribute("segment", day) or ""), day)
    if policy is not None:
        found.append(("by_policy", policy.period_days))
    lines = [("grade", terms.grade), *((name, str(days)) for name, days in found)]
    owed, stock = _days(figures, "trade_receivables", "revenue"), _days(figures, "inventories", "cost_of_sales")
    if owed is not None and stock is not None:
        lines += [("receivable_days", str(owed)), ("inventory_days", str(stock)), ("by_cycle", str(owed + stock))]
        found.append(("by_cycle", owed + stock))
    days = min(days for _, days in found)
    return Term(days, (*lines, ("term_days", str(days))), rate_a_year=_rate_a_year(figures, terms.grade))


def _rate_a_year(figures: Figures, grade: str) -> Decimal | None:
    """Capital, which follows the market, and the loss to be expected, which follows the grade; None without the series."""
    rules, told = figures.moment.rules.granting.term, figures.moment.references.value(*CAPITAL, figures.day)
    if told is None:
        return None
    return plain(Decimal(told) + rules.spread + rules.default_chance.get(grade, Decimal(1)) * rules.loss_given_default)


def _days(figures: Figures, part: str, flow: str) -> int | None:
    """*part* ÷ *flow* of a year × 365, in whole days, rounded down; None where the statement does not tell both."""
    held, year = (
        statement_line(figures, part, figures.currency),
        statement_line(figures, flow, figures.currency, a_year=True),
    )
    return held * _YEAR // year if held is not None and held >= 0 and year is not None and year > 0 else None


def weighed(figures: Figures, days: int, sales: int, margin: Decimal) -> Weighed:
    """Whether a term of *days* pays that brings *sales* more a year, of which *margin* is earned (LT-08.01, LT-08.02).

    It does where the extra margin is more than the cost of capital on the extra receivables, the expected loss on them and
    handling. The present value of the extra sales is told beside it. Without the rate of the series nothing is said.
    """
    moment, rules = figures.moment, figures.moment.rules.granting.term
    now = term_of(figures)
    if now.days is None:
        return Weighed(None, now.lines, now.missing)
    told = moment.references.value(*CAPITAL, figures.day)
    if told is None:
        return Weighed(None, now.lines, "series lpr, one_year")
    year = monthly(figures.account, figures.day, 12, moment.references, figures.currency)
    if year is None:
        return Weighed(None, now.lines, "exchange rate")
    capital, bought = Decimal(told) + rules.spread, sum(year)
    before, after = bought * now.days // _YEAR, (bought + sales) * days // _YEAR
    more = max(0, after - before)
    grade = figures.account.grade_on(figures.day)
    chance = rules.default_chance.get((grade.grade if grade else None) or "", Decimal(1))
    earned = times(sales, margin)
    costs = {
        "cost_of_capital": times(more, capital),
        "expected_loss": times(more, chance * rules.loss_given_default),
        "handling": times(sales, rules.handling),
    }
    net = earned - sum(costs.values())
    value = times(sales, 1 / (1 + capital * days / _YEAR) - (1 - margin))
    lines = (
        *now.lines,
        ("asked_days", str(days)),
        ("purchases_a_year", shown(bought)),
        ("extra_sales", shown(sales)),
        ("margin", str(plain(margin))),
        ("extra_receivables", shown(more)),
        ("capital_a_year", str(plain(capital))),
        ("default_chance", str(plain(chance))),
        ("loss_given_default", str(plain(rules.loss_given_default))),
        ("extra_margin", shown(earned)),
        *((name, shown(cost)) for name, cost in costs.items()),
        ("net", shown(net)),
        ("present_value", shown(value)),
    )
    return Weighed(net > 0, lines)


def risk_price(figures: Figures) -> Decimal | None:
    """What credit for the term costs, as a share of the price: capital and expected loss (LT-04, LT-11); None: not known."""
    now = term_of(figures)
    if now.rate_a_year is None or not now.days:
        return None
    return plain((now.rate_a_year * now.days / _YEAR).quantize(_SIX, ROUND_DOWN))
