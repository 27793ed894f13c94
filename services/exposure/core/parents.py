"""The step that comes after the customer's own limit: what its groups may owe together (child then parent, LT-54)."""

from __future__ import annotations

from typing import NamedTuple

from services.exposure.core.formulas import shown
from services.exposure.core.group import Parent, Spent, summed
from services.exposure.core.limits import Effective, effective
from services.exposure.core.rulebook import StepRule
from services.exposure.core.wanted import PASSED, Seen, Wanted, beyond


class Stand(NamedTuple):
    """One group, once the order is let go. Units of the currency of the group."""

    group_id: str
    currency: str
    exposed: int
    limit: Effective
    missing: tuple[str, ...]
    """Currencies without a rate; with any `exposed` is not known."""

    @property
    def excess(self) -> int:
        """How far its limit would be exceeded; where none was ever given nothing is."""
        return max(0, self.exposed - self.limit.amount) if self.is_bound else 0

    @property
    def is_bound(self) -> bool:
        """Whether a limit binds it: one that holds, or one that ran out and leaves nothing."""
        return self.limit.exists or bool(self.limit.expired_on)


def stand(wanted: Wanted, parent: Parent) -> Stand:
    """Where the group of *parent* would stand with the order that is *wanted*."""
    moment = wanted.figures.moment
    currency = parent.account.attribute("currency", moment.day) or moment.home
    own, references, day = wanted.figures.currency, moment.references, moment.day
    mine = summed([Spent(own, wanted.exposed(), 0)], currency, references, day, moment.counting.stale_rate_days)
    others = summed(parent.others, currency, references, day, moment.counting.stale_rate_days)
    limit = effective(parent.account, moment.day, moment.references, currency)
    missing = {*others.missing, *mine.missing, limit.missing} - {""}
    exposed = others.exposure + others.reserved + mine.exposure
    return Stand(parent.account.customer_id, currency, exposed, limit, tuple(sorted(missing)))


def stands(wanted: Wanted) -> list[Stand]:
    """All its groups, in one order."""
    return [stand(wanted, parent) for parent in wanted.figures.moment.parents or ()]


def look(wanted: Wanted, _: StepRule) -> list[Seen]:
    """Every group by itself. One without any limit is shown and holds nobody; one whose sum is not known is not passed."""
    return [_seen(one) for one in stands(wanted)] or [PASSED]


def _seen(one: Stand) -> Seen:
    if one.missing:
        return Seen(None, shown(one.limit.amount), "GROUP_NOT_KNOWN" if one.is_bound else None, at=one.group_id)
    if not one.is_bound:
        return Seen(shown(one.exposed), None, at=one.group_id)
    why = "GROUP_LIMIT_EXPIRED" if not one.limit.exists else "GROUP_LIMIT_EXCEEDED"
    return Seen(
        shown(one.exposed),
        shown(one.limit.amount),
        why if beyond(one.exposed, one.limit, why) else None,
        at=one.group_id,
    )
