"""What the projection keeps of an account, so that lists never fold anything."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from services.exposure.core.announce import Saying
from services.exposure.core.records import Hold, Limit, Reservation
from services.exposure.core.telling import payable
from services.exposure.core.watching import utilisation
from shared.core.approval.request import Approval


class Row(msgspec.Struct, frozen=True):
    """One account on its day, its amounts in its currency."""

    as_of: date
    currency: str
    grade: str | None
    limit: Decimal | None
    """The effective limit; None: none was granted."""
    exposure: Decimal
    reserved: Decimal
    """Of reservations that had not run out when the day began; the instant of a question may leave less."""
    utilisation: Decimal | None
    is_breached: bool
    mark: str
    overdue: Decimal
    days_past_due: int
    suspended_on: date | None
    missing: tuple[str, ...]
    """Currencies without a rate: the amounts are not certain."""
    region: str | None
    segment: str | None
    manager: str | None
    companies: tuple[str, ...]
    limits: tuple[Limit, ...]
    reservations: tuple[Reservation, ...]
    holds: tuple[Hold, ...]
    approvals: tuple[Approval, ...]


def row_of(saying: Saying) -> Row:
    """The row of an account after everything that was said of it."""
    account, figures, day = saying.account, saying.figures, saying.moment.day
    effective, currency = figures.effective, figures.currency
    grade, published = account.grade_on(day), account.published
    copied = msgspec.structs.replace
    return Row(
        as_of=date.fromordinal(day),
        currency=currency,
        grade=grade.grade if grade else None,
        limit=payable(effective.amount, currency) if effective.exists else None,
        exposure=payable(figures.total, currency),
        reserved=payable(figures.reserved(), currency),
        utilisation=utilisation(figures.total, effective.amount),
        is_breached=published.is_breached,
        mark=published.mark,
        overdue=payable(sum(one.amount for one in figures.overdue), currency),
        days_past_due=figures.late_days(),
        suspended_on=date.fromordinal(published.suspended_on) if published.suspended_on else None,
        missing=tuple(sorted(figures.missing)),
        region=account.attribute("region", day),
        segment=account.attribute("segment", day),
        manager=account.attribute("manager", day),
        companies=tuple(sorted(account.companies)),
        limits=tuple(copied(one) for one in account.limits.values() if not one.ended_on),
        reservations=tuple(copied(one) for one in account.reservations.values()),
        holds=tuple(account.holds.values()),
        approvals=tuple(copied(one) for one in account.approvals.values()),
    )
