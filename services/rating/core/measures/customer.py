"""What else is known of a customer: profile, statements, conduct, the outside world, measures others report."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

from services.rating.core.days import months_before, months_between, window_start
from services.rating.core.measures.reading import UNDISPUTED, Params, Reader
from services.rating.core.state import Record
from shared.core.policy.measure import Kind, Value

_STATEMENT_MONTHS = 18
"""A statement is usable so long after its period (G-10)."""
_PROVEN = "proven"
"""The outcome of a matter of conduct that turned out to be true."""
_DEFAULT_DAYS, _DEFAULT_CNY, _DEFAULT_SHARE = 90, 5000 * 10**4, 100
"""Default: so many days past due, above so many units of CNY and above one in so many of all receivables (G-17)."""


def _records(r: Reader, kind: str) -> list[Record]:
    held = r.state.records.get(kind)
    return [x for x in held.values() if x.order is not None and x.day <= r.day] if held else []


def _open(r: Reader, record: Record) -> bool:
    return record.end_by(r.day) is None


def attribute(name: str) -> object:
    """Make the measure that reads a profile attribute."""

    def measure(r: Reader, _: Params) -> str | None:
        """The attribute of the profile as last told; before the first time it was told, that first value."""
        value = r.state.attribute(name, r.day)
        return None if value is None else str(value)

    return measure


def industry_class(r: Reader, _: Params) -> str | None:
    """support · neutral · control · reduce, by the published industry list; None where the industry is not on it."""
    industry = r.state.attribute("industry", r.day)
    value = r.context.value("industry_list", str(industry), r.day) if industry else None
    return None if value is None else str(value)


def broken_commitments(r: Reader, p: Params) -> int:
    """Promises broken and payments bounced in the window (P5)."""
    low = window_start(r.day, p.window)
    promises = r.state.records.get("promise")
    ends = [x.end_by(r.day) for x in promises.values()] if promises else []
    broken = sum(1 for end in ends if end is not None and end[0][0] > low)
    return broken + sum(1 for x in _records(r, "bounced") if x.day > low)


def _statements(r: Reader) -> list[Record]:
    """Statements received by now, the newest period last."""
    if "statement" not in r.state.records:
        return []
    return sorted((x for x in _records(r, "statement") if x.what["known"] <= r.day), key=lambda x: (x.day, x.order))


def _lines(r: Reader) -> dict[str, Decimal] | None:
    """The lines of the newest usable statement."""
    held = _statements(r)
    if not held or months_before(r.day, _STATEMENT_MONTHS) > held[-1].day:
        return None
    return {name: Decimal(amount) for name, amount in held[-1].what["lines"].items()}


def statement_ratio(numerator: str, denominator: str) -> object:
    """Make the measure numerator ÷ denominator of the newest usable statement; None where a line is missing or 0."""

    def measure(r: Reader, _: Params) -> Decimal | None:
        """One line ÷ another of the newest statement received, usable for 18 months (G-10); None without them."""
        lines = _lines(r)
        if not lines or numerator not in lines or not lines.get(denominator):
            return None
        return (lines[numerator] / lines[denominator]).quantize(Decimal("1e-9"), ROUND_HALF_EVEN)

    return measure


def statement_audited(r: Reader, _: Params) -> bool | None:
    """Whether the newest usable statement is audited or reviewed; None without one."""
    held = _statements(r)
    return held[-1].what["basis"] in {"audited", "reviewed"} if held and _lines(r) else None


def heavy_losses(r: Reader, _: Params) -> bool | None:
    """A loss above 10 % of net assets, or two loss years one after the other (RM-18.07); None without statements."""
    lines = _lines(r)
    if lines is None or "net_profit" not in lines:
        return None
    if lines["net_profit"] >= 0:
        return False
    net = _net_assets(lines)
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


def _net_assets(lines: dict[str, Decimal]) -> Decimal | None:
    if "net_assets" in lines:
        return lines["net_assets"]
    if "total_assets" in lines and "total_liabilities" in lines:
        return lines["total_assets"] - lines["total_liabilities"]
    return None


def _signal(r: Reader, *kinds: str) -> list[Record]:
    if "signal" not in r.state.records:
        return []
    return [x for x in _records(r, "signal") if x.what["kind"] in kinds and _open(r, x)]


def signalled(*kinds: str) -> object:
    """Make the measure: is a signal of one of *kinds* reported and not lifted."""

    def measure(r: Reader, _: Params) -> bool:
        """Whether such a signal is reported and not lifted."""
        return bool(_signal(r, *kinds))

    return measure


def fraud_proven(r: Reader, _: Params) -> bool:
    """A matter of fraud or theft was closed with outcome `proven` (G-19); one that is open is a suspicion and no proof."""
    return any(x.what["kind"] in {"fraud", "theft"} and _proven(r, x) for x in _records(r, "conduct"))


def _proven(r: Reader, record: Record) -> bool:
    end = record.end_by(r.day)
    return end is not None and end[1] == _PROVEN


def breaches(r: Reader, p: Params) -> int:
    """Breaches (conduct `breach`) that are open, or were found in the window and closed with outcome `proven` (MN-05)."""
    low = window_start(r.day, p.window)
    held = [x for x in _records(r, "conduct") if x.what["kind"] == "breach"]
    return sum(1 for x in held if _open(r, x) or (x.day > low and _proven(r, x)))


def _share_of_means(r: Reader, signals: list[Record]) -> Decimal | None:
    """The amounts of *signals* ÷ net assets of the newest statement, else paid-in capital (P10).

    None where the means, an amount, or the rate between their currencies is not known.
    """
    means, currency = _means(r)
    if means is None or means <= 0:
        return None
    total = Decimal(0)
    for signal in signals:
        rate = r.context.rate(signal.what.get("currency", currency), currency, r.day)
        if rate is None or "amount" not in signal.what:
            return None
        total += Decimal(signal.what["amount"]) * rate
    return total / means


def _means(r: Reader) -> tuple[Decimal | None, str]:
    """(net assets, else paid-in capital; in which currency)."""
    lines = _lines(r)
    net = _net_assets(lines) if lines else None
    if net is not None and net > 0:
        return net, str(_statements(r)[-1].what["currency"])
    capital = r.state.attribute("paid_in_capital", r.day)
    currency = r.state.attribute("currency", r.day) or r.setting.currency
    return (Decimal(capital) if capital else None), str(currency)


def enforcement_open_ratio(r: Reader, _: Params) -> Decimal:
    """Open enforcement ÷ net assets (or paid-in capital); 1 where the means, an amount or a rate are unknown (G-20)."""
    held = _signal(r, "enforcement")
    if not held:
        return Decimal(0)
    share = _share_of_means(r, held)
    return Decimal(1) if share is None else share.quantize(Decimal("1e-9"), ROUND_HALF_EVEN)


def public_record(r: Reader, _: Params) -> str | None:
    """The worst negative public record of 24 months as a code of table P10; None where nobody looked at the register."""
    low = months_before(r.day, 24)
    held = [x for x in _records(r, "signal") if x.day > low or _open(r, x)]
    enforcements = [x for x in held if x.what["kind"] == "enforcement"]
    if any(_open(r, x) for x in enforcements):
        return "enforcement_open"
    if enforcements:
        return "enforcement_closed"
    lawsuits = [x for x in held if x.what["kind"] == "lawsuit"]
    if lawsuits:
        share = _share_of_means(r, lawsuits)
        if share is None or share > Decimal("0.05"):
            return "defendant_above_5"
        return "defendant_up_to_1" if share <= Decimal("0.01") else "defendant_up_to_5"
    return "none" if register_check_age_months(r, Params()) is not None else None


def _reported(r: Reader, *names: str) -> tuple[int, str] | None:
    """(end of period, value) of the newest report of a measure that is told under one of *names*."""
    reports = [report for name in names for report in r.state.measures.get(name, ())]
    known = [report for report in reports if report[0][0] <= r.day and report[1] <= r.day]
    return max(known)[1:] if known else None


def reported(name: str, kind: Kind, valid_months: int) -> Callable[[Reader, Params], Value]:
    """The newest report of the measure *name*, for *valid_months* after its period (0: for ever)."""

    def measured(r: Reader, _: Params) -> Value:
        held = _reported(r, name)
        if held is None or (valid_months and months_before(r.day, valid_months) > held[0]):
            return None
        if kind is Kind.CODE:
            return held[1]
        if kind is Kind.FLAG:
            return {"yes": True, "true": True, "no": False, "false": False}.get(held[1])
        try:
            number = Decimal(held[1])
        except ArithmeticError:
            return None
        return round(number, 9) if number.is_finite() else None

    return measured


def register_check_age_months(r: Reader, _: Params) -> int | None:
    """Completed months since somebody last looked at the company register (reported measure `register_check`)."""
    held = _reported(r, "register_check")
    return months_between(held[0], r.day) if held else None


def rival_goods_class(r: Reader, _: Params) -> str | None:
    """ours_only · ours_main · equal · rivals_main, by the newest word or share reported; None after 12 months (RM-22.06, .07)."""
    held = _reported(r, "rival_goods", "rival_goods_share")
    if held is None or months_before(r.day, 12) > held[0]:
        return None
    if held[1] in {"ours_only", "ours_main", "equal", "rivals_main"}:
        return held[1]
    try:
        share = Decimal(held[1])
    except ArithmeticError:
        return None
    if share <= 0:
        return "ours_only"
    if share < Decimal("0.45"):
        return "ours_main"
    return "equal" if share <= Decimal("0.55") else "rivals_main"


def in_default(r: Reader, _: Params) -> bool:
    """A default stands (G-17) or ended less than three months ago (G-18).

    Triggers read here: an undisputed item 90 days past due or more, above 5,000 CNY and 1 % of all receivables, each at
    the rate of the day (where one is missing, by the bare number); an insolvency signal. The three months after are held
    by the grade path, which knows when it ended.
    """
    if _signal(r, "insolvency"):
        return True
    lens = r.setting.lenses.index(UNDISPUTED) if UNDISPUTED in r.setting.lenses else 0
    for rate, code, position in r.parts:
        opened = position.opens[lens]
        largest = 0
        for due in opened.dues:
            if r.day - due < _DEFAULT_DAYS:
                break
            if due:
                largest = max(largest, *opened.items[due].values())
        if largest and largest > _default_least(r, code, rate):
            return True
    return False


def _default_least(r: Reader, code: str, rate: Decimal | None) -> int:
    """The amount in units of *code* above which an old item is default."""
    everything = r.balance(Params())
    share = (everything if rate is None else int(everything / rate)) // _DEFAULT_SHARE
    floor = r.context.from_cny(_DEFAULT_CNY, code, r.day)
    return max(_DEFAULT_CNY if floor is None else floor, share)
