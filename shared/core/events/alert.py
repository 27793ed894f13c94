"""Decisions about alerts to staff (topic `credit.alerts`)."""

from __future__ import annotations

from typing import ClassVar

from shared.core.events.base import Decision
from shared.core.events.values import Code, DocumentId, Severity, Text


class AlertDecision(Decision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """A decision about one alert."""

    TOPIC: ClassVar[str] = "credit.alerts"

    alert_id: DocumentId
    fingerprint: Code
    """The same for alerts about the same thing."""
    severity: Severity
    about: Text
    by: Code | None = None


class AlertOpened(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Staff are told of something."""

    TYPE: ClassVar[str] = "credit.alert.opened.v1"


class AlertAcknowledged(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Somebody took it on."""

    TYPE: ClassVar[str] = "credit.alert.acknowledged.v1"


class AlertEscalated(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Nobody took it on in time; the next ones are told."""

    TYPE: ClassVar[str] = "credit.alert.escalated.v1"


class AlertSnoozed(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """It is silent for a while."""

    TYPE: ClassVar[str] = "credit.alert.snoozed.v1"


class AlertResolved(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """It is dealt with."""

    TYPE: ClassVar[str] = "credit.alert.resolved.v1"


class AlertWithdrawn(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """Its cause never was."""

    TYPE: ClassVar[str] = "credit.alert.withdrawn.v1"


class AlertUndelivered(AlertDecision, frozen=True, kw_only=True, forbid_unknown_fields=False, omit_defaults=True):
    """No channel could deliver it."""

    TYPE: ClassVar[str] = "credit.alert.undelivered.v1"
