"""Decisions of people about grades: overrides and the approvals they need (topic `credit.ratings`)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from shared.core import limits
from shared.core.breach import Breach
from shared.core.events.rating import Detail, RatingDecision
from shared.core.events.values import Code, DocumentId, Sha256, Share, Text

ABOUT_LIMITS = frozenset({"limit", "limit-end", "advance", "group"})
"""The kinds of request that the exposure service decides; they travel with limits."""

Payload = Annotated[str, Meta(min_length=2, max_length=limits.PAYLOAD_CHARACTERS)]
"""What is approved, as canonical JSON."""


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday"]


class Sittings(Detail, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """When a committee sits, and whose turn it is (AP-07, RO-14)."""

    days: Annotated[tuple[Weekday, ...], Meta(min_length=1)]
    """Of these it sits on working days."""
    notice: Annotated[int, Meta(ge=0, le=99)] = 0
    """Working days between putting a matter on the agenda and the sitting."""
    start: Text | None = None
    """The hour at which it begins."""
    rota: tuple[tuple[Code, ...], ...] = ()
    """Seats besides `members`, in turn by calendar week: the first in odd weeks where there are two."""


class Committee(Detail, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A step that several persons take together, by votes (AP-07)."""

    members: tuple[Code, ...]
    """The seats: a role, or `person:NAME`. A role that is named twice has two seats."""
    grant: Annotated[int, Meta(ge=1, le=99)]
    """So many votes for it grant the step."""
    refuse: Annotated[int, Meta(ge=1, le=99)]
    """So many votes against it refuse the request."""
    veto: tuple[Code, ...] = ()
    """The seats that are always present: nothing is granted without them, and one vote of theirs against it refuses."""
    joint: bool = False
    """Posts that all sign, in any order, in place of a committee that votes."""
    avoiding: tuple[Code, ...] = ()
    """The seats that do not vote on this matter: it is of their own line."""
    sits: Sittings | None = None
    """None: votes are given on any day."""


class OverrideSet(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """People set the grade, or a cap on it, until a date."""

    TYPE: ClassVar[str] = "credit.override.set.v1"

    override_id: DocumentId
    expires_on: date
    reason: Text
    grade: Code | None = None
    cap: Code | None = None
    method: Code | None = None
    """The method whose scale the grade is of; under another method it does not hold."""
    approval_id: DocumentId | None = None
    """The approval that it stands on."""
    by: Code | None = None
    """The person who asked for it."""
    evidence: Text | None = None

    def __post_init__(self) -> None:
        """Raise Breach unless exactly one of `grade` and `cap` is given."""
        if (self.grade is None) == (self.cap is None):
            raise Breach("an override sets exactly one of grade and cap", rule="one-of", pointer="/grade")


class OverrideExpired(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """An override reached its last day."""

    TYPE: ClassVar[str] = "credit.override.expired.v1"

    override_id: DocumentId
    expires_on: date | None = None


class OverrideWithdrawn(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """People took an override back."""

    TYPE: ClassVar[str] = "credit.override.withdrawn.v1"

    override_id: DocumentId
    reason: Text | None = None
    approval_id: DocumentId | None = None


class ApprovalDecision(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A step of an approval by a second person, about a customer, or about the rules (subject `~policy`)."""

    approval_id: DocumentId
    kind: Code
    payload_sha256: Sha256
    """What is approved, exactly."""
    step: Annotated[int, Meta(ge=1, le=99)]
    role: Code
    """Whose step it is."""
    by: Code | None = None
    """The person, not the account."""
    reason: Text | None = None
    account: Text | None = None
    """The account with which the person, or the system that acts for the person, came."""
    through: Text | None = None
    """The system that acted for the person; the evidence says on what."""
    evidence: Text | None = None
    key: DocumentId | None = None
    """The Idempotency-Key of the act: the same act again changes nothing."""

    @property
    def topic(self) -> str:
        """Requests about limits travel with limits, all others with grades."""
        return "credit.limits" if self.kind in ABOUT_LIMITS else self.TOPIC


class ApprovalWaits(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """After it the next step waits."""

    remind_on: date | None = None
    """The day on whose opening somebody is reminded of that step."""
    deputy_on: date | None = None
    """The day from which deputies may take that step."""
    sits_on: date | None = None
    """The sitting on whose agenda that step is, where it is one of a committee that sits."""


class ApprovalRequested(ApprovalWaits, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Somebody, or for a rise of a grade the machine, asked for something that needs an approval."""

    TYPE: ClassVar[str] = "credit.approval.requested.v1"

    payload: Payload | None = None
    """The text whose hash is approved, and which takes effect."""
    roles: tuple[Code, ...] = ()
    """Who grants, in order."""
    deputies: dict[Code, tuple[Code, ...]] = field(default_factory=dict)
    """Role → the roles that may act for it once its step has waited too long."""
    lapses_on: date | None = None
    """The last day on which it can be granted."""
    committees: dict[Code, Committee] = field(default_factory=dict)
    """Those of `roles` that are committees, as they are for this request."""


class ApprovalGranted(ApprovalWaits, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The approval was given."""

    TYPE: ClassVar[str] = "credit.approval.granted.v1"

    acting: Code | None = None
    """The role of the deputy, where one acted for the role of the step."""
    final: bool = True
    """Whether this was the last step, so that what was asked takes effect."""


class ApprovalVoted(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A member of a committee has voted; what follows of all votes is said by itself."""

    TYPE: ClassVar[str] = "credit.approval.voted.v1"

    vote: Literal["for", "against"]
    seat: Code
    """The seat that was taken, one of the committee's `members`."""
    acting: Code | None = None
    """The role of the deputy, where one acted for the role of the seat."""


class ApprovalRefused(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The approval was refused."""

    TYPE: ClassVar[str] = "credit.approval.refused.v1"


class ApprovalWithdrawn(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Who asked took it back."""

    TYPE: ClassVar[str] = "credit.approval.withdrawn.v1"


class ApprovalEscalated(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A step waited too long: somebody is reminded, or deputies may take it."""

    TYPE: ClassVar[str] = "credit.approval.escalated.v1"

    to: Literal["reminder", "deputy"]
    deputies: tuple[Code, ...] = ()
    """The roles that may act from now on."""


class ApprovalExpired(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Nobody answered in time."""

    TYPE: ClassVar[str] = "credit.approval.expired.v1"


class ExceptionGranted(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """People let one rule not hold for a customer, until a date (AP-16)."""

    TYPE: ClassVar[str] = "credit.exception.granted.v1"

    exception_id: DocumentId
    excepts: Code
    """The rule that does not hold, by its code."""
    expires_on: date
    """The last day of the exception."""
    reason: Text
    method: Code | None = None
    """The method whose rule it is, where it is one of a method."""
    terms: Text | None = None
    """What is allowed instead: an amount, a term, a condition."""
    size: Share | None = None
    """How far from the rule, as a share of what it says, where that is how it is granted (AP-09)."""
    approval_id: DocumentId | None = None
    by: Code | None = None
    """The person who asked for it."""
    evidence: Text | None = None


class ExceptionEnded(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """An exception reached its last day; the rule holds again."""

    TYPE: ClassVar[str] = "credit.exception.ended.v1"

    exception_id: DocumentId
    excepts: Code
    expires_on: date
