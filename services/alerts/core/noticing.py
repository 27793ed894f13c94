"""Who is to hear of what happened to an alert: notices by role, as the routes say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from services.alerts.core.case import FRESH_KEPT, HOUSE, Alert, Case, Said
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


def led(case: Case, alert: Alert) -> str:
    """Who leads the owner: the person it was given to as it was reported, or who took on a matter of the house; else the
    customer manager."""
    is_theirs = alert.owner and ("owner" in alert.figures or case.stream == HOUSE)
    return f"line:{alert.owner}" if is_theirs else "line"


def told_group(notice: Notice, groups: Iterable[tuple[str, Iterable[str]]]) -> Notice:
    """*notice*, to the unit of the lead and to those of all other members of *groups* (lead, members) as well (AL-08, RO-15).

    A group is nobody's customer, so of an alert about the group itself these are the owners.
    """
    others: dict[str, None] = {}
    for lead, members in groups:
        ordered = sorted(members, key=lambda one: (one != lead, one))
        said = (f"{'lead' if one == lead else 'assisting'}:{one}" for one in ordered if one != notice.subject)
        others |= dict.fromkeys(said)
    if not others:
        return notice
    own = (one for one in notice.to if not (one == "owner" and notice.subject.startswith("g:")))
    return msgspec.structs.replace(notice, to=(*own, *others))


def inhibited_by_group(
    routes: Routes, labels: Mapping[str, str], standing: Iterable[tuple[str, Mapping[str, str]]]
) -> str:
    """Why an alert about a group of the customer (id, labels) makes one with *labels* need no notice; empty: none does."""
    for rule in routes.inhibit:
        if not rule.of_group or not hold(rule.target, labels):
            continue
        for name, theirs in standing:
            if hold(rule.source, theirs) and all(theirs.get(one, "") == labels.get(one, "") for one in rule.equal):
                return f"inhibited:{rule.name}:{name}"
    return ""


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
        rows=_votes(case, alert),
    )


def _votes(case: Case, alert: Alert) -> tuple[dict[str, str], ...]:
    """What each member of a committee said, where the alert is about the step of one (AL-12)."""
    asked, step = case.requests.get(alert.figures.get("approval_id", "")), alert.figures.get("step", "")
    if asked is None or alert.figures.get("committee") != "yes":
        return ()
    votes = asked.votes(int(step)) if step.isdigit() else ()
    return tuple({"by": one.by, "vote": one.did, "reason": one.reason} for one in votes)


def labels_of(alert: Alert) -> dict[str, str]:
    """By what *alert* is routed, inhibited and silenced."""
    return alert.labels | {"severity": alert.severity, "kind": alert.kind}


def inhibited(case: Case, routes: Routes, alert: Alert) -> str:
    """Why an alert that stands makes *alert* need no notice: `inhibited:<rule>:<alert>`; empty: none does."""
    labels = labels_of(alert)
    for rule in routes.inhibit:
        if rule.of_group or not hold(rule.target, labels):
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
