"""By how many tiers the risk of a customer moves its limits between authorities, up or down (LT-33).

Business that is hard to control goes up; a good customer is delegated down where every condition of its admission holds.
"""

from __future__ import annotations

from services.exposure.core.figures import Figures, Moment
from services.exposure.core.formulas import converted, policy_limit
from services.exposure.core.sectors import stance_of
from shared.core.ledger.days import months_before


def moved(moment: Moment, in_all: int) -> int:
    """By how many tiers a limit goes up, or down where it is negative; *in_all*: what the customer would have, in CNY."""
    authority, figures = moment.rules.authority, Figures(moment)
    grade = moment.account.grade_on(moment.day)
    name = grade.grade if grade is not None and grade.grade is not None else ""
    _, stance = stance_of(figures)
    up = authority.higher.get(name, 0) + authority.higher_industry.get(stance or "", 0)
    if up or name not in authority.delegated.grades:
        return up
    return -authority.delegated.grades[name] if _is_admitted(figures, name, in_all) else 0


def _is_admitted(figures: Figures, grade: str, in_all: int) -> bool:
    """Whether a customer of *grade* held it long enough, owes nothing late, and asks for no more than the approved policy gives."""
    moment, account, day = figures.moment, figures.account, figures.day
    since = months_before(day, moment.rules.authority.delegated.months)
    first = account.grade_on(since)
    if first is None or {first.grade, *(one.grade for one in account.grades if since < one.day <= day)} != {grade}:
        return False
    policy = moment.rules.granting.policy(str(account.attribute("segment", day) or ""), day)
    terms = moment.rules.limits.of(grade)
    if policy is None or grade not in policy.grades or terms is None or figures.late_days():
        return False
    found = policy_limit(account, day, moment.rules.limits, moment.references, terms, figures.currency)
    if found.amount is None:
        return False
    most = converted(found.amount, figures.currency, "CNY", moment.references, day)
    return most is not None and in_all <= most
