"""What follows of a decision of others: alerts opened, counted again, resolved, withdrawn, as the kinds say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import blake2b

from services.alerts.core.case import Alert, Heard
from services.alerts.core.routing import ways
from services.alerts.core.rules import RANK, Clause, Kind, hold
from services.alerts.core.saying import Saying, owed
from shared.core import limits
from shared.core.events.alert import AlertCleared, AlertOpened, AlertRecurred, AlertResolved, AlertWithdrawn
from shared.core.events.values import Severity

CORRECTED = "corrected"
"""Why an alert was withdrawn: a correction removed its cause."""
CAUSE_ENDED = "cause_ended"


def hear(saying: Saying, one: Heard, go_live: date) -> None:
    """Say everything that follows of *one*: first what it ends, then what it opens."""
    for kind in saying.rules.kinds.kinds:
        for whole in _ended(saying, kind, one, kind.withdrawn_by):
            for alert in (whole, *saying.case.steps(whole.alert_id, kind.plan)):
                saying.say(AlertWithdrawn(**saying.of(alert, one.at, why=CORRECTED, caused_by=one.id)))
        for alert in _ended(saying, kind, one, kind.resolved_by):
            _resolve(saying, kind, alert, one)
    for kind in saying.rules.kinds.kinds:
        if any(_fits(clause, one) for clause in kind.opens):
            open_(saying, kind, one, go_live)


def _fits(clause: Clause, one: Heard) -> bool:
    return clause.on == one.type and hold(clause.when, one.labels | one.fields | {"cause": one.cause})


def _ended(saying: Saying, kind: Kind, one: Heard, clauses: tuple[Clause, ...]) -> Iterator[Alert]:
    for clause in clauses:
        if not _fits(clause, one):
            continue
        for alert in saying.case.standing():
            if alert.kind == kind.kind and _is_meant(clause, kind, alert, one):
                yield alert


def _is_meant(clause: Clause, kind: Kind, alert: Alert, one: Heard) -> bool:
    if clause.names_cause:
        return any(id == alert.caused_by and would != alert.figures.get("to", "") for id, would in one.corrected)
    same = kind.same if clause.same is None else clause.same
    return all(alert.figures.get(name, "") == one.fields.get(name, "") for name in same)


def _resolve(saying: Saying, kind: Kind, alert: Alert, one: Heard) -> None:
    """At once, or once its cause has been away for as long as its kind asks."""
    if kind.dwell_days and not alert.recorded_only:
        if not alert.resolves_on:
            on = date.fromordinal(max(saying.day, one.as_of.toordinal()) + kind.dwell_days)
            saying.say(AlertCleared(**saying.of(alert, one.at, resolves_on=on, caused_by=one.id)))
        return
    saying.say(AlertResolved(**saying.of(alert, one.at, why=CAUSE_ENDED, caused_by=one.id)))


def open_(saying: Saying, kind: Kind, one: Heard, go_live: date = date.min) -> str:
    """Open an alert of *kind* about *one*, or count it again; returns its id. Empty: no severity holds, so it is none."""
    fields = one.labels | one.fields | {"cause": one.cause}
    severity = next((graded.severity for graded in kind.severity if hold(graded.when, fields)), None)
    if severity is None:
        return ""
    print_ = fingerprint(kind, one)
    figures = {name: one.fields[name] for name in (*kind.same, *kind.figures) if name in one.fields}
    is_history = one.as_of < go_live or one.as_of.toordinal() < saying.day - saying.rules.kinds.late_days
    held = _held(saying, kind, print_, is_history=is_history)
    if held is not None and not held.is_over:
        graver = severity if RANK[severity] > RANK[held.severity] else held.severity
        again = saying.of(held, one.at, severity=graver, about=about(kind, figures), by=one.by or None)
        saying.say(AlertRecurred(**again, times=held.times + 1, figures=figures, caused_by=one.id or None))
        return held.alert_id
    opened = _opened(saying, kind, one, severity, print_, figures, held, is_history)
    saying.say(opened)
    return opened.alert_id


def _held(saying: Saying, kind: Kind, print_: str, *, is_history: bool) -> Alert | None:
    """The alert that this is again: one that stands, or one that was resolved a little while ago. What was only recorded is
    not told, so what is to be told is another alert."""
    found = [
        one
        for one in saying.case.alerts.values()
        if one.fingerprint == print_ and (is_history or not one.recorded_only) and one.state != "withdrawn"
    ]
    last = next((one for one in reversed(found) if not one.is_over), found[-1] if found else None)
    if last is None or (last.is_over and saying.day - last.ended_on > kind.reopen_days):
        return None
    return None if last.is_over and not kind.reopen_days else last


def _opened(
    saying: Saying,
    kind: Kind,
    one: Heard,
    severity: Severity,
    print_: str,
    figures: dict[str, str],
    held: Alert | None,
    is_history: bool,
) -> AlertOpened:
    clocks = (None, None) if is_history else owed(saying.rules, saying.hours, kind, severity, one.at)
    labels = labels_of(kind, one)
    due = one.fields.get(kind.due, "") if kind.due else one.as_of.isoformat() if kind.is_task else ""
    if due:  # its day says when it is late
        clocks = (clocks[0], None)
    return AlertOpened(
        as_of=date.fromordinal(saying.day),
        cause=one.cause,  # type: ignore[arg-type] # of a decision that was decoded, or of the command
        labels=labels,
        alert_id=held.alert_id if held else saying.case.next_id(),
        fingerprint=print_,
        severity=severity,
        about=about(kind, figures),
        by=one.by or None,
        at=one.at,
        kind=kind.kind,
        figures=figures,
        route=ways(saying.rules.routes.root, labels | {"severity": severity, "kind": kind.kind})[0].route.name,
        caused_by=one.id or None,
        acknowledge_by=clocks[0],
        resolve_by=clocks[1],
        due_on=date.fromisoformat(due) if due else None,
        times=held.times + 1 if held else 1,
        recorded_only=is_history,
    )


def labels_of(kind: Kind, one: Heard) -> dict[str, str]:
    """By what the alert is routed besides its kind and severity: the labels of the decision, its purpose, whether it is a task."""
    said = dict(one.labels)
    if purpose := one.fields.get("purpose"):
        said["purpose"] = purpose
    if kind.is_task:
        said["task"] = "yes"
    return said


def fingerprint(kind: Kind, one: Heard) -> str:
    """The same for what is the same alert again; a digest where the fields are longer than a code may be."""
    text = ":".join((kind.kind, *(one.fields.get(name, "") for name in kind.same)))
    if len(text) <= limits.CODE_CHARACTERS:
        return text
    return f"{kind.kind[:31]}:{blake2b(text.encode(), digest_size=16).hexdigest()}"


def about(kind: Kind, figures: dict[str, str]) -> str:
    """A line for logs and lists; what staff read is made of the kind and the figures in their language."""
    return ", ".join((kind.kind, *(f"{name} {text}" for name, text in figures.items())))[: limits.TEXT_CHARACTERS]
