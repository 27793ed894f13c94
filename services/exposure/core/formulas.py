"""How a policy limit is found: need, ability, appetite; the smallest counts, rounded down (LT-01, LT-02, LT-09, G-27).

Every figure is given with its name, so that a limit shows how it was found. Amounts are units of 10⁻⁴ of *currency*.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import msgspec

from services.exposure.core.rulebook import LimitRules, Terms
from services.exposure.core.state import Account
from services.exposure.core.statements import net_assets_of, newest_statement, of_a_year
from shared.core.ledger.days import first_of_month, month_index, months_before
from shared.core.ledger.documents import INVOICING, UNIT
from shared.core.ledger.sight import gross
from shared.core.money import minor_units, plain
from shared.core.references import References

EXPECTED = "expected_monthly_purchases"
"""The reported measure that says what a new customer expects to buy a month (LT-01.03)."""
_ONE = Decimal(10) ** UNIT
_MONTH = 30
_DSO_SHARE = Decimal("1.1")
_OWN_SHARE = Decimal("0.5")
_DSO_DAYS = 60
_YEAR = 365


class Formula(msgspec.Struct, frozen=True):
    """A limit as it was found."""

    amount: int | None
    """None: it cannot be said, and `missing` says what is missing."""
    lines: tuple[tuple[str, str], ...] = ()
    """(figure, value) in the order of the calculation; amounts as plain decimals."""
    missing: str = ""


def shown(amount: int) -> str:
    """*amount* as a plain decimal."""
    return str(plain(Decimal(amount) / _ONE))


def times(amount: int, factor: Decimal) -> int:
    """*amount* × *factor*, rounded half to even to 10⁻⁴."""
    return int((factor * amount).to_integral_value(ROUND_HALF_EVEN))


def converted(amount: int, code: str, into: str, references: References, day: int) -> int | None:
    """*amount* of *code* in *into*; None where a rate is missing, never 1."""
    if code == into:
        return amount
    rate = references.rate(code, into, day)
    return None if rate is None else times(amount, rate)


def whole_minor(amount: int, currency: str) -> int:
    """*amount* rounded down to the minor unit of *currency*: a limit that is told is a limit that can be written."""
    step: int = 10 ** (UNIT - minor_units(currency))
    return amount // step * step


def rounded_down(amount: int, digits: int) -> int:
    """*amount* rounded down to *digits* significant digits of whole units of money, never up (G-27)."""
    whole = amount // 10**UNIT
    if whole <= 0:
        return 0
    step: int = 10 ** max(0, len(str(whole)) - digits)
    return int(whole // step * step * 10**UNIT)


def policy_limit(
    account: Account, day: int, rules: LimitRules, references: References, terms: Terms, currency: str
) -> Formula:
    """What the rules give a customer of the grade of *terms* on *day* (LT-01.01)."""
    cny = _in(currency, references, day)
    if cny is None:
        return Formula(None, (), f"exchange rate {currency}")
    if is_new(account, day, rules) and terms.need_factor:
        return _of_new_customer(account, day, rules, references, currency, cny)
    need = need_of(account, day, rules, terms, references, currency)
    if need is None:
        return Formula(None, (), "exchange rate")
    lines = [("grade", terms.grade), ("need", shown(need)), ("need_factor", str(terms.need_factor))]
    parts = {"by_need": times(need, terms.need_factor)}
    statement = newest_statement(account, day, rules)
    net = net_assets_of(statement)
    year = of_a_year(statement, "revenue")
    net_units = (
        converted(net, statement.what["currency"], currency, references, day) if statement and net is not None else None
    )
    if net_units is not None:
        lines += [("net_assets", shown(net_units)), ("net_assets_share", str(terms.net_assets_share))]
        parts["by_net_assets"] = times(max(0, net_units), terms.net_assets_share)
    else:
        parts["without_statements"] = times(terms.cap_without_statements, cny)
    receipts = converted(year, statement.what["currency"], currency, references, day) if statement and year else None
    if receipts is not None:
        lines += [("revenue", shown(receipts)), ("ability_share", str(rules.ability_share))]
        days = Decimal(terms.term_days + rules.order_days) if terms.term_days else Decimal(0)
        parts["by_ability"] = times(receipts, rules.ability_share * days / _YEAR)
    budget = total_budget(references, day)
    if budget is not None:
        lines += [("budget", shown(budget)), ("budget_share", str(terms.budget_share))]
        parts["by_budget"] = times(times(budget, terms.budget_share), cny)
    lines += [(name, shown(part)) for name, part in parts.items()]
    amount = rounded_down(min(parts.values()), rules.digits)
    return Formula(amount, (*lines, ("limit", shown(amount))))


def _in(currency: str, references: References, day: int) -> Decimal | None:
    return references.rate("CNY", currency, day)


def is_new(account: Account, day: int, rules: LimitRules) -> bool:
    """Whether the first credit sale is less than so many months ago, or none was made yet (G-05)."""
    first = min(
        (one.booked for one in account.ledger.documents.values() if one.kind in INVOICING and one.order), default=0
    )
    return not first or first > months_before(day, rules.new_customer_months)


def _of_new_customer(
    account: Account, day: int, rules: LimitRules, references: References, currency: str, cny: Decimal
) -> Formula:
    """One month's expected purchases, and never more than a trial amount (LT-01.03)."""
    cap = times(rules.new_customer_cap, cny)
    said = [entry for entry in account.measures.get(EXPECTED, ()) if entry[1] <= day]
    if said:
        expected = int(Decimal(said[-1][2]) * _ONE)
    else:
        months = monthly(account, day, 3, references, currency)
        if months is None:
            return Formula(None, (), "exchange rate")
        expected = max(months, default=0)
    amount = rounded_down(min(expected, cap), rules.digits)
    lines = (
        ("new_customer", "true"),
        ("expected_purchases", shown(expected)),
        ("cap", shown(cap)),
        ("limit", shown(amount)),
    )
    return Formula(amount, lines)


def need_of(
    account: Account, day: int, rules: LimitRules, terms: Terms, references: References, currency: str
) -> int | None:
    """What the customer buys in the term and the days between order and invoice (LT-01.02); None without a rate."""
    year = monthly(account, day, 12, references, currency)
    if year is None:
        return None
    average = sum(year) // 12
    peak = min(max(year), times(average, rules.season_peak))
    month = max(sum(year[-3:]) // 3, average, peak)
    return month * (terms.term_days + rules.order_days) // _MONTH


def monthly(account: Account, day: int, count: int, references: References, currency: str) -> list[int] | None:
    """What was invoiced in each of the last *count* whole months before that of *day*, tax included, the oldest first."""
    last = month_index(day)
    sums, start = [0] * count, first_of_month(last - count)
    for one in account.ledger.documents.values():
        if one.order is None or one.kind not in INVOICING or not start <= one.booked <= day or one.replacers:
            continue
        at = month_index(one.booked) - (last - count)
        if at < count:
            amount = converted(gross(one, day), one.currency, currency, references, day)
            if amount is None:
                return None
            sums[at] += amount
    return sums


def total_budget(references: References, day: int) -> int | None:
    """All credit that we can carry, in CNY (LT-02.01); None where nothing was published of it.

    The total of series `own_budget` where people set it; else min(planned credit sales × target DSO ÷ 365 × 1.1, half of
    our own net assets).
    """
    total = references.value("own_budget", "total", day)
    if total is not None:
        return int(Decimal(total) * _ONE)
    planned = references.value("own_budget", "planned_credit_sales", day)
    own = references.value("own_net_assets", "total", day)
    days = Decimal(references.value("own_budget", "target_dso", day) or _DSO_DAYS)
    parts = [Decimal(planned) * days / _YEAR * _DSO_SHARE] if planned is not None else []
    parts += [Decimal(own) * _OWN_SHARE] if own is not None else []
    return int(min(parts) * _ONE) if parts else None


def ratio(part: int, whole: int) -> Decimal:
    """*part* ÷ *whole*, of nine decimals, rounded down: never up to a mark."""
    return plain((Decimal(part) / Decimal(whole)).quantize(Decimal("1e-9"), ROUND_DOWN))
