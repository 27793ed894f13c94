"""What follows of how an account stands: reservations that were used, limits after a fall, breaches, supply, holds that clear.

Each decision is folded into a draft before the next is thought of, so what follows of it is seen at once, and nothing of the
account itself changes: the machine folds what is returned.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.exposure.core import adjusting, cutting, duties, group, lowering, preapproving, supply, watching
from services.exposure.core.answering import logged
from services.exposure.core.checking import CLEARED, WITHDRAWN, asked_of, let_go
from services.exposure.core.evolve import fold
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.instants import first_of, start_of, time_of
from services.exposure.core.judging import judge
from services.exposure.core.orders import is_booked
from services.exposure.core.records import HOUR, ISSUE, Hold, Reservation, told
from services.exposure.core.reserving import reservation_for
from services.exposure.core.state import Account
from services.exposure.core.telling import amount_of, given_back, payable, told_of, written
from shared.core.approval.timing import due
from shared.core.brain import Decided
from shared.core.events.base import Decision
from shared.core.events.limit import (
    OrderHeld,
    ReservationCommitted,
    ReservationExpired,
    ReservationMade,
)
from shared.core.ledger.sight import gross


class Saying:
    """What is said about one account, and how it stands after that."""

    def __init__(self, moment: Moment, cause: str) -> None:
        """Nothing is said yet."""
        self.moment, self.cause = moment, cause
        self.decided: list[Decided] = []
        self._figures: Figures | None = None
        self._before: Figures | None = None
        """The figures before the last decision: what they read of the books is still so."""
        self._is_draft = False

    @property
    def account(self) -> Account:
        """The account as it stands after what was said."""
        return self.moment.account

    @property
    def figures(self) -> Figures:
        """Its figures after what was said."""
        if self._figures is None:
            self._figures = Figures(self.moment, self._before)
        return self._figures

    def say(self, data: Decision, *, publish: bool = True) -> None:
        """Take one more decision."""
        if not self._is_draft:
            self.moment, self._is_draft = self.moment._replace(account=self.account.draft()), True
        self.decided.append(Decided(data, publish))
        fold(self.account, data)
        self._before, self._figures = self._figures or self._before, None

    def says(self, decided: list[Decided]) -> None:
        """Take several."""
        for one in decided:
            self.say(one.data, publish=one.publish)


def announce(moment: Moment, cause: str) -> Saying:
    """Everything that follows of how the account of *moment* stands."""
    saying = Saying(moment, cause)
    _reservations(saying)
    adjusting.fall(saying)
    adjusting.runs_out(saying)
    preapproving.void(saying)
    watching.limit(saying)
    watching.sub_limits(saying)
    watching.marks(saying)
    supply.follow(saying)
    if not saying.account.is_member(moment.day):
        clear_holds(saying)
    group.membership(saying)
    adjusting.rise(saying)
    cutting.unused(saying)
    lowering.worse(saying)
    preapproving.offer(saying)
    duties.follow(saying)
    _approvals(saying)
    return saying


def attend(moment: Moment) -> Sequence[Decided]:
    """What follows of what the members of a group owe: watch marks, and whether it is above its limit."""
    saying = Saying(moment, "fact")
    watching.limit(saying)
    watching.marks(saying)
    return saying.decided


def _reservations(saying: Saying) -> None:
    """Those whose order came are exposure now; those that ran out before the day began in any zone are over."""
    account, day = saying.account, saying.moment.day
    over = first_of(day)
    for one in list(account.reservations.values()):
        if _came(one, account, day):
            saying.say(ReservationCommitted(**told_of(account, day, saying.cause), **written(one)))
        elif one.expires_at <= over:
            expired = ReservationExpired(
                **told_of(account, day, "day"), **written(one), expires_at=time_of(one.expires_at)
            )
            saying.say(expired)


def _came(one: Reservation, account: Account, day: int) -> bool:
    """Whether the books know of the order as it was reserved: recorded, recorded under another number, or amended."""
    documents = account.ledger.documents
    held = documents.get(one.order_id)
    if held is not None and any(is_booked(documents[name], day) for name in held.replacers):
        return True
    if one.base >= 0 and not one.base_order:
        return held is not None and gross(held, day) != one.base
    return held is not None and is_booked(held, day)


def clear_holds(saying: Saying) -> None:
    """Held orders whose causes are gone let themselves go, the longest held first, each with the headroom it needs.

    One after the other on what the one before left: two that wait for the same headroom do not both get it. Those of a
    member of groups wait for who holds the groups, or other members would get the same headroom.
    """
    waiting = sorted(saying.account.holds.items(), key=lambda entry: entry[1].held_on)
    if saying.cause != "day":
        waiting = [(order, held) for order, held in waiting if not _still_too_much(saying, order, held)]
    for order, held in waiting:
        _let_itself_go(saying, order, held)
    for order, held in waiting:  # what they wait for may be another reason now that others have gone
        if order in saying.account.holds:
            _reasons(saying, held)


def _still_too_much(saying: Saying, order: str, held: Hold) -> bool:
    """Whether nothing is left for an order that is neither booked, kept nor paid for: a long queue costs a glance each."""
    account, figures = saying.account, saying.figures
    known = (account.prepayments, account.reservations, account.releases, account.ledger.documents)
    if held.replaces or held.what or any(order in one for one in known):
        return False
    if held.control_point == ISSUE or not {"LIMIT_EXCEEDED", "NO_LIMIT"} & set(held.reasons):
        return False
    if held.currency != figures.currency or saying.moment.rules.checks.observes(held.place):
        return False
    return figures.total + figures.reserved() + held.amount > figures.effective.amount


def _let_itself_go(saying: Saying, order: str, held: Hold) -> None:
    account, day = saying.account, saying.moment.day
    document = account.ledger.documents.get(order)
    if document is not None and is_booked(document, day) and gross(document, day) == 0:
        saying.says([let_go(saying.moment, held, 0, WITHDRAWN, saying.cause)])
        return
    asked = asked_of(account, held)
    figures = saying.figures
    judged = judge(figures, asked)
    if judged.decision != "approved":
        return
    check_id = f"ck-{account.published.checked + 1}"
    kept = reservation_for(figures, asked, judged, check_id)
    name = kept.reservation_id if kept is not None else None
    saying.say(logged(saying.moment, asked, judged, check_id, name, saying.cause), publish=False)
    saying.says([let_go(saying.moment, held, held.amount, CLEARED, saying.cause)])
    if kept is not None:
        if held.replaces:
            saying.says(given_back(account, day, held.replaces, saying.cause))
        ends = start_of(day + 1) + saying.moment.rules.checks.reserve_hours * HOUR
        saying.say(ReservationMade(**told_of(account, day, saying.cause), **written(kept), expires_at=time_of(ends)))


def _reasons(saying: Saying, held: Hold) -> None:
    """Say again why *held* waits, where that is for other reasons now."""
    figures = saying.figures
    judged = judge(figures, asked_of(saying.account, held))
    if judged.reasons in {held.reasons, ()}:
        return
    again = OrderHeld(
        **told_of(saying.account, saying.moment.day, saying.cause),
        order_id=held.order_id,
        amount=amount_of(held.amount),
        currency=held.currency,
        reasons=judged.reasons,
        control_point=held.control_point,
        place=told(held.place),
        excess=payable(judged.excess, held.currency) if held.currency == figures.currency else None,
        check_id=held.check_id or None,
        replaces=held.replaces or None,
        document_kind=held.what or None,
    )
    saying.say(again)


def _approvals(saying: Saying) -> None:
    """Requests that waited too long: reminders, deputies, lapses (AP-04.03)."""
    day = saying.moment.day
    said = told_of(saying.account, day, "day")
    found = [due(one, day, said) for one in saying.account.approvals.values()]
    for one in found:
        if one is not None:
            saying.say(one)
