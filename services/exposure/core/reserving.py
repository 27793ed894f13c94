"""What has to be kept for an order so that it is covered, and the decisions that say so."""

from __future__ import annotations

from services.exposure.core.figures import Figures, Moment
from services.exposure.core.instants import first_of, time_of
from services.exposure.core.judging import PREPAID, Asked, Judged
from services.exposure.core.orders import is_booked
from services.exposure.core.records import HOUR, ORDER, Reservation
from services.exposure.core.telling import told_of, written
from shared.core.events.limit import ReservationCommitted, ReservationMade
from shared.core.ledger.sight import gross


def ends_at(moment: Moment, kind: str) -> int:
    """When a reservation that is made now runs out (LT-03.12). Where days are opened ahead of the clock, the day counts."""
    rules = moment.rules.checks
    hours = rules.commit_days * 24 if kind == "commit" else rules.reserve_hours
    return max(moment.now, first_of(moment.day)) + hours * HOUR


def reservation_for(figures: Figures, asked: Asked, judged: Judged, check_id: str) -> Reservation | None:
    """What has to be kept so that the order is covered; None: the books, or what is kept, cover it.

    What was paid beforehand is not kept; where the order is in another currency than the account, all of it is.
    """
    moment, account = figures.moment, figures.account
    if judged.exclusion == PREPAID:
        return None
    paid = judged.paid if asked.currency == figures.currency else 0
    worth = max(0, asked.amount - paid)
    before = asked.replaces or asked.order_id
    document = account.ledger.documents.get(before)
    base = gross(document, moment.day) if document is not None and is_booked(document, moment.day) else -1
    held = account.reservations.get(asked.order_id)
    kept = figures.counted(held) if held is not None else 0
    if asked.control_point != ORDER:
        open_ = figures.own(asked.orders)
        if open_ + figures.in_currency(kept, asked.currency) >= figures.in_currency(worth, asked.currency):
            return None
        worth += max(0, base - open_) if base >= 0 and asked.currency == figures.currency else 0
    if base >= worth or not worth:
        return None
    same = held is not None and held.amount == worth and held.base == base and kept > 0
    if same and asked.kind == "reserve":
        return None
    name = held.reservation_id if held is not None and kept > 0 else f"rs-{account.published.checked + 1}"
    grade = account.grade_on(moment.day)
    return Reservation(
        name,
        asked.order_id,
        worth,
        asked.currency,
        moment.day,
        ends_at(moment, asked.kind),
        base,
        asked.replaces if base >= 0 else "",
        asked.place,
        check_id,
        grade=grade.grade if grade else None,
        what=asked.what,
    )


def is_in_books(figures: Figures, asked: Asked, judged: Judged) -> bool:
    """Whether the books show at least as much of the order as is asked for: nothing has to be kept for it."""
    paid = judged.paid if asked.currency == figures.currency else 0
    worth = max(0, asked.amount - paid)
    document = figures.account.ledger.documents.get(asked.replaces or asked.order_id)
    if document is None or not is_booked(document, figures.day):
        return not worth
    return gross(document, figures.day) >= worth


def reserved(moment: Moment, one: Reservation) -> ReservationMade:
    """That *one* is kept from now on."""
    said = told_of(moment.account, moment.day, "fact")
    return ReservationMade(**said, **written(one), expires_at=time_of(one.expires_at))


def committed(moment: Moment, one: Reservation) -> ReservationCommitted:
    """That the seller confirmed the order of *one*."""
    said = told_of(moment.account, moment.day, "fact")
    return ReservationCommitted(**said, **written(one), expires_at=time_of(one.expires_at))
