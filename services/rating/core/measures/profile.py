"""Profile and registry: who the customer is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from services.rating.core.measures.reading import Params, Reader
from services.rating.core.measures.records import newest_report
from shared.core.ledger.days import months_between
from shared.core.ledger.documents import units


def _attribute(name: str) -> Callable[[Reader, Params], str | None]:
    """Make the measure that reads a profile attribute."""

    def measure(r: Reader, _: Params) -> str | None:
        """The attribute of the profile as last told; before the first time it was told, that first value."""
        value = r.state.attribute(name, r.day)
        return None if value is None else str(value)

    return measure


customer_kind = _attribute("kind")
customer_status = _attribute("status")
industry = _attribute("industry")
sector = _attribute("industry")
size_class = _attribute("size_class")
region = _attribute("region")
segment = _attribute("segment")
ownership = _attribute("ownership")


def industry_class(r: Reader, _: Params) -> str | None:
    """support · neutral · control · reduce, by the published industry list; None where the industry is not on it."""
    industry = r.state.attribute("industry", r.day)
    value = r.context.value("industry_list", str(industry), r.day) if industry else None
    return None if value is None else str(value)


def head_count(r: Reader, _: Params) -> int | None:
    """Persons, as the profile last said."""
    value = r.state.attribute("head_count", r.day)
    return None if value is None else int(value)


def paid_in_capital(r: Reader, _: Params) -> Decimal | None:
    """Paid-in capital, as the profile last said; None where it did not, or the rate of its currency is missing."""
    capital = r.state.attribute("paid_in_capital", r.day)
    if capital is None:
        return None
    own = r.state.attribute("currency", r.day) or r.setting.currency
    held = r.converted(units(Decimal(capital)), str(own))
    return None if held is None else r.money(held)


def register_check_age_months(r: Reader, _: Params) -> int | None:
    """Completed months since somebody last looked at the company register (reported measure `register_check`)."""
    held = newest_report(r, "register_check")
    return months_between(held[0], r.day) if held else None
