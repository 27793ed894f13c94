"""The answer to a credit check: what was decided, every step, what is kept, and how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from services.exposure.core.figures import Figures, Moment
from services.exposure.core.instants import instant, start_of, time_of
from services.exposure.core.judging import Asked, Judged
from services.exposure.core.records import told
from services.exposure.core.telling import amount_of, told_of
from services.exposure.core.term import Term, term_of
from shared.core.brain import Decided
from shared.core.events.granting import CheckDecided
from shared.core.events.limit import ReservationCommitted, ReservationMade
from shared.core.ledger.documents import units


class Kept(msgspec.Struct, frozen=True):
    """Headroom that is kept."""

    reservation_id: str
    amount: int
    currency: str
    expires_at: int
    committed: bool


class Checked(msgspec.Struct, frozen=True):
    """The answer to a credit check."""

    asked: Asked
    check_id: str | None
    """None: nothing of it was written."""
    judged: Judged
    reservation: Kept | None
    day: int
    at: int
    version: int
    lag: int | None
    """Microseconds since the last fact that was heard; None: not known."""
    currency: str
    limit: int
    """Of the whole customer, in `currency`."""
    exposure: int
    reserved: int
    rules: str
    term: Term
    """The credit term of the customer, as it was found."""


def logged(
    moment: Moment, asked: Asked, judged: Judged, check_id: str, reservation: str | None, cause: str = "fact"
) -> CheckDecided:
    """What the log keeps of an answer; *reservation*: the id of what is kept by it."""
    account = moment.account
    held = account.reservations.get(asked.order_id)
    return CheckDecided(
        **told_of(account, moment.day, cause),
        check_id=check_id,
        order_id=asked.order_id,
        amount=amount_of(asked.amount),
        currency=asked.currency,
        control_point=asked.control_point,
        decision=judged.decision,
        at=time_of(moment.now or start_of(moment.day)),
        steps=judged.steps,
        place=told(asked.place),
        exclusion=judged.exclusion,
        observed=judged.observed,
        would_be=judged.would_be if judged.would_be != judged.decision else None,
        reservation_id=reservation or (held.reservation_id if held else None),
        replaces=asked.replaces or None,
        document_kind=asked.what or None,
        terms=asked.terms or None,
        deliver_on=date.fromordinal(asked.deliver_on) if asked.deliver_on else None,
        rules=moment.rules.checks.version,
        by=asked.by or None,
        from_version=moment.version,
    )


def answer(figures: Figures, asked: Asked, judged: Judged, decided: Sequence[Decided]) -> Checked:
    """What is answered to *asked*, once *decided* is appended."""
    moment, account = figures.moment, figures.account
    kept = account.reservations.get(asked.order_id)
    reservation = None
    if kept is not None and figures.counted(kept) and asked.kind != "release":
        reservation = Kept(kept.reservation_id, kept.amount, kept.currency, kept.expires_at, kept.committed)
    check_id = None
    for one in decided:
        data = one.data
        if isinstance(data, CheckDecided):
            check_id = data.check_id
        elif isinstance(data, ReservationMade | ReservationCommitted) and data.expires_at is not None:
            ends, confirmed = instant(data.expires_at), isinstance(data, ReservationCommitted)
            reservation = Kept(data.reservation_id, units(data.amount), data.currency, ends, confirmed)
    return Checked(
        asked=asked,
        check_id=check_id,
        judged=judged,
        reservation=reservation,
        day=moment.day,
        at=moment.now,
        version=moment.version,
        lag=max(0, moment.now - moment.seen_at) if moment.seen_at and moment.now else None,
        currency=figures.currency,
        limit=figures.effective.amount,
        exposure=figures.total,
        reserved=figures.reserved(),
        rules=moment.rules.checks.version,
        term=term_of(figures),
    )
