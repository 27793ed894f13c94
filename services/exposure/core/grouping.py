"""What people may ask of groups, as payloads that others approve, and what takes effect once they have (LT-47, LT-52, LT-55).

A declaration names the group, who joins and who leaves, from which day, and why. It is decided on the stream of the group, with
the streams of those whom it names beside it.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from services.exposure.core.figures import Moment
from services.exposure.core.records import Declared
from services.exposure.core.telling import told_of
from shared.core.events.base import Decision
from shared.core.events.grouping import GroupDeclared, GroupEnded, GroupJoined, GroupLeft
from shared.core.money import CURRENCIES


class Why(StrEnum):
    """Why a group cannot be asked for, or take effect. Sentences in `shared/edge/codes.yaml`."""

    EXISTS = "GROUP_EXISTS"
    UNKNOWN = "GROUP_UNKNOWN"
    ENDED = "GROUP_ENDED_BEFORE"
    MEMBER = "GROUP_MEMBER_BEFORE"
    STRANGER = "GROUP_NOT_A_MEMBER"
    TOO_MANY = "GROUP_TOO_LARGE"
    LEAD = "GROUP_LEAD_UNKNOWN"
    NOBODY = "GROUP_WITHOUT_MEMBERS"


class GroupWanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload of a declaration. *joins* and *leaves*: customer → the first day on which it does, or does not, belong to it.

    *act*: declare, change or end. Whoever is still in a group that ends leaves it, and is named in *leaves*.
    """

    customer_id: str
    """The group: requests say so of whatever they are about."""
    act: str
    reason: str
    evidence: str
    by: str
    name: str = ""
    currency: str = ""
    lead: str = ""
    joins: dict[str, date] = msgspec.field(default_factory=dict)
    leaves: dict[str, date] = msgspec.field(default_factory=dict)

    @property
    def members(self) -> tuple[str, ...]:
        """Everybody whom it names, in one order."""
        return tuple(sorted({*self.joins, *self.leaves}))


def why_not(wanted: GroupWanted, moment: Moment) -> Why | None:
    """What forbids *wanted* now; None: nothing does."""
    declared, day = moment.account.group, moment.day
    assert declared is not None, "the stream of a group holds a group"
    if wanted.act == "declare":
        if declared.since:
            return Why.EXISTS
        if not wanted.joins or wanted.currency not in CURRENCIES:
            return Why.NOBODY
    elif not declared.since:
        return Why.UNKNOWN
    elif declared.ended_on:
        return Why.ENDED
    return _members(wanted, declared, day, moment.rules.portfolio.group_members)


def _members(wanted: GroupWanted, declared: Declared, day: int, most: int) -> Why | None:
    now = {name for name, one in declared.members.items() if not one.until or one.until > day}
    if any(name in now and name not in wanted.leaves for name in wanted.joins):
        return Why.MEMBER
    if not wanted.leaves.keys() <= now:
        return Why.STRANGER
    left = (now - wanted.leaves.keys()) | wanted.joins.keys()
    if wanted.act == "end":
        return Why.MEMBER if left else None
    lead = wanted.lead or (declared.lead if wanted.act == "change" else "")
    if lead and lead not in left:
        return Why.LEAD
    return Why.TOO_MANY if len(left) > most else None


def granted(wanted: GroupWanted, approval_id: str, moment: Moment) -> tuple[Decision, ...]:
    """What is kept of *wanted* on the stream of the group. What was to begin on a day that is over begins now."""
    declared = moment.account.group
    assert declared is not None, "the stream of a group holds a group"
    told = {**told_of(moment.account, moment.day, "override"), "reason": wanted.reason, "by": wanted.by}
    told["approval_id"] = approval_id
    made: list[Decision] = []
    name, lead = wanted.name or declared.name, wanted.lead or declared.lead
    if wanted.act == "declare" or (name, lead) != (declared.name, declared.lead):
        currency = declared.currency or wanted.currency
        made.append(GroupDeclared(**told, name=name, currency=currency, lead=lead or None))
    group = wanted.customer_id
    for member, on in sorted(wanted.leaves.items()):
        made.append(GroupLeft(**told, group_id=group, member=member, on=_on(on, moment)))
    for member, on in sorted(wanted.joins.items()):
        made.append(GroupJoined(**told, group_id=group, member=member, on=_on(on, moment)))
    if wanted.act == "end":
        made.append(GroupEnded(**told))
    return tuple(made)


def _on(asked: date, moment: Moment) -> date:
    return max(asked, date.fromordinal(moment.day))
