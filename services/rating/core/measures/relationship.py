"""Relationship: how long, how regularly, and beside whom."""

from __future__ import annotations

from decimal import Decimal

from services.rating.core.measures.payment import due_documents
from services.rating.core.measures.reading import Params, Reader
from services.rating.core.measures.records import newest_report
from services.rating.core.measures.sales import months_known, sales_of_months
from shared.core.ledger.days import months_before, months_between

CONTRACT_DAYS = 92
"""So long before its end, a quarter, the days of a contract are counted; before that nothing moves with the day."""
_YEAR = Params(window="12m")


def relationship_months(r: Reader, _: Params) -> int | None:
    """Completed months since the first credit sale, or since the account was opened where that is earlier."""
    first = r.first_sale()
    opened = r.state.attribute("opened_on", r.day)
    if opened and opened <= r.day:
        first = min(first, opened) if first else opened
    return months_between(first, r.day) if first else None


def trading_months(r: Reader, _: Params) -> int | None:
    """Completed months since the first credit sale, the first invoice or debit note (G-04)."""
    first = r.first_sale()
    return months_between(first, r.day) if first else None


def new_customer(r: Reader, _: Params) -> bool:
    """Less than 6 months since the first credit sale, or fewer facts than G-04 (G-05)."""
    first = r.first_sale()
    if not first or months_between(first, r.day) < 6:
        return True
    return due_documents(r, _YEAR) < 3


def months_with_sales(r: Reader, p: Params) -> int:
    """In how many of the last whole months something was sold."""
    return sum(1 for sales in sales_of_months(r, months_known(r, p.window)) if sales > 0)


def contract_days_left(r: Reader, _: Params) -> int:
    """Days until the first contract that holds ends, within 92 days; 92 where none ends sooner (AL-06)."""
    return min([CONTRACT_DAYS, *(ends - r.day for ends in r.state.contract_ends(r.day))])


def rival_goods_class(r: Reader, _: Params) -> str | None:
    """ours_only · ours_main · equal · rivals_main, by the newest word or share reported; None after 12 months (RM-22.06, .07)."""
    held = newest_report(r, "rival_goods", "rival_goods_share")
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
