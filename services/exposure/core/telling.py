"""What every decision carries, and the small ones that several places make."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

from services.exposure.core.instants import time_of
from services.exposure.core.records import Reservation, told
from services.exposure.core.state import Account
from shared.core.brain import Decided
from shared.core.events.limit import ReservationExpired, ReservationReleased
from shared.core.ledger.documents import UNIT
from shared.core.money import QUANTA

LABELS = ("region", "segment", "industry", "manager", "kind")
_ONE = Decimal(10) ** UNIT


def told_of(account: Account, day: int, cause: str) -> dict[str, Any]:
    """`as_of`, `cause` and `labels` of a decision about *account* on *day*."""
    labels = {name: str(value) for name in LABELS if (value := account.attribute(name, day))}
    return {"as_of": date.fromordinal(day), "cause": cause, "labels": labels}


def amount_of(units: int) -> Decimal:
    """*units* of 10⁻⁴ as an amount; exact."""
    return Decimal(units) / _ONE


def payable(units: int, currency: str) -> Decimal:
    """*units* as an amount of *currency*, rounded down to its minor unit: a limit or an excess that was converted."""
    return amount_of(units).quantize(QUANTA[currency], ROUND_DOWN)


def written(one: Reservation) -> dict[str, Any]:
    """The fields of a decision about a reservation."""
    return {
        "reservation_id": one.reservation_id,
        "order_id": one.order_id,
        "amount": amount_of(one.amount),
        "currency": one.currency,
        "place": told(one.place),
        "check_id": one.check_id or None,
        "booked": amount_of(one.base) if one.base >= 0 else None,
        "replaces": one.base_order or None,
        "document_kind": one.what or None,
    }


def expired(account: Account, day: int, now: int) -> list[Decided]:
    """The reservations whose time was over by the instant *now*: written down by whoever looks first."""
    over = [one for one in account.reservations.values() if one.expires_at <= now]
    said = told_of(account, day, "day")
    return [
        Decided(ReservationExpired(**said, **written(one), expires_at=time_of(one.expires_at)), publish=True)
        for one in over
    ]


def given_back(account: Account, day: int, order: str, cause: str) -> list[Decided]:
    """That what is kept for *order* is given back; nothing where nothing is kept."""
    held = account.reservations.get(order)
    if held is None:
        return []
    return [Decided(ReservationReleased(**told_of(account, day, cause), **written(held)), publish=True)]
