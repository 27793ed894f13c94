"""The fold: what others decided waits to be looked at, what we decided is what the alerts are. No conclusion is drawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.alerts.core.case import ENDED_KEPT, KEYS_KEPT, Alert, Case
from services.alerts.core.noticing import led, tell
from services.alerts.core.reading import heard, learn
from services.alerts.core.routing import route_of
from services.alerts.core.rules import RANK, Rules
from shared.core.envelope import Event
from shared.core.events.alert import (
    AlertAcknowledged,
    AlertAssigned,
    AlertCleared,
    AlertCommented,
    AlertDecision,
    AlertEscalated,
    AlertOpened,
    AlertRecurred,
    AlertReminded,
    AlertResolved,
    AlertSnoozed,
    AlertUndelivered,
    AlertWithdrawn,
)
from shared.core.events.base import Decision

TOLD = ("told",)


def evolve(case: Case, rules: Rules, types: frozenset[str], event: Event) -> None:
    """Fold *event* into *case*; *types*: those that some kind asks for. Total."""
    data = event.data
    if isinstance(data, AlertDecision):
        fold(case, rules, data)
    elif isinstance(data, Decision):
        learn(case, event)
        if event.type in types:
            case.pending.append(heard(case, event, data))


def fold(case: Case, rules: Rules, data: AlertDecision) -> None:
    """Fold one of our own. What others decided before it was looked at when it was decided."""
    case.pending.clear()
    case.count += 1
    at = data.at
    if at is None:
        return
    if isinstance(data, AlertOpened):
        alert = _opened(case, rules, data, at)
    else:
        found = case.alerts.get(data.alert_id)
        handler = _HANDLERS.get(type(data))
        if found is None or handler is None:
            return
        alert = found
        handler(case, rules, alert, data)
    alert.version, alert.changed_at = case.count, at


def _opened(case: Case, rules: Rules, data: AlertOpened, at: datetime) -> Alert:
    held = case.alerts.get(data.alert_id)
    alert = Alert(
        alert_id=data.alert_id,
        fingerprint=data.fingerprint,
        kind=data.kind or "",
        severity=data.severity,
        about=data.about,
        labels=dict(data.labels),
        figures=dict(data.figures),
        route=data.route or "",
        caused_by=data.caused_by or "",
        opened_at=held.opened_at if held else at,
        opened_on=data.as_of.toordinal(),
        figures_on=data.as_of.toordinal(),
        since=at,
        changed_at=at,
        owner=held.owner if held else data.figures.get("owner", ""),
        times=data.times,
        acknowledge_by=data.acknowledge_by,
        resolve_by=data.resolve_by,
        due_on=data.due_on,
        recorded_only=data.recorded_only,
        noticed=held.noticed if held else 0,
        keys=held.keys if held else (),
    )
    case.numbered += held is None
    case.alerts.pop(data.alert_id, None)
    case.alerts[data.alert_id] = alert
    _planned(case, rules, alert)
    over = [name for name, one in case.alerts.items() if one.is_over]
    for name in over[: max(0, len(over) - ENDED_KEPT)]:
        del case.alerts[name]
    tell(case, rules.routes, alert, "reopened" if held else "opened", at)
    return alert


def _planned(case: Case, rules: Rules, step: Alert) -> None:
    """What has a plan is late by its steps, each of which has its day, and not by the time in which a plan was owed."""
    whole = case.alerts.get(step.figures.get("of", ""))
    kind = None if whole is None else rules.kinds.of(whole.kind)
    if whole is not None and kind is not None and kind.plan == step.kind:
        whole.resolve_by, whole.version = None, case.count


def _recurred(case: Case, rules: Rules, alert: Alert, data: AlertRecurred) -> None:
    """Graver than it was, or a step further, it is told again, and its clocks go on; else it is only counted."""
    is_graver, kind = RANK[data.severity] > RANK[alert.severity], rules.kinds.of(alert.kind)
    steps = kind.tells_again if kind is not None and data.figures else ()
    is_further = any(alert.figures.get(name) != data.figures.get(name) for name in steps)
    alert.times, alert.resolves_on = data.times, 0
    if is_graver:
        alert.severity = data.severity
    if data.figures:
        alert.figures, alert.figures_on = dict(data.figures), data.as_of.toordinal()
    alert.about = data.about
    alert.caused_by = data.caused_by or alert.caused_by
    if is_graver or is_further:
        tell(case, rules.routes, alert, "repeated", _at(data))


def _cleared(case: Case, rules: Rules, alert: Alert, data: AlertCleared) -> None:
    alert.resolves_on = data.resolves_on.toordinal()


def _acknowledged(case: Case, rules: Rules, alert: Alert, data: AlertAcknowledged) -> None:
    alert.state, alert.owner, alert.until = "acknowledged", data.by or alert.owner, None
    if alert.step:  # who was called up may rest again
        tell(case, rules.routes, alert, "acknowledged", _at(data), to=TOLD)


def _assigned(case: Case, rules: Rules, alert: Alert, data: AlertAssigned) -> None:
    alert.owner = data.owner
    if data.owner != data.by:
        tell(case, rules.routes, alert, "assigned", _at(data), to=(f"person:{data.owner}",), digest=False)


def _commented(case: Case, rules: Rules, alert: Alert, data: AlertCommented) -> None:
    if data.key is not None:
        alert.keys = (*alert.keys, data.key)[-KEYS_KEPT:]
    is_of_report = data.at == alert.since  # what it was opened with: its opening is told
    if alert.owner and alert.owner != data.by and not is_of_report:
        tell(case, rules.routes, alert, "commented", _at(data), to=(f"person:{alert.owner}",), digest=False)


def _snoozed(case: Case, rules: Rules, alert: Alert, data: AlertSnoozed) -> None:
    alert.state, alert.until = "snoozed", data.until
    alert.owner = alert.owner or data.by or ""


def _escalated(case: Case, rules: Rules, alert: Alert, data: AlertEscalated) -> None:
    if alert.due_on is not None and data.why == "late":
        alert.reminded += 1
    else:
        alert.step = data.step
    tell(case, rules.routes, alert, "escalated", _at(data), to=data.to, digest=False)


def _reminded(case: Case, rules: Rules, alert: Alert, data: AlertReminded) -> None:
    to: tuple[str, ...] | None = (f"person:{alert.owner}",) if alert.owner else None
    if data.reason == "repeat":
        alert.repeated += 1
        tell(case, rules.routes, alert, "repeated", _at(data))
        return
    if data.reason == "due":
        alert.reminded += 1
    elif data.reason == "resolve":
        alert.is_late = True
        to = (*to, led(case, alert)) if to else None
    elif data.reason == "woken":
        alert.state, alert.until, alert.since = "open", None, _at(data)
        alert.step = alert.repeated = 0
        alert.acknowledge_by, alert.resolve_by, alert.is_late = data.acknowledge_by, data.resolve_by, False
    tell(case, rules.routes, alert, "reminded", _at(data), to=to, digest=False if to else None)


def _resolved(case: Case, rules: Rules, alert: Alert, data: AlertResolved) -> None:
    was = alert.is_over
    _end(alert, data, "resolved")
    if not was and data.why != "lapsed":
        tell(case, rules.routes, alert, "resolved", _at(data), to=TOLD)


def _withdrawn(case: Case, rules: Rules, alert: Alert, data: AlertWithdrawn) -> None:
    _end(alert, data, "withdrawn")
    tell(case, rules.routes, alert, "withdrawn", _at(data), to=TOLD, digest=False)


def _end(alert: Alert, data: AlertDecision, state: Any) -> None:
    alert.state, alert.until, alert.resolves_on = state, None, 0
    alert.ended_on, alert.ended_by = data.as_of.toordinal(), data.by or ""


def _undelivered(case: Case, rules: Rules, alert: Alert, data: AlertUndelivered) -> None:
    fallback = route_of(rules.routes, alert.route).fallback
    if fallback:
        tell(case, rules.routes, alert, "undelivered", _at(data), to=fallback, digest=False)


def _at(data: AlertDecision) -> datetime:
    assert data.at is not None
    return data.at


_HANDLERS: dict[type, Callable[[Case, Rules, Alert, Any], None]] = {
    AlertRecurred: _recurred,
    AlertCleared: _cleared,
    AlertAcknowledged: _acknowledged,
    AlertAssigned: _assigned,
    AlertCommented: _commented,
    AlertSnoozed: _snoozed,
    AlertEscalated: _escalated,
    AlertReminded: _reminded,
    AlertResolved: _resolved,
    AlertWithdrawn: _withdrawn,
    AlertUndelivered: _undelivered,
}
