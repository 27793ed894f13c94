"""The credit check as a command: judged on the folded account, and what follows of it. A query writes nothing.

One order has one reservation. The same question again is the same act: where headroom is kept for it, that is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from services.exposure.core.answering import answer, logged
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.judging import PREPAID, RESERVED, Asked, Judged, judge, same_question
from services.exposure.core.records import ORDER, Answer, Hold, told
from services.exposure.core.reserving import committed, ends_at, is_in_books, reservation_for, reserved
from services.exposure.core.state import Account
from services.exposure.core.telling import amount_of, expired, given_back, payable, told_of
from shared.core.brain import Decided
from shared.core.events.limit import OrderHeld, OrderReleased, ReservationMade

CLEARED, REPLACED, WITHDRAWN, REFUSED = "CLEARED", "REPLACED", "WITHDRAWN", "REFUSED"
"""Why an order is held no more, where nobody let it go."""


class Act(NamedTuple):
    """What is to be appended, and what is answered. Nothing to append: nothing is."""

    decisions: Sequence[Decided]
    answer: Any


def check(moment: Moment, asked: Asked) -> Act:
    """Carry out the credit check *asked* on *moment*."""
    figures = Figures(moment)
    judged = judge(figures, asked)
    match asked.kind:
        case "query":
            decided: list[Decided] = []
        case "release":
            decided = _release(moment, asked)
        case _:
            decided = _reserve(figures, asked, judged)
    if decided:
        decided = [*_over(moment, decided), *decided]
    return Act(decided, answer(figures, asked, judged, decided))


def _over(moment: Moment, decided: Sequence[Decided]) -> list[Decided]:
    """The reservations that ran out, those left alone that *decided* says more of."""
    spoken = {getattr(one.data, "reservation_id", None) for one in decided}
    over = expired(moment.account, moment.day, moment.now)
    return [one for one in over if getattr(one.data, "reservation_id", "") not in spoken]


def _reserve(figures: Figures, asked: Asked, judged: Judged) -> list[Decided]:
    """Approve and keep headroom, or hold; what was kept or held for the same order follows."""
    moment, account = figures.moment, figures.account
    if judged.exclusion == RESERVED and asked.kind == "reserve":
        return []
    check_id = f"ck-{account.published.checked + 1}"
    made: list[Decided] = []
    if judged.decision == "approved":
        made += _free(moment, asked, CLEARED)
        made += _keep(figures, asked, judged, check_id)
    elif judged.decision == "held":
        made += _hold(figures, asked, judged, check_id)
    else:
        made += _withdrawn(moment, asked.order_id, REFUSED)
    if not made and _as_before(account.answers.get(asked.order_id), asked, judged):
        return []
    reservation = next((one.data.reservation_id for one in made if isinstance(one.data, ReservationMade)), None)
    return [Decided(logged(moment, asked, judged, check_id, reservation), publish=False), *made]


def _as_before(held: Answer | None, asked: Asked, judged: Judged) -> bool:
    """Whether the order was answered so before, for the same reasons."""
    if held is None or held.decision != judged.decision or not same_question(held, asked):
        return False
    was = [(name, verdict, reason) for name, _, _, _, verdict, reason in held.steps]
    return was == [(step.name, step.verdict, step.reason) for step in judged.steps]


def _keep(figures: Figures, asked: Asked, judged: Judged, check_id: str) -> list[Decided]:
    """Keep headroom for what the order adds beyond what is in the books or kept already."""
    moment, account = figures.moment, figures.account
    made: list[Decided] = []
    if asked.replaces:
        made += given_back(account, moment.day, asked.replaces, "fact")
    held = account.reservations.get(asked.order_id)
    made_now = reservation_for(figures, asked, judged, check_id)
    if made_now is None:
        enough = judged.exclusion == PREPAID or (asked.control_point == ORDER and is_in_books(figures, asked, judged))
        if held is not None and enough:
            made += given_back(account, moment.day, asked.order_id, "fact")
        elif held is not None and asked.kind in {"extend", "commit"} and figures.counted(held):
            made_now = msgspec.structs.replace(held, expires_at=ends_at(moment, asked.kind))
    if made_now is not None:
        made.append(Decided(reserved(moment, made_now), publish=True))
        if asked.kind == "commit":
            made.append(Decided(committed(moment, made_now), publish=True))
    return made


def _hold(figures: Figures, asked: Asked, judged: Judged, check_id: str) -> list[Decided]:
    """Put the order in the queue; where it waits for the same reasons already, nothing is said twice."""
    moment, account = figures.moment, figures.account
    made = _withdrawn(moment, asked.replaces, REPLACED) if asked.replaces else []
    held = account.holds.get(asked.order_id)
    now = (asked.amount, asked.currency, asked.control_point, judged.reasons, asked.place)
    if held is not None and (held.amount, held.currency, held.control_point, held.reasons, held.place) == now:
        return made
    order = OrderHeld(
        **told_of(account, moment.day, "fact"),
        order_id=asked.order_id,
        amount=amount_of(asked.amount),
        currency=asked.currency,
        reasons=judged.reasons,
        control_point=asked.control_point,
        place=told(asked.place),
        excess=payable(judged.excess, asked.currency) if asked.currency == figures.currency else None,
        check_id=check_id,
        replaces=asked.replaces or None,
        document_kind=asked.what or None,
    )
    return [*made, Decided(order, publish=True)]


def _free(moment: Moment, asked: Asked, why: str) -> list[Decided]:
    """The order waits no more, nor does the one whose place it takes."""
    made = _withdrawn(moment, asked.replaces, REPLACED) if asked.replaces else []
    held = moment.account.holds.get(asked.order_id)
    return [*made, let_go(moment, held, asked.amount, why)] if held is not None else made


def asked_of(account: Account, held: Hold) -> Asked:
    """The question that put *held* in the queue."""
    said = account.answers.get(held.order_id)
    return Asked(
        order_id=held.order_id,
        amount=held.amount,
        currency=held.currency,
        control_point=held.control_point,
        place=held.place,
        replaces=held.replaces,
        terms=said.terms if said is not None else "",
        deliver_on=said.deliver_on if said is not None else 0,
        what=held.what,
    )


def let_go(moment: Moment, held: Hold, amount: int, why: str, cause: str = "fact") -> Decided:
    """*held* waits no more, and nobody let it go: *amount* of it may go out, 0 where it was withdrawn."""
    released = OrderReleased(
        **told_of(moment.account, moment.day, cause),
        order_id=held.order_id,
        amount=amount_of(amount),
        currency=held.currency,
        reasons=(why,),
        control_point=held.control_point or None,
        place=told(held.place),
    )
    return Decided(released, publish=True)


def _withdrawn(moment: Moment, order: str, why: str) -> list[Decided]:
    held = moment.account.holds.get(order)
    return [let_go(moment, held, 0, why)] if held is not None else []


def _release(moment: Moment, asked: Asked) -> list[Decided]:
    """Give back what is kept for the order, which will not come. What lowers exposure is never blocked."""
    return [
        *given_back(moment.account, moment.day, asked.order_id, "fact"),
        *_withdrawn(moment, asked.order_id, WITHDRAWN),
    ]
