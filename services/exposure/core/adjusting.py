"""Limits after the grade moved: a fall lowers at once, a rise only proposes (LT-06). Limits that ran out are ended."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from services.exposure.core.evolve import SYSTEM
from services.exposure.core.formulas import Formula, policy_limit, rounded_down, times
from services.exposure.core.limits import OWN
from services.exposure.core.records import Limit, told
from services.exposure.core.requesting import LimitWanted, ask_for
from services.exposure.core.rulebook import LimitRules, Terms
from services.exposure.core.telling import amount_of, given_back, payable, told_of
from shared.core.approval.commands import Actor
from shared.core.events.granting import LimitEnded, LimitGranted
from shared.core.ledger.days import FAR, month_index, months_before
from shared.core.ledger.documents import NOWHERE

if TYPE_CHECKING:
    from services.exposure.core.announce import Saying

FALL = "LT-06.01"
RAN_OUT = "LT-03.08"
_SYSTEM = Actor(SYSTEM, SYSTEM, frozenset({"system"}))


def fall(saying: Saying) -> None:
    """Lower what was given under a better grade, at once. Of the worst grade nothing is left, reservations included."""
    account, day, rules = saying.account, saying.moment.day, saying.moment.rules.limits
    grade = account.grade_on(day)
    terms = rules.of(grade.grade) if grade else None
    if grade is None or terms is None:
        return  # no grade is no fall: an approved limit without a grade stays usable (LT-03.07)
    for one in list(account.limits.values()):
        if one.ended_on or not _fell(one, terms, rules):
            continue
        if one.kind == "policy":
            saying.say(_lowered(saying, one, terms), publish=False)
            ended = LimitEnded(**told_of(account, day, saying.cause), limit_id=one.limit_id, reason=FALL)
            saying.say(ended, publish=False)
        elif one.kind not in rules.lasting:
            ended = LimitEnded(**told_of(account, day, saying.cause), limit_id=one.limit_id, reason=FALL)
            saying.say(ended, publish=False)
    if rules.is_worst(grade.grade):
        for order in list(saying.account.reservations):
            saying.says(given_back(saying.account, day, order, saying.cause))


def _fell(one: Limit, terms: Terms, rules: LimitRules) -> bool:
    """Whether the grade is worse now than the one under which *one* was given; the worst leaves nothing of anybody's."""
    if one.grade is None:
        return rules.is_worst(terms.grade) and (one.amount > 0 or one.kind != "policy")
    return rules.rank(terms.grade) > rules.rank(one.grade)


def _lowered(saying: Saying, one: Limit, terms: Terms) -> LimitGranted:
    """The policy limit of the new grade: what the formula gives, and never more than before. The other ends with it."""
    account, day, rules = saying.account, saying.moment.day, saying.moment.rules.limits
    found = Formula(0) if not terms.valid_months else _found(saying, one, terms)
    # where the formula cannot be said the share of the new grade's need in the old one's stands in for it
    before = rules.of(one.grade)
    factor = terms.need_factor / before.need_factor if before is not None and before.need_factor else Decimal(0)
    amount = found.amount if found.amount is not None else rounded_down(times(one.amount, factor), rules.digits)
    ends = months_before(day, -terms.valid_months) if terms.valid_months else day
    valid_to = min(one.valid_to or FAR, ends) if terms.valid_months else 0
    return LimitGranted(
        **told_of(account, day, saying.cause),
        limit_id=f"policy-{saying.account.published.granted + 1}",
        kind="policy",
        amount=payable(min(one.amount, amount), one.currency),
        currency=one.currency,
        valid_from=date.fromordinal(day),
        valid_to=date.fromordinal(valid_to) if valid_to else None,
        place=told(one.place),
        review_on=date.fromordinal(min(one.review_on or FAR, months_before(day, -terms.review_months))),
        conditions=one.conditions,
        reason=FALL,
        grade=terms.grade,
        formula=dict(found.lines),
    )


def _found(saying: Saying, one: Limit, terms: Terms) -> Formula:
    moment = saying.moment
    if one.place != NOWHERE:
        return Formula(None)  # a sub-limit has no formula of its own: it shrinks with the grade
    return policy_limit(saying.account, moment.day, moment.rules.limits, moment.references, terms, one.currency)


def runs_out(saying: Saying) -> None:
    """Say of temporary limits that their time is over; the others stay as they are, and are shown as expired."""
    account, day = saying.account, saying.moment.day
    for one in list(account.limits.values()):
        if one.kind not in OWN and one.valid_to and one.valid_to < day and not one.ended_on:
            ended = LimitEnded(**told_of(account, day, "day"), limit_id=one.limit_id, reason=RAN_OUT)
            saying.say(ended, publish=False)


def rise(saying: Saying) -> None:
    """Propose a higher policy limit where the grade is better than the one it was given under (LT-06.02)."""
    account, day, rules = saying.account, saying.moment.day, saying.moment.rules.limits
    grade = account.grade_on(day)
    held = _policy(saying)
    if grade is None or held is None or rules.rank(grade.grade) >= rules.rank(held.grade):
        return
    terms = rules.of(grade.grade)
    if terms is None or not terms.valid_months or day < next_rise(saying):
        return
    considered = (grade.day, month_index(day))
    name = f"ap-rise-{terms.grade}-{date.fromordinal(grade.day)}-{held.seq}"
    if account.considered == considered or name in account.approvals:
        return
    account.considered = considered
    moment = saying.moment
    found = policy_limit(account, day, rules, moment.references, terms, held.currency)
    amount = min(found.amount or 0, rounded_down(times(held.amount, 1 + rules.rise_share), rules.digits))
    if amount <= held.amount:
        return
    wanted = LimitWanted(
        customer_id=account.customer_id,
        kind="policy",
        amount=str(amount_of(amount)),
        currency=held.currency,
        reason=f"LT-06.02: the grade rose from {held.grade or 'none'} to {terms.grade}",
        evidence=grade.event or "credit.grade.changed.v1",
        by=SYSTEM,
    )
    for one in ask_for(moment, name, wanted, _SYSTEM, register={}):
        saying.say(one)


def next_rise(saying: Saying) -> int:
    """The first day on which the own limit may rise again."""
    risen = saying.account.published.risen_on
    return risen + saying.moment.rules.limits.rise_days if risen else 0


def _policy(saying: Saying) -> Limit | None:
    account, day = saying.account, saying.moment.day
    held = [one for one in account.own() if one.kind == "policy" and one.holds(day)]
    return max(held, key=lambda one: one.newness, default=None)
