"""What people do with an alert: take it on, give it to somebody, snooze it, resolve it, open it again, write to it.

Each says what follows in the draft that it is given. Doing again what is done changes nothing.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from services.alerts.core.case import Alert
from services.alerts.core.noticing import labels_of
from services.alerts.core.routing import ways
from services.alerts.core.saying import Saying
from shared.core.errors import Declined, NotFound
from shared.core.events.alert import (
    AlertAcknowledged,
    AlertAssigned,
    AlertCommented,
    AlertOpened,
    AlertResolved,
    AlertSnoozed,
    AlertUndelivered,
)

UNKNOWN = "there is no such alert"
IS_OVER = "ALERT_IS_OVER"
STANDS = "ALERT_STANDS"
SNOOZE_PAST = "SNOOZE_IN_THE_PAST"
SNOOZE_TOO_LONG = "SNOOZE_TOO_LONG"
OWN_REPORT = "OWN_REPORT"
OWN_WORK = "OWN_WORK"
PLAN_STANDS = "PLAN_STANDS"


def acknowledge(saying: Saying, at: datetime, alert_id: str, by: str, note: str | None = None) -> None:
    """*by* takes it on, and is its owner from now on. Raises NotFound, Declined."""
    alert = standing(saying, alert_id)
    _is_no_author(saying, alert, by)
    if (alert.state, alert.owner) != ("acknowledged", by):
        saying.say(AlertAcknowledged(**saying.of(alert, at, by=by, why=note)))


def assign(saying: Saying, at: datetime, alert_id: str, by: str, owner: str, note: str | None = None) -> None:
    """*owner* is to deal with it. Raises NotFound, Declined."""
    alert = standing(saying, alert_id)
    if alert.owner != owner:
        saying.say(AlertAssigned(**saying.of(alert, at, by=by, why=note, owner=owner)))


def snooze(saying: Saying, at: datetime, alert_id: str, by: str, until: datetime, why: str) -> None:
    """It is silent until *until*, 30 days at most (AL-01.08). Raises NotFound, Declined."""
    alert = standing(saying, alert_id)
    _is_no_author(saying, alert, by)
    if until <= at:
        raise Declined(SNOOZE_PAST)
    if until > at + timedelta(days=saying.rules.kinds.snooze_days):
        raise Declined(SNOOZE_TOO_LONG)
    if (alert.state, alert.until) != ("snoozed", until):
        saying.say(AlertSnoozed(**saying.of(alert, at, by=by, why=why, until=until)))


def resolve(saying: Saying, at: datetime, alert_id: str, by: str, why: str) -> None:
    """It is dealt with. Raises NotFound; Declined where its cause never was, steps of its plan stand, or another must say so."""
    if known(saying, alert_id).state == "resolved":
        return
    alert = standing(saying, alert_id)
    kind = saying.rules.kinds.of(alert.kind)
    _is_no_author(saying, alert, by)
    if kind is not None and kind.four_eyes == "owner" and by == alert.owner:
        raise Declined(OWN_WORK)
    if kind is not None and saying.case.steps(alert_id, kind.plan):
        raise Declined(PLAN_STANDS)
    saying.say(AlertResolved(**saying.of(alert, at, by=by, why=why)))


def reopen(saying: Saying, at: datetime, alert_id: str, by: str, why: str) -> None:
    """It is not dealt with after all. Its clocks begin again. Raises NotFound, Declined."""
    alert = known(saying, alert_id)
    if not alert.is_over:
        raise Declined(STANDS)
    acknowledge_by, resolve_by = saying.owed(alert, at)
    saying.say(
        AlertOpened(
            **saying.of(alert, at, by=by, why=why),
            figures=alert.figures,
            route=ways(saying.rules.routes.root, labels_of(alert))[0].route.name,
            caused_by=alert.caused_by or None,
            acknowledge_by=acknowledge_by,
            resolve_by=resolve_by,
            due_on=alert.due_on if alert.due_on is None else max(alert.due_on, date.fromordinal(saying.day)),
            times=alert.times,
        )
    )


def comment(
    saying: Saying,
    at: datetime,
    alert_id: str,
    by: str,
    text: str,
    reference: str | None = None,
    key: str | None = None,
) -> None:
    """*by* writes something down. The same *key* again is the same comment. Raises NotFound."""
    alert = known(saying, alert_id)
    if key is None or key not in alert.keys:
        saying.say(AlertCommented(**saying.of(alert, at, by=by, why=text, reference=reference, key=key)))


def undelivered(saying: Saying, at: datetime, alert_id: str, notice_id: str, person: str, why: str) -> None:
    """No channel of *person* took the notice: who stands in for it is told. Raises NotFound."""
    alert = known(saying, alert_id)
    said = saying.of(alert, at, why=why, notice_id=notice_id, person=person)
    saying.say(AlertUndelivered(**said))


def _is_no_author(saying: Saying, alert: Alert, by: str) -> None:
    kind = saying.rules.kinds.of(alert.kind)
    if kind is not None and kind.four_eyes == "author" and by == alert.figures.get("by"):
        raise Declined(OWN_REPORT)


def known(saying: Saying, alert_id: str) -> Alert:
    """The alert of that id. Raises NotFound: there is none, or it is long over."""
    found = saying.case.alerts.get(alert_id)
    if found is None:
        raise NotFound(UNKNOWN)
    return found


def standing(saying: Saying, alert_id: str) -> Alert:
    """The alert of that id, which is not over. Raises NotFound, Declined."""
    found = known(saying, alert_id)
    if found.is_over:
        raise Declined(IS_OVER)
    return found
