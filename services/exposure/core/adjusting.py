"""Limits after the grade moved: a fall lowers at once, a rise only proposes (LT-06). Limits that ran out are ended."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from services.exposure.core.evolve import SYSTEM
from services.exposure.core.figures import Moment
from services.exposure.core.formulas import Formula, policy_limit, rounded_down, times, whole_minor
from services.exposure.core.limits import OWN
from services.exposure.core.records import Limit, told
from services.exposure.core.requesting import LimitWanted, ask_for
from services.exposure.core.rulebook import LimitRules, Terms
from services.exposure.core.state import Account
from services.exposure.core.telling import amount_of, given_back, payable, told_of
from shared.core.approval.commands import Actor
from shared.core.events.granting import LimitEnded, LimitGranted
from shared.core.ledger.days import FAR, month_index, months_before
from shared.core.ledger.documents import NOWHERE

if TYPE_CHECKING:
    from services.exposure.core.announce import Saying

FALL = "LT-06.01"
RAN_OUT = "LT-03.08"
MACHINE = Actor(SYSTEM, SYSTEM, frozenset({"system"}))


def fall(saying: Saying) -> None:
    """Lower what was given under a better grade, at once. Of the worst grade nothing is left, reservations included."""
    account, day, rules = saying.account, saying.moment.day, saying.moment.rules.limits
    grade = account.grade_on(day)
    terms = rules.of(grade.grade) if grade else None
    if grade is None or terms is None:
        return  # no grade is no fall: an approved limit without a grade stays usable (LT-03.07)
    for one in list(account.limits.values()):
        if one.ended_on or not fell(one, terms, rules):
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


def fell(one: Limit, terms: Terms, rules: LimitRules) -> bool:
    """Whether the grade is worse now than the one under which *one* was given; the worst leaves nothing of anybody's."""
    if one.grade is None:
        return rules.is_worst(terms.grade) and (one.amount > 0 or one.kind != "policy")
    return rules.rank(terms.grade) > rules.rank(one.grade)


def lowered(moment: Moment, one: Limit, terms: Terms) -> tuple[int, Formula]:
    """What is left of the policy limit *one* under *terms*, in its currency: what the formula gives, never more than before."""
    rules = moment.rules.limits
    found = Formula(0) if not terms.valid_months else _found(moment, one, terms)
    # where the formula cannot be said the share of the new grade's need in the old one's stands in for it
    before = rules.of(one.grade)
    factor = terms.need_factor / before.need_factor if before is not None and before.need_factor else Decimal(0)
    amount = found.amount if found.amount is not None else rounded_down(times(one.amount, factor), rules.digits)
    return whole_minor(min(one.amount, amount), one.currency), found


def _lowered(saying: Saying, one: Limit, terms: Terms) -> LimitGranted:
    """The policy limit of the new grade. The other ends with it."""
    account, day = saying.account, saying.moment.day
    amount, found = lowered(saying.moment, one, terms)
    ends = months_before(day, -terms.valid_months) if terms.valid_months else day
    valid_to = min(one.valid_to or FAR, ends) if terms.valid_months else 0
    return LimitGranted(
        **told_of(account, day, saying.cause),
        limit_id=f"policy-{saying.account.published.granted + 1}",
        kind="policy",
        amount=payable(amount, one.currency),
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


def _found(moment: Moment, one: Limit, terms: Terms) -> Formula:
    if one.place != NOWHERE:
        return Formula(None)  # a sub-limit has no formula of its own: it shrinks with the grade
    return policy_limit(moment.account, moment.day, moment.rules.limits, moment.references, terms, one.currency)


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
    held = policy_held(account, day)
    terms = rules.of(grade.grade) if grade else None
    if grade is None or terms is None or held is None or not rose(held, terms, rules) or day < next_rise(saying.moment):
        return
    considered = (grade.day, month_index(day))
    name = f"ap-rise-{terms.grade}-{date.fromordinal(grade.day)}-{held.seq}"
    if account.considered == considered or name in account.approvals:
        return
    account.considered = considered
    moment = saying.moment
    amount = raised(moment, held, terms)
    if amount is None or amount <= held.amount:
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
    for one in ask_for(moment, name, wanted, MACHINE, register={}):
        saying.say(one)


def rose(held: Limit, terms: Terms, rules: LimitRules) -> bool:
    """Whether the grade is better now than the one under which *held* was given, and one that is given credit."""
    return bool(terms.valid_months) and rules.rank(terms.grade) < rules.rank(held.grade)


def raised(moment: Moment, held: Limit, terms: Terms) -> int | None:
    """What is proposed in the place of *held*, in its currency, where it is more; None: the formula cannot be said."""
    rules = moment.rules.limits
    found = policy_limit(moment.account, moment.day, rules, moment.references, terms, held.currency)
    if found.amount is None:
        return None
    return min(found.amount, rounded_down(times(held.amount, 1 + rules.rise_share), rules.digits))


def next_rise(moment: Moment) -> int:
    """The first day on which the own limit may rise again."""
    risen = moment.account.published.risen_on
    return risen + moment.rules.limits.rise_days if risen else 0


def policy_held(account: Account, day: int) -> Limit | None:
    """The policy limit of the whole customer that holds on *day*, the newest; None: none does."""
    held = [one for one in account.own() if one.kind == "policy" and one.holds(day)]
    return max(held, key=lambda one: one.newness, default=None)
