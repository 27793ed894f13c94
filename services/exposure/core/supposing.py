"""What another grade would do to the policy limit of a customer, and what that makes for many. Nothing is decided or kept.

It asks what `adjusting` does when a grade moves: a fall lowers at once, a rise only proposes (LT-06).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from services.exposure.core.adjusting import fell, lowered, next_rise, policy_held, raised, rose
from services.exposure.core.figures import Moment
from services.exposure.core.formulas import converted


class Outcome(StrEnum):
    """What becomes of the policy limit."""

    AT_ONCE = "at_once"
    """It falls, and nobody is asked."""
    PROPOSED = "proposed"
    """It rises once others approve."""
    STAYS = "stays"
    NO_LIMIT = "no_limit"
    """The customer is known and has none, so that none moves."""
    NOT_KNOWN = "not_known"


class Why(StrEnum):
    """Why a limit stays, or cannot be said."""

    SAME = "SAME_AMOUNT"
    NO_TERMS = "NO_TERMS"
    """No grade is no fall, and a grade that the table of terms does not have moves nothing (LT-03.07)."""
    TOO_SOON = "RISE_TOO_SOON"
    RATE = "RATE_MISSING"
    STRANGER = "CUSTOMER_UNKNOWN"
    UNREAD = "FACTS_NOT_READ"


class Supposed(msgspec.Struct, frozen=True):
    """One customer. Units of 10⁻⁴ of the installation's currency; None: there is none, or it cannot be said."""

    outcome: Outcome
    before: int | None = None
    after: int | None = None
    """Of a rise: what would be proposed."""
    why: Why | None = None


class Sum(msgspec.Struct):
    """The limits of some customers, in units of 10⁻⁴ of the installation's currency."""

    customers: int = 0
    before: int = 0
    after: int = 0

    def add(self, one: Supposed) -> None:
        """Add a customer whose limit is known."""
        if one.before is not None and one.after is not None:
            self.customers += 1
            self.before, self.after = self.before + one.before, self.after + one.after


def supposed(moment: Moment, grade: str | None) -> Supposed:
    """What the policy limit of the account of *moment* would be if *grade* were told on its day."""
    day, rules = moment.day, moment.rules.limits
    held, terms = policy_held(moment.account, day), rules.of(grade)
    if held is None:
        return Supposed(Outcome.NO_LIMIT)
    before = converted(held.amount, held.currency, moment.home, moment.references, day)
    if before is None:
        return Supposed(Outcome.NOT_KNOWN, why=Why.RATE)
    if terms is None:
        return Supposed(Outcome.STAYS, before, before, Why.NO_TERMS)
    amount = held.amount
    if fell(held, terms, rules):
        amount = lowered(moment, held, terms)[0]
    elif rose(held, terms, rules):
        if day < next_rise(moment):
            return Supposed(Outcome.STAYS, before, before, Why.TOO_SOON)
        found = raised(moment, held, terms)
        if found is None:
            return Supposed(Outcome.NOT_KNOWN, before, why=Why.RATE)
        amount = max(amount, found)
    after = converted(amount, held.currency, moment.home, moment.references, day)
    if amount == held.amount:
        return Supposed(Outcome.STAYS, before, before, Why.SAME)
    return Supposed(Outcome.AT_ONCE if amount < held.amount else Outcome.PROPOSED, before, after)


def summed(all_of: Iterable[Supposed]) -> dict[Outcome, Sum]:
    """The sums by outcome. Whoever has no limit, or none that can be said, is counted and adds nothing."""
    sums = {outcome: Sum() for outcome in Outcome}
    for one in all_of:
        if one.outcome in {Outcome.NO_LIMIT, Outcome.NOT_KNOWN}:
            sums[one.outcome].customers += 1
        else:
            sums[one.outcome].add(one)
    return sums
