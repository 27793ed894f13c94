"""What staff have to do about advance funding by a date is told to them once, in time (LT-22, LT-23, LT-25, LT-27)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from services.exposure.core import advances
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.holding import ADVANCE
from services.exposure.core.limits import advance_limit
from services.exposure.core.state import Account
from services.exposure.core.telling import told_of
from shared.core.events import rating
from shared.core.events.rating import ReviewDue
from shared.core.ledger.days import FAR, months_before

if TYPE_CHECKING:
    from services.exposure.core.announce import Saying

METHOD = "advance-funding"
"""In the place of a method of rating, in what is said to be due."""
CHECK = "LT-27"
RUN_DOWN = "LT-23"


def follow(saying: Saying) -> None:
    """Say what is to be done by when, each once."""
    if not _concerns(saying.account):
        return
    for name, due in _due(saying.figures):
        if name not in saying.account.published.duties:
            said = told_of(saying.account, saying.moment.day, saying.cause)
            on = date.fromordinal(due)
            saying.say(ReviewDue(**said, review_id=name, method=METHOD, due_on=on, purpose=rating.ADVANCE))


def _due(figures: Figures) -> list[tuple[str, int]]:
    """(name, due day) of what is to be done, as far as it is time to say so. Arrears without a grant: once a month."""
    day, rules, found = figures.day, figures.moment.rules.advances, []
    for rule, due in advances.standing(figures).tasks:
        if rule == CHECK and due - rules.check_ahead > day:
            continue
        when = f"{date.fromordinal(due):%Y-%m}" if rule == RUN_DOWN else date.fromordinal(due).isoformat()
        found.append((f"{rule}/{when}", due))
    return found


def next_duty(moment: Moment) -> int:
    """The next day on which something more is to be said; far where there is nothing advanced."""
    account, day, rules = moment.account, moment.day, moment.rules.advances
    held = advance_limit(account, day)
    if held is None:
        return FAR if not _concerns(account) else months_before(day, -1)
    check = advances.next_quarter(held, day, rules.quarter_months)
    ends = advances.contract_end(held, account, day)
    days = [check - rules.check_ahead, check + 1, months_before(ends, rules.contract_months) if ends else 0]
    return min((on for on in days if on > day), default=FAR)


def _concerns(account: Account) -> bool:
    """Whether anything is advanced, or was ever granted."""
    if advances.newest(account) is not None:
        return True
    return any(key[0] == ADVANCE for holding in account.ledger.positions.values() for key in holding.sums)
