"""The fold: facts as every service folds them, what rating decided, and exposure's own decisions. No conclusion is drawn."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from typing import Any

from services.exposure.core import excepting, group, noted
from services.exposure.core.instants import instant
from services.exposure.core.records import Answer, Grade, Hold, Limit, Release, Reservation, called, placed
from services.exposure.core.state import ANSWERS_KEPT, ENDED_KEPT, Account
from shared.core.approval import request as approval
from shared.core.customer import evolve as customer
from shared.core.envelope import Event
from shared.core.events.approval import ABOUT_LIMITS, ApprovalDecision, ApprovalRequested
from shared.core.events.base import Decision
from shared.core.events.granting import CheckDecided, LimitEnded, LimitGranted
from shared.core.events.limit import (
    LimitBreached,
    LimitChanged,
    LimitRestored,
    OrderHeld,
    OrderReleased,
    ReservationCommitted,
    ReservationExpired,
    ReservationMade,
    ReservationReleased,
    SupplyResumed,
    SupplySuspended,
)
from shared.core.events.payment import PaymentRecorded
from shared.core.events.rating import DecisionCorrected, GradeChanged
from shared.core.ledger.documents import NOWHERE, units

CREDIT = "credit"
SYSTEM = "gradeline"
"""Who asks where the rules propose something: nobody who could grant it."""


def evolve(account: Account, event: Event) -> None:
    """Fold *event* into *account*. Total: a decision that means nothing to exposure changes nothing."""
    data = event.data
    if not isinstance(data, Decision):
        customer.evolve(account, event)
        if isinstance(data, PaymentRecorded) and data.for_order is not None:
            named = account.prepayments.setdefault(data.for_order, [])
            if data.payment_id not in named:
                named.append(data.payment_id)
    elif isinstance(data, GradeChanged):
        _graded(account, data, event)
    else:
        fold(account, data)


def fold(account: Account, data: Decision) -> None:
    """Fold a decision about which the envelope says nothing more."""
    if isinstance(data, ApprovalDecision):
        if data.kind in ABOUT_LIMITS:
            approval.evolve(account.approvals, data)
            if isinstance(data, ApprovalRequested) and data.by == SYSTEM:
                account.published.proposed = data.approval_id
    elif (handler := _HANDLERS.get(type(data))) is not None:
        handler(account, data)


def _day(on: Any) -> int:
    return on.toordinal() if on else 0


def _graded(account: Account, data: GradeChanged, event: Event) -> None:
    if data.purpose != CREDIT:
        return
    grade = Grade(
        data.as_of.toordinal(),
        event.sequence or "",
        data.to,
        data.method,
        event.id,
        data.refusal or "",
        _day(data.valid_until),
    )
    insort(account.grades, grade, key=lambda one: (one.day, one.sequence, one.event))


def _corrected(account: Account, data: DecisionCorrected) -> None:
    """What a grade would have been is kept beside what it was: what was decided from it stays decided."""
    if data.purpose != CREDIT:
        return
    said = {one.id: one.would_be for one in data.decisions}
    for one in account.grades:
        if one.event in said:
            one.restated, one.is_restated = said[one.event], said[one.event] != one.grade


def _granted(account: Account, data: LimitGranted) -> None:
    published = account.published
    before = _own_amount(account, data)
    limit = Limit(
        data.limit_id,
        data.kind,
        units(data.amount),
        data.currency,
        data.as_of.toordinal(),
        data.valid_from.toordinal(),
        _day(data.valid_to),
        str(data.share) if data.share is not None else "1",
        placed(data.place),
        _day(data.review_on),
        _day(data.stop_on),
        data.conditions,
        data.reason or "",
        data.by or "",
        data.approval_id or "",
        data.grade,
        seq=published.granted,
        formula=tuple(data.formula.items()),
    )
    account.limits[limit.limit_id] = limit
    published.granted += 1
    if before is not None and limit.kind in {"policy", "management"} and limit.place == NOWHERE:
        if limit.amount > before:
            published.risen_on = limit.granted_on
        elif limit.amount < before:
            published.adjusted_on = limit.granted_on
    _forget_ended(account)


def _own_amount(account: Account, data: LimitGranted) -> int | None:
    """What the own limit of the whole customer was before *data*; None: there was none, or in another currency."""
    held = [one for one in account.own() if one.currency == data.currency and not one.ended_on]
    return max(held, key=lambda one: one.newness).amount if held else None


def _forget_ended(account: Account) -> None:
    over = [name for name, one in account.limits.items() if one.ended_on]
    for name in over[: max(0, len(over) - ENDED_KEPT)]:
        del account.limits[name]


def _ended(account: Account, data: LimitEnded) -> None:
    held = account.limits.get(data.limit_id)
    if held is not None and not held.ended_on:
        held.ended_on, held.ended_because = data.as_of.toordinal(), data.reason


def _changed(account: Account, data: LimitChanged) -> None:
    published = account.published
    if data.place:
        held = (place := placed(data.place), units(data.to) if data.to is not None else 0, data.currency)
        published.places = {**published.places, called(place): held}
        return
    published.limit = units(data.to) if data.to is not None else None
    published.currency, published.limit_id, published.valid_to = data.currency, data.limit_id, _day(data.valid_to)


def _breached(is_breached: bool) -> Callable[[Account, Any], None]:
    def handle(account: Account, _: Any) -> None:
        account.published.is_breached = is_breached

    return handle


def _reserved(account: Account, data: ReservationMade) -> None:
    grade = account.grade_on(data.as_of.toordinal())
    account.reservations[data.order_id] = Reservation(
        data.reservation_id,
        data.order_id,
        units(data.amount),
        data.currency,
        data.as_of.toordinal(),
        instant(data.expires_at),
        units(data.booked) if data.booked is not None else -1,
        data.replaces or "",
        placed(data.place),
        data.check_id or "",
        grade=grade.grade if grade else None,
        what=data.document_kind or "",
    )


def _committed(account: Account, data: ReservationCommitted) -> None:
    """With an end it is confirmed and waits for its document; without one the document came, and it is exposure."""
    held = account.reservations.get(data.order_id)
    if held is None or held.reservation_id != data.reservation_id:
        return
    if data.expires_at is None:
        del account.reservations[data.order_id]
    else:
        held.committed, held.expires_at, held.amount = True, instant(data.expires_at), units(data.amount)


def _given_back(account: Account, data: ReservationReleased | ReservationExpired) -> None:
    held = account.reservations.get(data.order_id)
    if held is not None and held.reservation_id == data.reservation_id:
        del account.reservations[data.order_id]


def _held(account: Account, data: OrderHeld) -> None:
    account.holds[data.order_id] = Hold(
        data.order_id,
        units(data.amount),
        data.currency,
        data.control_point or "",
        data.reasons,
        data.as_of.toordinal(),
        units(data.excess) if data.excess is not None else 0,
        placed(data.place),
        data.check_id or "",
        data.replaces or "",
        data.document_kind or "",
    )


def _released(account: Account, data: OrderReleased) -> None:
    held = account.holds.pop(data.order_id, None)
    if data.by is None:
        return
    account.releases.pop(data.order_id, None)
    answer = account.answers.get(data.order_id)
    account.releases[data.order_id] = Release(
        data.order_id,
        units(data.amount),
        data.currency,
        data.as_of.toordinal(),
        _day(data.valid_until),
        data.by,
        data.reasons or (held.reasons if held else ()),
        data.note or "",
        units(data.excess) if data.excess is not None else 0,
        answer.terms if answer is not None else "",
        placed(data.place),
    )
    for name in list(account.releases)[: max(0, len(account.releases) - ENDED_KEPT)]:
        del account.releases[name]


def _answered(account: Account, data: CheckDecided) -> None:
    account.published.checked += 1
    account.answers.pop(data.order_id, None)
    steps = tuple((s.name, s.value, s.threshold, s.strength, s.verdict, s.reason) for s in data.steps)
    account.answers[data.order_id] = Answer(
        data.check_id,
        data.order_id,
        units(data.amount),
        data.currency,
        data.control_point,
        data.decision,
        data.as_of.toordinal(),
        instant(data.at),
        steps,
        placed(data.place),
        data.reservation_id or "",
        data.replaces or "",
        data.terms or "",
        data.by or "",
        data.document_kind or "",
        _day(data.deliver_on),
    )
    while len(account.answers) > ANSWERS_KEPT:
        del account.answers[next(iter(account.answers))]


def _suspended(account: Account, data: SupplySuspended) -> None:
    published = account.published
    published.suspended_on, published.suspended_because = data.as_of.toordinal(), data.reason
    published.suspended_by = data.by or ""


def _resumed(account: Account, data: SupplyResumed) -> None:
    published = account.published
    published.suspended_on, published.suspended_because, published.suspended_by = 0, "", ""
    published.resumed_on = data.as_of.toordinal()


_HANDLERS: dict[type, Callable[[Account, Any], None]] = {
    DecisionCorrected: _corrected,
    LimitGranted: _granted,
    LimitEnded: _ended,
    LimitChanged: _changed,
    LimitBreached: _breached(True),
    LimitRestored: _breached(False),
    ReservationMade: _reserved,
    ReservationCommitted: _committed,
    ReservationReleased: _given_back,
    ReservationExpired: _given_back,
    OrderHeld: _held,
    OrderReleased: _released,
    CheckDecided: _answered,
    SupplySuspended: _suspended,
    SupplyResumed: _resumed,
    **group.HANDLERS,
    **excepting.HANDLERS,
    **noted.HANDLERS,
}
