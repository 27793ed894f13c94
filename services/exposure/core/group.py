"""Groups: customers that staff declare to be one, and that share a limit (集团客户, LT-47 to LT-54).

A group is a stream of its own (`g:…`) with limits and requests like a customer; what its members owe is no fact of it, so who
looks at a group is given their sums. Who belongs to it is kept on both streams, written in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from services.exposure.core.formulas import converted
from services.exposure.core.records import Membership
from shared.core.events.grouping import GroupDeclared, GroupEnded, GroupJoined, GroupLeft
from shared.core.events.limit import GroupChanged
from shared.core.ledger.days import FAR
from shared.core.references import References

if TYPE_CHECKING:
    from services.exposure.core.announce import Saying
    from services.exposure.core.state import Account


class Spent(NamedTuple):
    """What members owe and have kept for them in one currency. Units of 10⁻⁴."""

    currency: str
    exposure: int
    reserved: int
    is_certain: bool = True
    """False: of one of them a rate is missing, so that more is owed than this."""


class Parent(NamedTuple):
    """A group as a check of one of its members finds it: alone with it, so that nobody else gives its headroom away."""

    account: Account
    others: tuple[Spent, ...]
    """The members but the one that is checked."""


class Sum(NamedTuple):
    """What several members come to, in one currency."""

    exposure: int
    reserved: int
    missing: tuple[str, ...]
    """Currencies whose rate is missing or stale; with any the sum is not known. `?` where a member's own figures are not."""


def summed(spent: Iterable[Spent], currency: str, references: References, day: int, stale: int) -> Sum:
    """The sum of *spent* in *currency* at the rates of *day*.

    A rate that is missing, or older than *stale* days, is said, and never 1.
    """
    exposure, reserved, missing = 0, 0, set[str]()
    for one in spent:
        owed = converted(one.exposure, one.currency, currency, references, day)
        kept = converted(one.reserved, one.currency, currency, references, day)
        if owed is None or kept is None:
            missing.add(one.currency)
            continue
        if references.rate_age(one.currency, currency, day) > stale:
            missing.add(one.currency)
        if not one.is_certain:
            missing.add("?")
        exposure, reserved = exposure + owed, reserved + kept
    return Sum(exposure, reserved, tuple(sorted(missing)))


def next_membership(account: Account, day: int) -> int:
    """The next day after *day* on which somebody joins or leaves; far where nobody does."""
    declared = account.group
    days = (on for one in declared.members.values() for on in (one.since, one.until)) if declared is not None else ()
    return min((on for on in days if on > day), default=FAR)


def membership(saying: Saying) -> None:
    """Publish who belongs to the group, where that is not what others know."""
    declared, day = saying.account.group, saying.moment.day
    if declared is None or not declared.since:
        return
    now = declared.on(day)
    if (now, declared.lead) == (declared.told, declared.told_lead):
        return
    since = max(
        [on for one in declared.members.values() for on in (one.since, one.until) if on and on <= day],
        default=declared.since,
    )
    changed = GroupChanged(
        as_of=date.fromordinal(day),
        cause=saying.cause,  # type: ignore[arg-type] # the machine knows its causes
        members=now,
        lead=declared.lead or None,
        since=date.fromordinal(since),
    )
    saying.say(changed)


def _declared(account: Account, data: GroupDeclared) -> None:
    group = account.group
    if group is not None:
        group.name, group.lead = data.name, data.lead or ""
        group.currency = group.currency or data.currency
        group.since = group.since or data.as_of.toordinal()


def _joined(account: Account, data: GroupJoined) -> None:
    one = Membership(data.on.toordinal(), data.reason, data.by or "")
    if account.group is not None:
        account.group.members[data.member] = one
    else:
        account.groups[data.group_id] = one


def _left(account: Account, data: GroupLeft) -> None:
    group = account.group
    held = group.members.get(data.member) if group is not None else account.groups.get(data.group_id)
    if held is not None:
        held.until = data.on.toordinal()


def _ended(account: Account, data: GroupEnded) -> None:
    if account.group is not None:
        account.group.ended_on = data.as_of.toordinal()


def _changed(account: Account, data: GroupChanged) -> None:
    if account.group is not None:
        account.group.told, account.group.told_lead = data.members, data.lead or ""


HANDLERS: dict[type, Callable[[Account, Any], None]] = {
    GroupDeclared: _declared,
    GroupJoined: _joined,
    GroupLeft: _left,
    GroupEnded: _ended,
    GroupChanged: _changed,
}
"""How they are folded."""
