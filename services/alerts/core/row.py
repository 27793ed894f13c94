"""What the projection keeps of a case: the alerts that changed, and the notices that were left."""

from __future__ import annotations

from datetime import datetime

import msgspec

from services.alerts.core.case import Alert, Case, Said
from services.alerts.core.requests import Request
from services.alerts.core.rules import Rules
from services.alerts.core.timing import wake_of
from services.alerts.core.worktime import Hours


class AlertRow(msgspec.Struct, frozen=True):
    """One alert."""

    alert: Alert
    wakes_at: datetime | None
    shows_grade: bool
    tells_group: bool


class Row(msgspec.Struct, frozen=True):
    """One case."""

    subject: str
    has_credit: bool
    members: tuple[str, ...] | None
    """Of a group; None: it is no group."""
    lead: str
    """The member that leads it; ``: none does."""
    alerts: tuple[AlertRow, ...]
    said: tuple[Said, ...]
    requests: tuple[Request, ...] = ()
    """Those of which something was heard."""


def row_of(case: Case, rules: Rules, hours: Hours) -> Row | None:
    """What changed since the last decision but one, for a command is decided in two; None: nothing did."""
    since = case.marks[0]
    changed = [one for one in case.alerts.values() if one.version > since]
    if not changed and not case.moved:
        return None
    return Row(
        subject=case.subject,
        has_credit=case.known.has_credit,
        members=case.known.members if case.subject.startswith("g:") else None,
        lead=case.known.lead,
        alerts=tuple(_row(one, rules, hours) for one in changed),
        said=tuple(one for one in case.fresh if one.version > since),
        requests=tuple(msgspec.structs.replace(one) for one in case.moved.values()),
    )


def _row(alert: Alert, rules: Rules, hours: Hours) -> AlertRow:
    kind, wake = rules.kinds.of(alert.kind), wake_of(alert, rules, hours)
    return AlertRow(
        alert,
        wake.at if wake else None,
        shows_grade=kind is not None and kind.grades,
        tells_group=kind is not None and kind.tells_group,
    )
