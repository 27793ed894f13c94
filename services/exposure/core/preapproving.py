"""Limits approved in advance, for half a year, of good customers that have none (LT-28, RM-16).

The machine asks once a half-year, and people decide. Once granted it is a policy limit like any other, marked by a condition; it is
lowered with the grade, and void as soon as the grade is none that is approved in advance.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from services.exposure.core.adjusting import MACHINE
from services.exposure.core.cutting import own_limit
from services.exposure.core.evolve import SYSTEM
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.formulas import converted, policy_limit, rounded_down, times
from services.exposure.core.limits import currency_of
from services.exposure.core.requesting import LimitWanted, ask_for, months_on
from services.exposure.core.telling import amount_of, told_of
from shared.core.events.granting import LimitEnded
from shared.core.ledger.days import FAR, first_of_month, month_index, months_before

if TYPE_CHECKING:
    from services.exposure.core.announce import Saying

PREAPPROVED = "pre-approved"
"""The condition by which such a limit is known."""
RULE = "LT-28"


def void(saying: Saying) -> None:
    """End what was approved in advance once the grade is none of those for which it may be."""
    account, moment = saying.account, saying.moment
    grade = account.grade_on(moment.day)
    if grade is not None and grade.grade in moment.rules.limits.preapproved.grades:
        return
    for one in list(account.limits.values()):
        if PREAPPROVED in one.conditions and not one.ended_on:
            said = told_of(account, moment.day, saying.cause)
            saying.say(LimitEnded(**said, limit_id=one.limit_id, reason=RULE), publish=False)


def offer(saying: Saying) -> None:
    """Propose a limit to a good customer that has none; thought of once a month, asked once a half-year."""
    account, moment = saying.account, saying.moment
    month, rules = month_index(moment.day), moment.rules.limits.preapproved
    name = f"ap-pre-{month // 6}"
    if account.offered == month or name in account.approvals or not _is_candidate(moment):
        return
    account.offered = month
    if not _was_good(moment):
        return
    grade = account.grade_on(moment.day)
    terms = moment.rules.limits.of(grade.grade if grade is not None else None)
    currency = currency_of(account, moment.day, moment.home)
    cap = converted(rules.cap, "CNY", currency, moment.references, moment.day)
    if terms is None or cap is None:
        return
    found = policy_limit(account, moment.day, moment.rules.limits, moment.references, terms, currency)
    if found.amount is None:
        return
    amount = rounded_down(times(min(found.amount, cap), rules.share), moment.rules.limits.digits)
    if amount <= 0:
        return
    wanted = LimitWanted(
        customer_id=account.customer_id,
        kind="policy",
        amount=str(amount_of(amount)),
        currency=currency,
        reason=f"{RULE}: {terms.grade} for {rules.good_months} months, nothing later than {rules.late_days} days",
        evidence=f"month ends up to {date.fromordinal(first_of_month(month) - 1)}",
        by=SYSTEM,
        valid_to=months_on(moment.day, rules.months),
        conditions=(PREAPPROVED,),
    )
    for one in ask_for(moment, name, wanted, MACHINE, register={}):
        saying.say(one)


def next_offer(moment: Moment) -> int:
    """The next day on which a limit may be proposed: the first of a month; far where there is no reason to."""
    return first_of_month(month_index(moment.day) + 1) if _is_candidate(moment) else FAR


def _is_candidate(moment: Moment) -> bool:
    """Whether it is a customer without an own limit whose grade may be approved in advance."""
    grade = moment.account.grade_on(moment.day)
    held = grade is not None and grade.grade in moment.rules.limits.preapproved.grades
    return held and moment.account.group is None and not moment.account.merges and own_limit(moment) is None


def _was_good(moment: Moment) -> bool:
    """Whether the grade was good all the time, and nothing undisputed too late at any month end (RM-16.06)."""
    account, rules, month = moment.account, moment.rules.limits.preapproved, month_index(moment.day)
    since = months_before(moment.day, rules.good_months)
    first = account.grade_on(since)
    grades = [one.grade for one in account.grades if since < one.day <= moment.day]
    if first is None or any(one not in rules.grades for one in (first.grade, *grades)):
        return False
    days = [moment.day, *(first_of_month(month - back) - 1 for back in range(rules.good_months))]
    is_good = all(Figures(moment._replace(day=on)).late_days() <= rules.late_days for on in days)
    account.ledger.move_to(moment.day)
    return is_good
