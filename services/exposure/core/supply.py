"""Stopping supply and letting it go on: by the rules when an item is too late (LT-40, DN-05, DN-06), and by people with a reason.

What the rules stopped they let go on when the cause is gone. What people stopped people let go on, and not while the rules would
stop it again at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from services.exposure.core.excepting import waived
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.telling import told_of
from shared.core.approval.commands import Actor, roles_of
from shared.core.approval.steps import Register
from shared.core.brain import Decided
from shared.core.events.limit import SupplyResumed, SupplySuspended

if TYPE_CHECKING:
    from services.exposure.core.announce import Saying

TOO_OLD = "OVERDUE_TOO_OLD"
"""The rule that an exception may waive for a customer."""


class Why(StrEnum):
    """Why supply is not stopped, or does not go on. Sentences in `shared/edge/codes.yaml`."""

    AGAIN = "SUPPLY_SUSPENDED_BEFORE"
    NOT = "SUPPLY_NOT_SUSPENDED"
    LATE = "SUPPLY_STILL_LATE"
    NO_AUTHORITY = "SUPPLY_NO_AUTHORITY"


def follow(saying: Saying) -> None:
    """Stop supply once the oldest undisputed item is so late, and let it go on when it no longer is."""
    account, day, published = saying.account, saying.moment.day, saying.account.published
    late, most = lateness(saying.figures)
    if late >= most and not published.suspended_on:
        reason = f"LT-40: {late} days past due, at most {most - 1}"
        saying.say(SupplySuspended(**told_of(account, day, saying.cause), reason=reason))
    elif late < most and published.suspended_on and not published.suspended_by:
        reason = f"LT-40: nothing is {most} days past due any more"
        saying.say(SupplyResumed(**told_of(account, day, saying.cause), reason=reason))


def lateness(figures: Figures) -> tuple[int, int]:
    """(days past due of the oldest undisputed item, days at which supply stops). 0 while people let the rule not hold."""
    grade, rules = figures.account.grade_on(figures.day), figures.moment.rules
    late = 0 if TOO_OLD in waived(figures.account, figures.day, rules.authority) else figures.late_days()
    return late, rules.limits.stop_days(grade.grade if grade else None)


def suspend(moment: Moment, by: Actor, reason: str, register: Register) -> Sequence[Decided] | Why:
    """Stop supply in the name of *by*, also where the rules stopped it: then people alone let it go on. Twice is one act."""
    published = moment.account.published
    if not roles_of(by, register) & set(moment.rules.authority.suspend):
        return Why.NO_AUTHORITY
    if published.suspended_on and published.suspended_by:
        same = (published.suspended_by, published.suspended_because) == (by.person, reason)
        return () if same else Why.AGAIN
    told = told_of(moment.account, moment.day, "override")
    return [Decided(SupplySuspended(**told, reason=reason, by=by.person), publish=True)]


def resume(moment: Moment, by: Actor, reason: str, register: Register) -> Sequence[Decided] | Why:
    """Let supply go on in the name of *by*."""
    if not roles_of(by, register) & set(moment.rules.authority.resume):
        return Why.NO_AUTHORITY
    if not moment.account.published.suspended_on:
        return Why.NOT
    late, most = lateness(Figures(moment))
    if late >= most:
        return Why.LATE
    told = told_of(moment.account, moment.day, "override")
    return [Decided(SupplyResumed(**told, reason=reason, by=by.person), publish=True)]
