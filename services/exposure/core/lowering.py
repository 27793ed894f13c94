"""Limits of customers that order much and pay late, or whose finances are clearly worse: proposed to be lowered (LT-10).

The machine asks at once, for each cause once a quarter, so that a no is a no; people decide. The deeper cut is thought of
first, and no second one is proposed beside it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from services.exposure.core.adjusting import MACHINE
from services.exposure.core.cutting import own_limit
from services.exposure.core.evolve import SYSTEM
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.formulas import rounded_down, times
from services.exposure.core.holding import LATER, NOT_DUE, ORDERS, OVERDUE
from services.exposure.core.records import Limit
from services.exposure.core.requesting import LimitWanted, ask_for
from services.exposure.core.telling import amount_of
from shared.core.ledger.days import FAR, month_index

if TYPE_CHECKING:
    from services.exposure.core.announce import Saying

ORDERED = frozenset({ORDERS, LATER, NOT_DUE, OVERDUE})


def worse(saying: Saying) -> None:
    """Propose a lower own limit where finances are clearly worse, or large orders are paid late (LT-10.01)."""
    moment, own = saying.moment, own_limit(saying.moment)
    if own is None:
        return
    rules, quarter = moment.rules.limits.lower, month_index(moment.day) // 3
    found = _finances(moment) or _late(saying.figures, own)
    names = [f"ap-{cause}-{own.seq}-{quarter}" for cause in ("finances", "late")]
    if found is None or names[0] in saying.account.approvals:
        return
    cause, why, evidence = found
    name = names[0] if cause == "finances" else names[1]
    cut = rules.finances_cut if cause == "finances" else rules.late_cut
    amount = rounded_down(times(own.amount, Decimal(1) - cut), moment.rules.limits.digits)
    if name in saying.account.approvals or amount >= own.amount:
        return
    wanted = LimitWanted(
        customer_id=saying.account.customer_id,
        kind=own.kind,
        amount=str(amount_of(amount)),
        currency=own.currency,
        reason=f"LT-10: {why}",
        evidence=evidence,
        by=SYSTEM,
    )
    for one in ask_for(moment, name, wanted, MACHINE, register={}):
        saying.say(one)


def next_lowering(moment: Moment, figures: Figures) -> int:
    """The next day on which what is late by then may be late enough; far where nothing is."""
    if own_limit(moment) is None:
        return FAR
    days = [one.due + moment.rules.limits.lower.late_days for one in figures.overdue if not one.is_disputed]
    return min((on for on in days if on > moment.day), default=FAR)


def _finances(moment: Moment) -> tuple[str, str, str] | None:
    """A critical warning about finances that stands: two signs of MN-13.01 are one."""
    standing = sorted(moment.account.warnings)
    return ("finances", "the finances are clearly worse", ", ".join(standing)[:200]) if standing else None


def _late(figures: Figures, own: Limit) -> tuple[str, str, str] | None:
    """The oldest undisputed item is so late, and one document takes a large part of the limit."""
    rules, late = figures.moment.rules.limits.lower, figures.late_days()
    if late < rules.late_days or figures.currency != own.currency:
        return None
    sizes = [
        (figures.in_currency(line.units, line.currency), line.document)
        for line in figures.lines
        if line.category in ORDERED
    ]
    size, document = max(sizes, default=(0, ""))
    if size < times(own.amount, rules.large):
        return None
    return "late", f"large orders are paid late: {late} days, {document} of {amount_of(size)}"[:200], document
