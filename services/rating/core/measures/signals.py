"""Signals: what the world outside says of a customer."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

from services.rating.core.measures.profile import register_check_age_months
from services.rating.core.measures.reading import Params, Reader
from services.rating.core.measures.records import is_open, records_of
from services.rating.core.measures.statements import net_assets_of, newest_statement
from shared.core.customer.state import Record
from shared.core.ledger.days import months_before, window_start


def signals_that_stand(r: Reader, *kinds: str) -> list[Record]:
    """Signals of one of *kinds* that are reported and not lifted."""
    if "signal" not in r.state.records:
        return []
    return [x for x in records_of(r, "signal") if x.what["kind"] in kinds and is_open(r, x)]


def _signalled(*kinds: str) -> Callable[[Reader, Params], bool]:
    """Make the measure: is a signal of one of *kinds* reported and not lifted."""

    def measure(r: Reader, _: Params) -> bool:
        """Whether such a signal is reported and not lifted."""
        return bool(signals_that_stand(r, *kinds))

    return measure


def public_record(r: Reader, _: Params) -> str | None:
    """The worst negative public record of 24 months as a code of table P10; None where nobody looked at the register."""
    low = months_before(r.day, 24)
    held = [x for x in records_of(r, "signal") if x.day > low or is_open(r, x)]
    enforcements = [x for x in held if x.what["kind"] == "enforcement"]
    if any(is_open(r, x) for x in enforcements):
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
    statement = newest_statement(r)
    net = net_assets_of(statement) if statement is not None else None
    if statement is not None and net is not None and net > 0:
        return net, str(statement.what["currency"])
    capital = r.state.attribute("paid_in_capital", r.day)
    currency = r.state.attribute("currency", r.day) or r.setting.currency
    return (Decimal(capital) if capital else None), str(currency)


def enforcement_open_ratio(r: Reader, _: Params) -> Decimal:
    """Open enforcement ÷ net assets (or paid-in capital); 1 where the means, an amount or a rate are unknown (G-20)."""
    return _ratio_of_means(r, "enforcement")


def lawsuit_ratio(r: Reader, _: Params) -> Decimal:
    """Open lawsuits ÷ net assets (or paid-in capital); 1 where the means, an amount or a rate are unknown (MN-23)."""
    return _ratio_of_means(r, "lawsuit")


def _ratio_of_means(r: Reader, kind: str) -> Decimal:
    held = signals_that_stand(r, kind)
    if not held:
        return Decimal(0)
    share = _share_of_means(r, held)
    return Decimal(1) if share is None else share.quantize(Decimal("1e-9"), ROUND_HALF_EVEN)


abnormal_operation = _signalled("abnormal_operation")
judgment_debtor = _signalled("dishonest_debtor")
licence_revoked = _signalled("licence_revoked", "licence_cancelled")
serious_violations = _signalled("blacklist", "serious_violation")
insolvency = _signalled("insolvency")


def signals(r: Reader, p: Params) -> int:
    """Signals reported in the window, lifted or not; *kind*, *severity*: of these only."""
    low = window_start(r.day, p.window)
    return sum(1 for x in records_of(r, "signal") if x.day > low and _asked(x, p))


def open_signals(r: Reader, p: Params) -> int:
    """Signals reported and not lifted; *kind*, *severity*: of these only."""
    return sum(1 for x in records_of(r, "signal") if is_open(r, x) and _asked(x, p))


def _asked(signal: Record, p: Params) -> bool:
    return p.word("kind") in ("", signal.what["kind"]) and p.word("severity") in ("", signal.what.get("severity"))
