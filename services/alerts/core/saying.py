"""What is said about one case, each decision folded into a draft before the next is thought of; the machine folds them too."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from services.alerts.core.case import Alert, Case
from services.alerts.core.evolve import fold
from services.alerts.core.rules import Kind, Obligation, Rules
from services.alerts.core.worktime import Hours
from shared.core.brain import Decided
from shared.core.events.alert import AlertDecision, AlertLogged
from shared.core.events.values import Severity


class Saying:
    """The case on its day, as it is after what was said."""

    def __init__(self, case: Case, rules: Rules, hours: Hours, day: int, cause: str) -> None:
        """Nothing is said yet."""
        self.case, self.rules, self.hours, self.day, self.cause = draft(case), rules, hours, day, cause
        self.decided: list[Decided] = []

    def say(self, data: AlertDecision) -> None:
        """Take one more decision. What contracts name is published; the rest of its life is in the log."""
        self.decided.append(Decided(data, publish=not isinstance(data, AlertLogged) and not _recorded(self.case, data)))
        fold(self.case, self.rules, data)

    def owed(self, alert: Alert, at: datetime) -> tuple[datetime | None, datetime | None]:
        """By when *alert*, whose clocks begin at *at*, must be acknowledged, and resolved; None: it need not."""
        kind = self.rules.kinds.of(alert.kind)
        return owed(self.rules, self.hours, kind, alert.severity, at) if kind else (None, None)

    def of(self, alert: Alert, at: datetime, **more: Any) -> dict[str, Any]:
        """What every decision about *alert* says."""
        return {
            "as_of": date.fromordinal(self.day),
            "cause": self.cause,
            "labels": alert.labels,
            "alert_id": alert.alert_id,
            "fingerprint": alert.fingerprint,
            "severity": alert.severity,
            "about": alert.about,
            "kind": alert.kind,
            "at": at,
        } | more


def owed(
    rules: Rules, hours: Hours, kind: Kind, severity: Severity, at: datetime
) -> tuple[datetime | None, datetime | None]:
    """What a *severity* of *kind* asks for, from *at* on."""
    obligation = rules.kinds.obligations.get(severity, Obligation())
    within = kind.within or obligation.acknowledge
    if not kind.acknowledge or within is None:
        return None, None
    resolve = obligation.resolve if not kind.is_task else None
    return hours.after(at, within), hours.after(at, resolve) if resolve else None


def _recorded(case: Case, data: AlertDecision) -> bool:
    """Nobody is told of what is only recorded, and no topic carries it."""
    held = case.alerts.get(data.alert_id)
    return bool(getattr(data, "recorded_only", held is not None and held.recorded_only))


def draft(case: Case) -> Case:
    """The same case, to be changed without changing it."""
    other = Case(case.stream)
    other.alerts = {name: msgspec.structs.replace(one) for name, one in case.alerts.items()}
    other.known, other.requests, other.moved = case.known, case.requests, case.moved
    other.numbered, other.count, other.marks = case.numbered, case.count, case.marks
    other.fresh = list(case.fresh)
    return other
