"""What is posted and answered about groups. Nothing that is posted is ignored; money and ratios are strings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from services.exposure.api.answers import Decimal, GroupStand, Limit
from services.exposure.api.forms import Currency
from shared.core import limits
from shared.edge.http.approving import Answer, Body, Line, Next

Customer = Annotated[str, StringConstraints(min_length=1, max_length=limits.SUBJECT_CHARACTERS)]
GroupName = Annotated[str, StringConstraints(pattern=r"^g:[^\s/?#%\x00-\x1f\x7f]{1,62}$")]
MOST = 60
"""So many members one request may name: its content is read and hashed as a whole."""


class Joining(Body):
    """A customer is to belong to the group."""

    customer_id: Customer
    since: date | None = Field(None, description="from this day on; default: today, or the day of the last grant")


class Leaving(Body):
    """A customer is to belong to the group no more."""

    customer_id: Customer
    on: date | None = Field(None, description="the first day on which it does not; default: today, or the last grant's")


class GroupDeclaredAsked(Body):
    """Customers are one group: control, joint control, kin, or ties that move profit; the evidence says which."""

    group_id: GroupName = Field(description="begins with g: and never changes", examples=["g:huadong"])
    name: Line
    currency: Currency = Field("CNY", description="in which its limits and exposure are told; it never changes")
    lead: Customer | None = Field(None, description="the member that leads it, such as the parent")
    join: list[Joining] = Field(min_length=1, max_length=MOST)
    reason: Line
    evidence: Line


class GroupChangeAsked(Body):
    """Members join or leave, or the group has another name or lead."""

    name: Line | None = None
    lead: Customer | None = None
    join: list[Joining] = Field(default_factory=list, max_length=MOST)
    leave: list[Leaving] = Field(default_factory=list, max_length=MOST)
    reason: Line
    evidence: Line


class GroupEndAsked(Body):
    """The group is none any more; everybody leaves it."""

    on: date | None = None
    reason: Line
    evidence: Line


class Member(Answer):
    """One member, and what it owes."""

    customer_id: str
    since: date
    until: date | None = Field(description="the first day on which it does not belong to the group")
    currency: str
    exposure: Decimal
    reserved: Decimal
    share: Decimal | None = Field(description="of what all members owe, 1 = 100 %; null: not known, or nothing is owed")


class Group(GroupStand):
    """A group, its limits and its members."""

    known_at: datetime
    version: int
    limits: list[Limit]
    members: list[Member]


class GroupListed(Answer):
    """One group."""

    group_id: str
    name: str
    currency: str
    lead: str | None
    since: date
    ended_on: date | None
    limit: Decimal | None
    is_breached: bool
    mark: Decimal


class Groups(Answer):
    """A page of groups, by id."""

    groups: list[GroupListed]
    next: Next
