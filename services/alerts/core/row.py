"""What the projection keeps of a case: the alerts that changed, and the notices that were left."""

from __future__ import annotations

from datetime import datetime

import msgspec

from services.alerts.core.case import Alert, Case, Said
from services.alerts.core.rules import Rules
from services.alerts.core.timing import wake_of
from services.alerts.core.worktime import Hours


class AlertRow(msgspec.Struct, frozen=True):
    """One alert."""

    alert: Alert
    wakes_at: datetime | None
    shows_grade: bool


class Row(msgspec.Struct, frozen=True):
    """One case."""

    subject: str
    has_credit: bool
    alerts: tuple[AlertRow, ...]
    said: tuple[Said, ...]


def row_of(case: Case, rules: Rules, hours: Hours) -> Row | None:
    """What changed since the last decision but one, for a command is decided in two; None: nothing did."""
    since = case.marks[0]
    changed = [one for one in case.alerts.values() if one.version > since]
    if not changed:
        return None
    return Row(
        subject=case.subject,
        has_credit=case.known.has_credit,
        alerts=tuple(AlertRow(one, wake.at if (wake := wake_of(one, rules, hours)) else None, _shows(one, rules))
                     for one in changed),
        said=tuple(one for one in case.fresh if one.version > since),
    )  # fmt: skip


def _shows(alert: Alert, rules: Rules) -> bool:
    kind = rules.kinds.of(alert.kind)
    return kind is not None and kind.grades
