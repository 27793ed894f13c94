"""Limits that nobody uses: the machine proposes to cut them, and people decide (LT-10).

The use of a month is the exposure at its end, so what is proposed in a month follows from the months before it and from nothing
that happens on the day.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from services.exposure.core.adjusting import MACHINE
from services.exposure.core.evolve import SYSTEM
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.formulas import rounded_down, times
from services.exposure.core.records import Limit
from services.exposure.core.requesting import LimitWanted, ask_for
from services.exposure.core.telling import amount_of
from shared.core.ledger.days import FAR, first_of_month, month_index, months_before
from shared.core.ledger.documents import NOWHERE

if TYPE_CHECKING:
    from services.exposure.core.announce import Saying


def unused(saying: Saying) -> None:
    """Propose a lower own limit where hardly any of it was used for months; asked once a quarter, so that a no is a no."""
    account, moment = saying.account, saying.moment
    month, own = month_index(moment.day), own_limit(moment)
    late = account.late is not None and account.late[0] < first_of_month(month)
    if own is None or (account.reviewed == month and not late):
        return
    account.reviewed = month
    name = f"ap-cut-{own.seq}-{month // 3}"
    if name in account.approvals or moment.day < _old_enough(own, moment):
        return
    rules = moment.rules.limits.cut
    peak = _peak(moment, own)
    amount = rounded_down(times(peak, rules.factor), moment.rules.limits.digits) if peak is not None else own.amount
    if peak is None or peak >= times(own.amount, rules.use) or amount >= own.amount:
        return
    wanted = LimitWanted(
        customer_id=account.customer_id,
        kind=own.kind,
        amount=str(amount_of(amount)),
        currency=own.currency,
        reason=f"LT-10: at most {amount_of(peak)} of it was used in {rules.months} months",
        evidence=f"month ends up to {date.fromordinal(first_of_month(month) - 1)}",
        by=SYSTEM,
    )
    for one in ask_for(moment, name, wanted, MACHINE, register={}):
        saying.say(one)


def next_review(moment: Moment) -> int:
    """The next day on which a cut may be thought of: the first of a month; far where there is no limit to cut."""
    own = own_limit(moment)
    if own is None:
        return FAR
    return max(first_of_month(month_index(moment.day) + 1), _old_enough(own, moment))


def own_limit(moment: Moment) -> Limit | None:
    """The own limit of the whole customer that holds, where it gives any credit."""
    if moment.account.group is not None:
        return None
    held = [one for one in moment.account.own(NOWHERE) if one.holds(moment.day)]
    kinds = [one for one in held if one.kind == "management"] or held
    own = max(kinds, key=lambda one: one.newness, default=None)
    return own if own is not None and own.amount else None


def _old_enough(own: Limit, moment: Moment) -> int:
    """The first day of the first month before which the limit held for so many whole months."""
    begun = months_before(max(own.granted_on, own.valid_from), -moment.rules.limits.cut.months)
    return first_of_month(month_index(begun) + 1)


def _peak(moment: Moment, own: Limit) -> int | None:
    """The most that was used at the ends of the last months, in the currency of *own*; None where a rate is missing."""
    most, month = 0, month_index(moment.day)
    for back in range(moment.rules.limits.cut.months):
        figures = Figures(moment._replace(day=first_of_month(month - back) - 1))
        if figures.currency != own.currency:
            most = -1
            break
        most = max(most, figures.total)
        if figures.missing:
            most = -1
            break
    moment.account.ledger.move_to(moment.day)
    return most if most >= 0 else None
