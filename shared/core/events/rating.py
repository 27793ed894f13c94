"""Decisions about grades and warnings (topic `credit.ratings`; compliance on `credit.restricted`)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta, field

from shared.core import limits
from shared.core.events.base import Decision
from shared.core.events.values import Code, DocumentId, Ratio, Severity, Sha256, Text

Direction = Literal["first", "up", "down", "lost", "method"]
WarningKind = Literal["legal_person", "brand", "financial", "transaction", "data"]
Identity = Annotated[str, Meta(min_length=1, max_length=limits.SOURCE_CHARACTERS)]


class Detail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A value inside a decision that has fields of its own; readers ignore unknown ones."""


class PolicyRef(Detail, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Exactly which rules decided."""

    id: Code
    version: Code
    sha256: Sha256


class FactRef(Detail, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Exactly which fact is meant."""

    source: Identity
    id: Identity
    type: Code | None = None


class Restated(Detail, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision that would have been different, had the fact been known."""

    id: Identity
    """The decision's event id."""
    as_of: date
    was: Text | None
    would_be: Text | None
    method: Code | None = None


class RatingDecision(Decision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision that the rating service publishes."""

    TOPIC: ClassVar[str] = "credit.ratings"


ADVANCE = "advance"
LIMITS = "credit.limits"


def _topic(purpose: str) -> str:
    return "credit.restricted" if purpose == "compliance" else RatingDecision.TOPIC


class GradeChanged(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The effective grade of a customer under one method is another one; `to` null: no grade, and `refusal` says why."""

    TYPE: ClassVar[str] = "credit.grade.changed.v1"

    method: Code
    purpose: Code
    from_: Code | None = field(name="from")
    to: Code | None
    direction: Direction
    policy: PolicyRef
    reasons: tuple[Code, ...] = ()
    refusal: Code | None = None
    underlying: Code | None = None
    """The grade that the rules alone give, where an override, a cap or a movement rule holds another."""
    score: Ratio | None = None
    parts: dict[Code, Text] = field(default_factory=dict)
    """Part or characteristic → its letter or points."""
    valid_until: date | None = None
    measures: dict[Code, Text | None] = field(default_factory=dict)
    """What the method looked at; null: not known. The same rules give the same grade from it in every later release."""
    engine: Text | None = None
    """Of the functions that turned facts into measures, with the version of the work calendar."""
    override_id: DocumentId | None = None
    """The override by which the grade is what it is; the rules alone give `underlying`."""
    references: dict[Code, date] = field(default_factory=dict)
    """The reference facts that were at hand: series (rates, lists) → the date of its newest publication."""
    notches: int | None = None
    """Steps of the scale from `from` to `to`, more than 0 for the better; None where the two are not of one scale."""
    is_worst: bool = False
    """Whether `to` is the worst grade of its scale: a veto, a default, or the score."""

    @property
    def topic(self) -> str:
        """Compliance is read by few."""
        return _topic(self.purpose)


class WarningDecision(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision about one early warning."""

    warning_id: DocumentId
    rule: Code
    kind: WarningKind
    severity: Severity
    figures: dict[Code, Text] = field(default_factory=dict)
    """What the rule saw: measure → value, as text."""


class WarningRaised(WarningDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """An early warning begins."""

    TYPE: ClassVar[str] = "credit.warning.raised.v1"


class WarningCleared(WarningDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The cause of an early warning ended."""

    TYPE: ClassVar[str] = "credit.warning.cleared.v1"


class WarningWithdrawn(WarningDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """The cause of an early warning never was: a correction removed it."""

    TYPE: ClassVar[str] = "credit.warning.withdrawn.v1"


class DecisionCorrected(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A fact came late or was corrected; these past decisions would have been different."""

    TYPE: ClassVar[str] = "credit.decision.corrected.v1"

    fact: FactRef
    from_: date = field(name="from")
    """The first date that is seen differently now."""
    decisions: tuple[Restated, ...]
    purpose: Code = "credit"
    """Of the methods under which they were taken."""

    @property
    def topic(self) -> str:
        """Compliance is read by few."""
        return _topic(self.purpose)


class ReviewDue(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A customer is to be reviewed by people; about `~policy`: the method itself, overridden too often (G-26)."""

    TYPE: ClassVar[str] = "credit.review.due.v1"

    review_id: DocumentId
    method: Code
    due_on: date
    purpose: Code = "credit"
    """Of the method. `advance`: of advance funding, which the exposure service watches (LT-22, LT-25, LT-27)."""

    @property
    def topic(self) -> str:
        """Compliance is read by few; what is due of advances travels with the limits."""
        return LIMITS if self.purpose == ADVANCE else _topic(self.purpose)


class PolicyActivated(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A version of a method is in force from the opening of a day."""

    TYPE: ClassVar[str] = "credit.policy.activated.v1"
    SUBJECT: ClassVar[str | None] = "~policy"

    method: Code
    version: Code
    sha256: Sha256
    effective: date


class FactQuarantined(RatingDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """An identity came again: with other content (this fact is kept aside), or for another customer (both stand)."""

    TYPE: ClassVar[str] = "credit.fact.quarantined.v1"

    fact: FactRef
    reason: Code
    detail: Text | None = None
