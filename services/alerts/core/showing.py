"""The way an alert would take: the path through the tree, who is told, by which way, when, and who is told when nobody acts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from services.alerts.core.composing import GRAVEST_FIRST
from services.alerts.core.notice import Notice
from services.alerts.core.routing import Way, chain, filled, group_of, ways
from services.alerts.core.rules import Kind, Rules, Test
from services.alerts.core.saying import owed
from services.alerts.core.worktime import Hours, Span
from shared.core.events.values import Severity


class Told(msgspec.Struct, frozen=True):
    """One step of an escalation."""

    at: datetime
    to: tuple[str, ...]
    after: str
    """So long after it was opened and not acknowledged, as routes.yaml writes it."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One route that is taken."""

    route: str
    line: int
    """Of routes.yaml."""
    path: tuple[str, ...]
    because: tuple[str, ...]
    """The conditions that led to it; none: no other route matches."""
    to: tuple[str, ...]
    unknown: tuple[str, ...]
    """Receivers whose name the labels do not fill in: nobody is told by them."""
    group: str
    wait_seconds: int
    interval_seconds: int
    digest: bool
    urgent: bool
    channels: tuple[str, ...]
    repeat: str
    """How often, as routes.yaml writes it; empty: never."""
    repeats: int
    escalation: tuple[Told, ...]
    acknowledge_by: datetime | None
    resolve_by: datetime | None
    inhibited_while: tuple[str, ...]
    """Kinds of alerts beside which nobody is told of it."""


def show(rules: Rules, hours: Hours, labels: Mapping[str, str], at: datetime, subject: str = "?") -> list[Taken]:
    """Every route that an alert with *labels* (`kind` and `severity` among them), opened at *at*, takes."""
    kind = rules.kinds.of(labels.get("kind", ""))
    return [_taken(rules, hours, way, labels, at, kind, subject) for way in ways(rules.routes.root, labels)]


def notice_of(way: Taken, labels: Mapping[str, str], at: datetime) -> Notice:
    """The notice that an alert with *labels*, opened at *at*, would give by *way*."""
    severity: Severity = next((one for one in GRAVEST_FIRST if one == labels.get("severity")), "info")
    subject = labels.get("subject", "")
    return Notice(
        notice_id="", alert_id="", subject=subject, what="opened", kind=labels.get("kind", ""), severity=severity,
        labels=dict(labels), to=way.to, route=way.route, at=at, group=way.group,
    )  # fmt: skip


def _taken(
    rules: Rules, hours: Hours, way: Way, labels: Mapping[str, str], at: datetime, kind: Kind | None, subject: str
) -> Taken:
    route = way.route
    nodes = {one.name: one for one in rules.routes.root.walk()}
    tests = tuple(said(test) for name in way.path for test in nodes[name].match)
    to = filled(route.to, labels)
    severity: Severity = next((name for name in rules.kinds.obligations if name == labels.get("severity")), "info")
    acknowledge_by, resolve_by = owed(rules, hours, kind, severity, at) if kind else (None, None)
    steps = chain(rules.routes, route) if acknowledge_by else ()
    told = [Told(hours.after(at, one.after), filled(one.to, labels), length(one.after)) for one in steps]
    inhibited = tuple(
        f"{one.name}: {', '.join(said(test) for test in one.source)}"
        for one in rules.routes.inhibit
        if all(test.holds(labels) for test in one.target)
    )
    return Taken(
        route=route.name,
        line=route.line,
        path=way.path,
        because=tests,
        to=to,
        unknown=tuple(one for one in route.to if "{" in one and not filled((one,), labels)),
        group=group_of(route, subject, labels),
        wait_seconds=route.wait_seconds,
        interval_seconds=route.interval_seconds,
        digest=route.digest,
        urgent=route.urgent,
        channels=route.channels,
        repeat=length(route.repeat) if route.repeat else "",
        repeats=route.repeats if route.repeat else 0,
        escalation=tuple(told),
        acknowledge_by=acknowledge_by,
        resolve_by=resolve_by,
        inhibited_while=inhibited,
    )


def said(test: Test) -> str:
    """A condition as the file writes it."""
    if test.op == "at_least":
        return f"{test.field} >= {test.values[0]}"
    if test.op == "below":
        return f"{test.field} < {test.values[0]}"
    text = " or ".join(test.values)
    return f"{test.field} is {'not ' if test.op == 'not in' else ''}{text or 'empty'}"


def length(span: Span) -> str:
    """A length of time in words."""
    if span.days:
        return f"{span.days} working day{'s' if span.days > 1 else ''}"
    hours, minutes = divmod(span.minutes, 60)
    count, unit = (hours, "hour") if hours and not minutes else (span.minutes, "minute")
    return f"{count} {'working ' if span.is_working else ''}{unit}{'s' if count != 1 else ''}"
