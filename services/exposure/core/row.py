"""What the projection keeps of an account, so that lists never fold anything."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_UP, Decimal

import msgspec

from services.exposure.core.announce import Saying
from services.exposure.core.records import Hold, Limit, Membership, Reservation
from services.exposure.core.spreading import Spread, spread_of
from services.exposure.core.telling import amount_of, payable
from services.exposure.core.watching import utilisation
from shared.core.approval.request import Approval
from shared.core.money import QUANTA


class Row(msgspec.Struct, frozen=True):
    """One account on its day, its amounts in its currency."""

    as_of: date
    currency: str
    grade: str | None
    limit: Decimal | None
    """The effective limit; None: none was granted."""
    exposure: Decimal
    """Rounded up to the minor unit, as what is reserved: a sum of many never falls short."""
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
    spread: tuple[Spread, ...]
    """By industry, product group and salesperson."""


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
        exposure=_whole(figures.total, currency),
        reserved=_whole(figures.reserved(), currency),
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
        spread=spread_of(figures),
    )


class GroupRow(msgspec.Struct, frozen=True):
    """One group on its day. What its members owe is in their rows."""

    as_of: date
    name: str
    currency: str
    lead: str | None
    since: date | None
    """None: it is asked for, and not declared yet."""
    ended_on: date | None
    limit: Decimal | None
    is_breached: bool
    mark: str
    members: tuple[tuple[str, Membership], ...]
    approvals: tuple[Approval, ...]


def group_row_of(saying: Saying) -> GroupRow:
    """The row of a group after everything that was said of it."""
    account, day = saying.account, saying.moment.day
    declared, effective, published = account.group, saying.figures.effective, account.published
    assert declared is not None, "only a group has such a row"
    copied = msgspec.structs.replace
    return GroupRow(
        as_of=date.fromordinal(day),
        name=declared.name,
        currency=declared.currency,
        lead=declared.lead or None,
        since=date.fromordinal(declared.since) if declared.since else None,
        ended_on=date.fromordinal(declared.ended_on) if declared.ended_on else None,
        limit=payable(effective.amount, effective.currency) if effective.exists else None,
        is_breached=published.is_breached,
        mark=published.mark,
        members=tuple((name, copied(one)) for name, one in sorted(declared.members.items())),
        approvals=tuple(copied(one) for one in account.approvals.values()),
    )


def _whole(units: int, currency: str) -> Decimal:
    return amount_of(units).quantize(QUANTA[currency], ROUND_UP)
