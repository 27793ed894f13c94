"""What the core says of groups, as bodies of answers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from services.exposure.api import telling
from services.exposure.core.figures import Figures
from services.exposure.core.formulas import converted
from services.exposure.core.listing import Standing
from services.exposure.core.telling import payable
from services.exposure.core.watching import utilisation
from services.exposure.handlers.grouping import Seen


def stand(found: Seen) -> dict[str, Any]:
    """Where a group stands."""
    figures, account, day = Figures(found.moment), found.moment.account, found.moment.day
    declared, currency = account.group, figures.currency
    assert declared is not None, "the handler has looked"
    total, reserved, limit = figures.total, figures.reserved(), figures.effective
    bound = limit.exists or bool(limit.expired_on)
    used = utilisation(total, limit.amount)
    return {
        "group_id": account.customer_id,
        "name": declared.name,
        "currency": currency,
        "lead": declared.lead or None,
        "since": date.fromordinal(declared.since),
        "ended_on": date.fromordinal(declared.ended_on) if declared.ended_on else None,
        "as_of": date.fromordinal(day),
        "limit": str(payable(limit.amount, currency)) if bound else None,
        "exposure": str(payable(total, currency)),
        "reserved": str(payable(reserved, currency)),
        "headroom": str(payable(limit.amount - total - reserved, currency)) if bound else None,
        "utilisation": None if used is None else format(used, "f"),
        "is_breached": account.published.is_breached,
        "missing": sorted(figures.missing),
    }


def group(found: Seen, known_at: datetime) -> dict[str, Any]:
    """A group, its limits and its members."""
    account, day = found.moment.account, found.moment.day
    return {
        **stand(found),
        "known_at": known_at,
        "version": found.moment.version,
        "limits": [telling.limit_told(one, day) for one in account.limits.values() if not one.ended_on],
        "members": [_member(one, found) for one in found.members],
    }


def _member(one: Standing, found: Seen) -> dict[str, Any]:
    figures = Figures(found.moment)
    total, day = figures.total, found.moment.day
    mine = converted(one.exposure, one.currency, figures.currency, found.moment.references, day)
    share = None
    if mine is not None and total > 0 and not figures.missing:
        share = format((Decimal(mine) / Decimal(total)).quantize(Decimal("1e-4"), ROUND_DOWN), "f")
    return {
        "customer_id": one.customer_id,
        "since": one.since,
        "until": one.until,
        "currency": one.currency,
        "exposure": str(payable(one.exposure, one.currency)),
        "reserved": str(payable(one.reserved, one.currency)),
        "share": share,
    }
