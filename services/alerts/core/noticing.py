"""Who is to hear of what happened to an alert: notices by role, as the routes say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.alerts.core.case import FRESH_KEPT, Alert, Case, Said
from services.alerts.core.notice import Notice, What
from services.alerts.core.routing import filled, group_of, ways
from services.alerts.core.rules import Route, Routes, hold

RECORDED = "recorded"
"""The alert is older than the go-live, or than the day."""


def tell(
    case: Case,
    routes: Routes,
    alert: Alert,
    what: What,
    at: datetime,
    *,
    to: Iterable[str] | None = None,
    digest: bool | None = None,
) -> None:
    """Leave the notices that *what* happened to *alert*: one a route that it takes, to *to* or to whom the route names.

    *to*: to these alone, by the first route.
    """
    told = ways(routes.root, labels_of(alert))
    quiet = RECORDED if alert.recorded_only else inhibited(case, routes, alert)
    for way in told if to is None else told[:1]:
        route = way.route
        receivers = filled(route.to if to is None else to, alert.figures | alert.labels)
        if not receivers:
            continue
        alert.noticed += 1
        notice = _notice(case, alert, route, what, at, receivers, route.digest if digest is None else digest)
        case.fresh.append(Said(notice, quiet, case.count))
    del case.fresh[: max(0, len(case.fresh) - FRESH_KEPT)]


def _notice(
    case: Case, alert: Alert, route: Route, what: What, at: datetime, to: tuple[str, ...], digest: bool
) -> Notice:
    return Notice(
        notice_id=f"{alert.alert_id}/{alert.noticed}",
        alert_id=alert.alert_id,
        subject=case.subject,
        what=what,
        kind=alert.kind,
        severity=alert.severity,
        labels=dict(alert.labels),
        figures=dict(alert.figures),
        to=to,
        route=route.name,
        at=at,
        group=group_of(route, case.subject, labels_of(alert)),
        wait_seconds=route.wait_seconds,
        interval_seconds=route.interval_seconds,
        digest=digest,
        urgent=route.urgent,
        channels=route.channels,
        due_on=alert.due_on,
    )


def labels_of(alert: Alert) -> dict[str, str]:
    """By what *alert* is routed, inhibited and silenced."""
    return alert.labels | {"severity": alert.severity, "kind": alert.kind}


def inhibited(case: Case, routes: Routes, alert: Alert) -> str:
    """Why an alert that stands makes *alert* need no notice: `inhibited:<rule>:<alert>`; empty: none does."""
    labels = labels_of(alert)
    for rule in routes.inhibit:
        if not hold(rule.target, labels):
            continue
        for other in case.standing():
            theirs = labels_of(other)
            if (
                other is not alert
                and not other.recorded_only
                and hold(rule.source, theirs)
                and all(theirs.get(name, "") == labels.get(name, "") for name in rule.equal if name != "subject")
            ):
                return f"inhibited:{rule.name}:{other.alert_id}"
    return ""
