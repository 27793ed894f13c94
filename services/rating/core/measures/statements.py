"""Statements: every ratio that a method names, of the newest statement received (R-1 to R-11).

Figures of a period are brought to a year by its months; balances are those of its end. A statement is usable for 18 months
after its period (G-10). A ratio that its lines do not give is read as the statement reports it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from functools import wraps

from services.rating.core.measures.reading import Params, Reader
from services.rating.core.measures.records import records_of
from shared.core.customer.state import Record
from shared.core.ledger.days import months_before, months_between, year_apart
from shared.core.ledger.documents import UNIT

_USABLE_MONTHS = 18
_YEAR_DAYS = 365
_NO_INTEREST = Decimal(100)
"""Interest cover where there is no interest to pay and something was earned: above every mark (R-11)."""
_NO_EQUITY = Decimal(-1)
"""Return on net assets of nothing or less: below every mark (R-10)."""
_NINE = Decimal("1e-9")

Lines = dict[str, Decimal]
Ratio = Callable[[Reader, Params], Decimal | None]


def _statements(r: Reader) -> list[Record]:
    """Statements received by now, the newest period last."""
    if "statement" not in r.state.records:
        return []
    return sorted((x for x in records_of(r, "statement") if x.what["known"] <= r.day), key=lambda x: (x.day, x.order))


def newest_statement(r: Reader) -> Record | None:
    """The newest statement received, while it is usable."""
    held = _statements(r)
    return held[-1] if held and months_before(r.day, _USABLE_MONTHS) <= held[-1].day else None


def _lines(statement: Record) -> Lines:
    return {name: Decimal(amount) for name, amount in statement.what["lines"].items()}


def net_assets_of(statement: Record) -> Decimal | None:
    """Its net assets: the line itself, else assets less liabilities; None without them."""
    return _net(_lines(statement))


def _net(lines: Lines) -> Decimal | None:
    if "net_assets" in lines:
        return lines["net_assets"]
    return _difference(lines, "total_assets", "total_liabilities")


def _difference(lines: Lines, whole: str, part: str) -> Decimal | None:
    return lines[whole] - lines[part] if whole in lines and part in lines else None


def _ratio(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    if numerator is None or not denominator:
        return None
    return (numerator / denominator).quantize(_NINE, ROUND_HALF_EVEN)


def _or_reported(name: str) -> Callable[[Ratio], Ratio]:
    """Make a ratio that the lines of the newest usable statement do not give what it reports as *name*."""

    def told(computed: Ratio) -> Ratio:
        @wraps(computed)
        def measure(r: Reader, p: Params) -> Decimal | None:
            found = computed(r, p)
            if found is not None:
                return found
            statement = newest_statement(r)
            held = None if statement is None else statement.what.get("ratios", {}).get(name)
            return None if held is None else Decimal(held)

        measure.__doc__ = f"{(computed.__doc__ or '').partition(chr(10))[0].rstrip('.')}; else as reported (`{name}`)."
        return measure

    return told


def _of_lines(numerator: str, denominator: str) -> Ratio:
    """Make the measure numerator ÷ denominator of the newest usable statement; None where a line is missing or 0."""

    def measure(r: Reader, _: Params) -> Decimal | None:
        statement = newest_statement(r)
        lines = _lines(statement) if statement is not None else {}
        return _ratio(lines.get(numerator), lines.get(denominator))

    measure.__doc__ = f"{_words(numerator)} ÷ {_words(denominator)}."
    return measure


def _words(line: str) -> str:
    return line.replace("_", " ")


statement_alr = _or_reported("alr")(_of_lines("total_liabilities", "total_assets"))
statement_current = _or_reported("current")(_of_lines("current_assets", "current_liabilities"))
statement_npm = _or_reported("npm")(_of_lines("net_profit", "revenue"))
statement_ocf = _or_reported("ocf")(_of_lines("operating_cash_flow", "current_liabilities"))


@_or_reported("quick")
def statement_quick(r: Reader, _: Params) -> Decimal | None:
    """(current assets − inventories) ÷ current liabilities."""
    lines = _newest(r)
    return _ratio(_difference(lines, "current_assets", "inventories"), lines.get("current_liabilities"))


@_or_reported("icov")
def statement_icov(r: Reader, _: Params) -> Decimal | None:
    """Earnings before interest and tax ÷ interest expense; without interest 100 where something was earned, else 0 (R-11).

    Earnings are the line `ebit`, else profit before tax + interest expense.
    """
    lines = _newest(r)
    interest = lines.get("interest_expense")
    earned = lines.get("ebit")
    if earned is None and interest is not None and "profit_before_tax" in lines:
        earned = lines["profit_before_tax"] + interest
    if interest is None or earned is None:
        return None
    if interest <= 0:
        return _NO_INTEREST if earned > 0 else Decimal(0)
    return _ratio(earned, interest)


@_or_reported("roe")
def statement_roe(r: Reader, _: Params) -> Decimal | None:
    """Net profit of a year ÷ net assets; −1 where net assets are 0 or less (R-10)."""
    statement = newest_statement(r)
    profit, net = _yearly(statement, "net_profit"), net_assets_of(statement) if statement is not None else None
    if profit is None or net is None:
        return None
    return _ratio(profit, net) if net > 0 else _NO_EQUITY


@_or_reported("ard")
def statement_ard(r: Reader, _: Params) -> Decimal | None:
    """Trade receivables ÷ revenue of a year × 365."""
    return _days(newest_statement(r), "trade_receivables", "revenue")


@_or_reported("ivd")
def statement_ivd(r: Reader, _: Params) -> Decimal | None:
    """Inventories ÷ cost of sales of a year × 365."""
    return _days(newest_statement(r), "inventories", "cost_of_sales")


def _days(statement: Record | None, held: str, flow: str) -> Decimal | None:
    amount, year = _line(statement, held), _yearly(statement, flow)
    return _ratio(amount * _YEAR_DAYS, year) if amount is not None and year is not None and year > 0 else None


@_or_reported("gro")
def statement_gro(r: Reader, _: Params) -> Decimal | None:
    """Revenue ÷ revenue of the same months a year before, less 1."""
    statement = newest_statement(r)
    if statement is None:
        return None
    months = statement.what["months"]
    before = [x for x in _statements(r) if x.what["months"] == months and year_apart(x.day, statement.day)]
    now, then = _line(statement, "revenue"), _line(before[-1], "revenue") if before else None
    growth = _ratio(now, then) if then is not None and then > 0 else None
    return None if growth is None else growth - 1


@_or_reported("debt_to_revenue")
def statement_debt_to_revenue(r: Reader, _: Params) -> Decimal | None:
    """Total liabilities ÷ revenue of a year."""
    statement = newest_statement(r)
    return _ratio(_line(statement, "total_liabilities"), _yearly(statement, "revenue"))


@_or_reported("equity_ratio")
def statement_equity_ratio(r: Reader, _: Params) -> Decimal | None:
    """Net assets ÷ total assets."""
    lines = _newest(r)
    return _ratio(_net(lines), lines.get("total_assets"))


def net_assets(r: Reader, _: Params) -> Decimal | None:
    """Net assets: the line itself, else assets less liabilities; None without them, or where a rate is missing."""
    statement = newest_statement(r)
    return None if statement is None else _money(r, statement, net_assets_of(statement))


def yearly_revenue(r: Reader, _: Params) -> Decimal | None:
    """Revenue, brought to a year; None without it, or where a rate is missing."""
    statement = newest_statement(r)
    return None if statement is None else _money(r, statement, _yearly(statement, "revenue"))


def _money(r: Reader, statement: Record, amount: Decimal | None) -> Decimal | None:
    if amount is None:
        return None
    held = r.converted(int(amount.scaleb(UNIT).to_integral_value(ROUND_HALF_EVEN)), str(statement.what["currency"]))
    return None if held is None else r.money(held)


def negative_equity(r: Reader, _: Params) -> bool | None:
    """Whether net assets are below 0; None without a usable statement that says."""
    net = _net(_newest(r))
    return None if net is None else net < 0


def _newest(r: Reader) -> Lines:
    statement = newest_statement(r)
    return {} if statement is None else _lines(statement)


def _line(statement: Record | None, name: str) -> Decimal | None:
    held = None if statement is None else statement.what["lines"].get(name)
    return None if held is None else Decimal(held)


def _yearly(statement: Record | None, name: str) -> Decimal | None:
    """The line *name* of *statement*, brought to a year."""
    held = _line(statement, name)
    return None if held is None or statement is None else held * 12 / statement.what["months"]


def _years(r: Reader) -> list[Record]:
    """Yearly statements one after the other, the newest first; none where even that is too old."""
    held = [x for x in _statements(r) if x.what["months"] >= 12]
    if not held or months_before(r.day, _USABLE_MONTHS) > held[-1].day:
        return []
    found = [held.pop()]
    while held:
        one = held.pop()
        if year_apart(one.day, found[-1].day):
            found.append(one)
    return found


def statement_years(r: Reader, _: Params) -> int:
    """How many yearly statements there are without a gap, from the newest usable one back."""
    return len(_years(r))


def profit_years(r: Reader, _: Params) -> int | None:
    """For how many years one after the other a profit was made, from the newest statement back; None without one."""
    years = _years(r)
    if not years or _line(years[0], "net_profit") is None:
        return None
    profits = [(_line(x, "net_profit") or Decimal(0)) > 0 for x in years]
    return profits.index(False) if False in profits else len(profits)


def statement_age_months(r: Reader, _: Params) -> int | None:
    """Completed months since the period of the newest statement received ended, usable or not."""
    held = _statements(r)
    return months_between(held[-1].day, r.day) if held else None


def statement_audited(r: Reader, _: Params) -> bool | None:
    """Whether the newest usable statement is audited or reviewed; None without one."""
    statement = newest_statement(r)
    return statement.what["basis"] in {"audited", "reviewed"} if statement is not None and _lines(statement) else None


def heavy_losses(r: Reader, _: Params) -> bool | None:
    """A loss above 10 % of net assets, or two loss years one after the other (RM-18.07); None without statements."""
    lines = _newest(r)
    if "net_profit" not in lines:
        return None
    if lines["net_profit"] >= 0:
        return False
    net = _net(lines)
    if net is not None and -lines["net_profit"] * 10 > net:
        return True
    return _two_loss_years([x for x in _statements(r) if x.what["months"] >= 12])


def _two_loss_years(years: list[Record]) -> bool:
    """Whether the newest of *years* and the one before it ended in a loss. Of two statements of one period the last holds."""
    last = years[-1] if years else None
    before = [x for x in years if last and months_between(x.day, last.day) in {11, 12}]  # a year may have 52 weeks
    if last is None or not before:
        return False
    return all(Decimal(x.what["lines"].get("net_profit", "0")) < 0 for x in (last, before[-1]))
