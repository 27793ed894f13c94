"""What time does to an alert. Of days: dwell, lapse, reminders of tasks. Of instants: escalation, repeats, the end of a snooze.

What is due follows from the instants of the alert, and is said as of the instant at which it fell due: a late look says the
same as a punctual one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from services.alerts.core.case import Alert, Case
from services.alerts.core.noticing import led
from services.alerts.core.routing import chain, filled, route_of
from services.alerts.core.rules import Rules
from services.alerts.core.saying import Saying
from services.alerts.core.worktime import Hours, Span
from shared.core.events.alert import AlertDecision, AlertEscalated, AlertReminded, AlertResolved

LAPSED = "lapsed"
LATE = "late"
UNACKNOWLEDGED = "unacknowledged"
CAUSE_ENDED = "cause_ended"


class Wake(NamedTuple):
    """What falls due for one alert, and when."""

    at: datetime
    what: str
    """woken, escalate, repeat, resolve."""
    step: int = 0
    to: tuple[str, ...] = ()


def wake_of(alert: Alert, rules: Rules, hours: Hours) -> Wake | None:
    """The next thing that falls due for *alert* with no event but the time; None: nothing does."""
    if alert.is_over or alert.recorded_only:
        return None
    if alert.state == "snoozed":
        return Wake(alert.until, "woken") if alert.until else None
    if alert.resolves_on:  # its cause is away: nobody is called up for it
        return None
    return min(_wakes(alert, rules, hours), default=None, key=lambda one: (one.at, one.what))


def _wakes(alert: Alert, rules: Rules, hours: Hours) -> Iterator[Wake]:
    if alert.resolve_by is not None and not alert.is_late:
        yield Wake(alert.resolve_by, "resolve")
    if alert.state != "open" or alert.acknowledge_by is None:
        return
    route = route_of(rules.routes, alert.route)
    steps = chain(rules.routes, route)
    if alert.step < len(steps):
        step = steps[alert.step]
        yield Wake(hours.after(alert.since, step.after), "escalate", alert.step + 1, step.to)
    if route.repeat is not None and alert.repeated < route.repeats:
        times = alert.repeated + 1
        span = Span(route.repeat.minutes * times, route.repeat.is_working, route.repeat.days * times)
        yield Wake(hours.after(alert.since, span), "repeat")


def fall_due(saying: Saying, now: datetime) -> None:
    """Say everything that is due at *now*, in the order in which it fell due."""
    while True:
        wakes = [
            (wake, alert)
            for alert in saying.case.standing()
            if (wake := wake_of(alert, saying.rules, saying.hours)) is not None and wake.at <= now
        ]
        if not wakes:
            return
        wake, alert = min(wakes, key=lambda one: (one[0].at, one[1].alert_id, one[0].what))
        saying.say(_said(saying, wake, alert))


def _said(saying: Saying, wake: Wake, alert: Alert) -> AlertDecision:
    if wake.what == "escalate":
        to = filled(wake.to, alert.figures | alert.labels)
        return AlertEscalated(**saying.of(alert, wake.at, why=UNACKNOWLEDGED, step=wake.step, to=to))
    if wake.what == "woken":
        acknowledge, resolve = saying.owed(alert, wake.at)
        again = saying.of(alert, wake.at, reason="woken", acknowledge_by=acknowledge, resolve_by=resolve)
        return AlertReminded(**again)
    return AlertReminded(**saying.of(alert, wake.at, reason=wake.what))


class Reminder(NamedTuple):
    """A day (ordinal) on which somebody is told of a task, and who where it is late."""

    on: int
    to: tuple[str, ...]


def reminders(alert: Alert, rules: Rules, hours: Hours) -> tuple[Reminder, ...]:
    """Those of a task that are still to come: the ones before it was opened said nothing."""
    if alert.due_on is None or alert.is_over or alert.recorded_only:
        return ()
    due = alert.due_on.toordinal()
    days = [Reminder(hours.shift(due, count), ()) for count in rules.kinds.remind]
    days += [Reminder(hours.shift(due, one.days), one.to) for one in rules.kinds.late]
    skipped = sum(one.on <= alert.opened_on for one in days)
    return tuple(days[skipped + alert.reminded :])


def pass_day(saying: Saying) -> None:
    """Say what the day of *saying* brings."""
    at = saying.hours.at(saying.day)
    for alert in saying.case.standing():
        if alert.resolves_on and alert.resolves_on <= saying.day:
            saying.say(AlertResolved(**saying.of(alert, at, why=CAUSE_ENDED)))
        elif (lapses := _lapses_on(alert, saying.rules)) and lapses <= saying.day:
            saying.say(AlertResolved(**saying.of(alert, at, why=LAPSED)))
        elif alert.state != "snoozed":
            _remind(saying, alert, at)


def _remind(saying: Saying, alert: Alert, at: datetime) -> None:
    """Each reminder whose day has come and that was not given yet."""
    due = [one for one in reminders(alert, saying.rules, saying.hours) if one.on <= saying.day]
    for one in due:
        if one.to:
            who = (led(saying.case, alert) if receiver == "line" else receiver for receiver in one.to)
            to = filled(who, alert.figures | alert.labels)
            saying.say(AlertEscalated(**saying.of(alert, at, why=LATE, step=alert.step, to=to)))
        else:
            saying.say(AlertReminded(**saying.of(alert, at, reason="due")))


def _lapses_on(alert: Alert, rules: Rules) -> int:
    kind = rules.kinds.of(alert.kind)
    return alert.opened_on + kind.lapse_days if kind is not None and kind.lapse_days else 0


def next_day(case: Case, rules: Rules, hours: Hours, day: int) -> int | None:
    """The next day (ordinal) after *day* that brings something; None: none does."""
    days = [on for one in case.standing() for on in _days(one, rules, hours) if on > day]
    return min(days, default=None)


def _days(alert: Alert, rules: Rules, hours: Hours) -> Iterator[int]:
    yield alert.resolves_on
    yield _lapses_on(alert, rules)
    for one in reminders(alert, rules, hours)[:1]:
        yield one.on
