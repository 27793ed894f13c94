"""Decisions about alerts to staff (topic `credit.alerts`)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from shared.core.events.base import Decision
from shared.core.events.granting import Logged
from shared.core.events.values import Code, Count, DocumentId, Labels, Severity, Text

Instant = Annotated[datetime, Meta(tz=True)]


class AlertDecision(Decision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision about one alert."""

    TOPIC: ClassVar[str] = "credit.alerts"

    alert_id: DocumentId
    fingerprint: Code
    """The same for alerts about the same thing."""
    severity: Severity
    about: Text
    by: Code | None = None
    """The person; None: the rules did."""
    at: Instant | None = None
    """When it happened: the clocks of the alert run from it, not from when it was written down."""
    kind: Code | None = None
    """By its rule in `alerts.yaml`."""
    why: Text | None = None
    """What a person wrote, or the code of what the rules saw."""

    @property
    def topic(self) -> str:
        """Compliance is read by few."""
        return "credit.restricted" if self.TOPIC and self.labels.get("purpose") == "compliance" else self.TOPIC


class AlertOpened(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Staff are told of something; or told again of what was dealt with and has come back (`times` > 1)."""

    TYPE: ClassVar[str] = "credit.alert.opened.v1"

    figures: Labels = field(default_factory=dict)
    """What its words are filled with."""
    route: Code | None = None
    """The first route of the tree that it takes."""
    caused_by: Text | None = None
    """The id of the decision that it is about."""
    acknowledge_by: Instant | None = None
    resolve_by: Instant | None = None
    due_on: date | None = None
    """The day by which something must be done."""
    times: Count = 1
    """How often its cause came."""
    recorded_only: bool = False
    """It is older than the go-live, or than the day: nobody is told."""


class AlertAcknowledged(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Somebody took it on."""

    TYPE: ClassVar[str] = "credit.alert.acknowledged.v1"


class AlertEscalated(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Nobody took it on in time; the next ones are told."""

    TYPE: ClassVar[str] = "credit.alert.escalated.v1"

    step: Count = 0
    """Of the chain, from 1."""
    to: tuple[Text, ...] = ()


class AlertSnoozed(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """It is silent for a while."""

    TYPE: ClassVar[str] = "credit.alert.snoozed.v1"

    until: Instant | None = None


class AlertResolved(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """It is dealt with: somebody says so, or its cause ended."""

    TYPE: ClassVar[str] = "credit.alert.resolved.v1"

    caused_by: Text | None = None
    """The id of the decision that ended it."""


class AlertWithdrawn(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Its cause never was."""

    TYPE: ClassVar[str] = "credit.alert.withdrawn.v1"

    caused_by: Text | None = None
    """The id of the decision that says so."""


class AlertUndelivered(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """No channel could deliver it."""

    TYPE: ClassVar[str] = "credit.alert.undelivered.v1"

    notice_id: Text | None = None
    person: Code | None = None
    """Who did not get it."""


class AlertLogged(AlertDecision, Logged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """What happened to an alert and no topic carries: kept in the log, so that its whole life can be told."""

    TOPIC: ClassVar[str] = ""


class AlertRecurred(AlertLogged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Its cause came again while it stood: it is no new alert."""

    TYPE: ClassVar[str] = "credit.alert.recurred.v1"

    times: Count
    figures: Labels = field(default_factory=dict)
    caused_by: Text | None = None


class AlertCleared(AlertLogged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Its cause ended; it is resolved once that has held for a while."""

    TYPE: ClassVar[str] = "credit.alert.cleared.v1"

    resolves_on: date
    caused_by: Text | None = None


class AlertReminded(AlertLogged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Somebody is told of it once more: a day draws near, nobody took it on, or a snooze is over."""

    TYPE: ClassVar[str] = "credit.alert.reminded.v1"

    reason: Literal["due", "repeat", "resolve", "woken"]
    acknowledge_by: Instant | None = None
    """Of one that woke: its clocks begin again."""
    resolve_by: Instant | None = None


class AlertAssigned(AlertLogged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """It was given to somebody."""

    TYPE: ClassVar[str] = "credit.alert.assigned.v1"

    owner: Code


class AlertCommented(AlertLogged, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Somebody wrote something down; `why` holds it."""

    TYPE: ClassVar[str] = "credit.alert.commented.v1"

    reference: Text | None = None
    """A document, a ticket, a file."""
    key: DocumentId | None = None
    """The Idempotency-Key: the same again changes nothing."""
