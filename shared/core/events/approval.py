"""Decisions of people about grades: overrides and the approvals they need (topic `credit.ratings`)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from msgspec import Meta

from shared.core.breach import Breach
from shared.core.events.rating import RatingDecision
from shared.core.events.values import Code, DocumentId, Sha256, Text


class OverrideSet(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """People set the grade, or a cap on it, until a date."""

    TYPE: ClassVar[str] = "credit.override.set.v1"

    override_id: DocumentId
    expires_on: date
    reason: Text
    grade: Code | None = None
    cap: Code | None = None

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


class ApprovalDecision(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A step of an approval by a second person."""

    approval_id: DocumentId
    kind: Code
    payload_sha256: Sha256
    """What is approved, exactly."""
    step: Annotated[int, Meta(ge=1, le=99)]
    role: Code
    by: Code | None = None
    reason: Text | None = None


class ApprovalRequested(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Somebody asked for something that needs an approval."""

    TYPE: ClassVar[str] = "credit.approval.requested.v1"


class ApprovalGranted(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The approval was given."""

    TYPE: ClassVar[str] = "credit.approval.granted.v1"


class ApprovalRefused(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The approval was refused."""

    TYPE: ClassVar[str] = "credit.approval.refused.v1"


class ApprovalExpired(ApprovalDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Nobody answered in time."""

    TYPE: ClassVar[str] = "credit.approval.expired.v1"
