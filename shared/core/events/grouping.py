"""What the exposure service decided about groups and tells nobody; what others see is `credit.group.changed.v1`."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from shared.core.events.granting import Logged
from shared.core.events.values import Code, Currency, DocumentId, Text, check_currency


class GroupDeclared(Logged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Staff declare that customers are one group, or that it has another name or lead (stream `g:…`; LT-47, LT-52)."""

    TYPE: ClassVar[str] = "credit.group.declared.v1"

    name: Text
    currency: Currency
    """In which its limits and its exposure are told; it never changes."""
    reason: Text
    lead: DocumentId | None = None
    """The member that leads it, such as the parent; None: none does."""
    by: Code | None = None
    approval_id: DocumentId | None = None

    def __post_init__(self) -> None:
        """Check the currency. Raises Breach."""
        check_currency(self.currency)


class Membership(Logged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """What both the stream of the group and that of the member keep."""

    group_id: DocumentId
    member: DocumentId
    on: date
    reason: Text
    by: Code | None = None
    approval_id: DocumentId | None = None


class GroupJoined(Membership, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A customer belongs to a group from the day `on`."""

    TYPE: ClassVar[str] = "credit.group.joined.v1"


class GroupLeft(Membership, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A customer belongs to a group no more from the day `on`."""

    TYPE: ClassVar[str] = "credit.group.left.v1"


class GroupEnded(Logged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The group is none any more; its members left before."""

    TYPE: ClassVar[str] = "credit.group.ended.v1"

    reason: Text
    by: Code | None = None
    approval_id: DocumentId | None = None
