"""What people report: heard like a decision of others, by the kinds that say who may report them.

Who wrote it stands in the alert for ever and is changed by nobody: it is amended only by another report. What they wrote is
kept as comments are: in the log of the case, on no topic and in no message.
"""

from __future__ import annotations

from datetime import date, datetime
from hashlib import blake2b

import msgspec

from services.alerts.core.acting import UNKNOWN
from services.alerts.core.case import Alert, Heard
from services.alerts.core.listing import Reach
from services.alerts.core.opening import open_
from services.alerts.core.rules import Kind
from services.alerts.core.saying import Saying
from shared.core.errors import Conflict, Declined, Malformed, NotFound
from shared.core.events.alert import AlertCommented, AlertResolved

AMENDED = "amended"
"""Why a report is over: its author wrote another in its place."""
NOT_PART = "NOT_PART_OF_IT"
OF_ANOTHER = "REPORT_OF_ANOTHER"
PAST = "DUE_IN_THE_PAST"
OWN_FIELDS = frozenset({"by", "report", "of", "owner", "due_on"})
"""Figures that are never given as such: they follow from who reports and from the other fields."""
KNOWN = "labels: this customer is known, and its labels are those of its decisions; leave them out"
STRANGER = "nothing is known of this customer yet; if it is a new one, say its labels: region, manager, company"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan."""

    what: str
    owner: str
    due_on: date


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody reports."""

    kind: str
    by: str
    key: str
    """Of the request: the same again is the same report."""
    text: str
    reference: str | None = None
    figures: dict[str, str] = {}
    labels: dict[str, str] | None = None
    """Of whom nothing was decided yet, or of a matter of the house."""
    of: str = ""
    """The report that it amends, or the alert of whose plan it is a step."""
    owner: str = ""
    """Who is to deal with it."""
    due_on: date | None = None
    plan: tuple[Step, ...] = ()

    @property
    def identity(self) -> str:
        """The same for the same person and key."""
        return blake2b(f"{self.by}\0{self.key}".encode(), digest_size=8).hexdigest()

    @property
    def mark(self) -> str:
        """The identity with what it says: the key under which its text is kept."""
        return f"{self.identity}/{blake2b(msgspec.json.encode(self), digest_size=8).hexdigest()}"


def report(saying: Saying, at: datetime, kind: Kind, one: Report, reach: Reach) -> str:
    """Say everything that follows of *one*, which is of *kind*; returns the id of its alert.

    Raises NotFound for a customer whom *reach* does not cover, Conflict where the key was used for another report, Declined.
    """
    if (found := _written(saying, one)) is not None:
        return found
    if one.due_on is not None and one.due_on.toordinal() < saying.day:
        raise Declined(PAST)
    whole = _whole(saying, kind, one) if one.of else None
    alert_id = _hear(saying, at, kind, one, _labels(saying, kind, one, whole, reach))
    if whole is not None and whole.kind == kind.kind and not whole.is_over:
        saying.say(AlertResolved(**saying.of(whole, at, by=one.by, why=AMENDED, caused_by=alert_id)))
    steps = saying.rules.kinds.of(kind.plan)
    for number, step in enumerate(one.plan if steps else ()):
        assert steps is not None
        part = Report(
            kind=kind.plan, by=one.by, key=f"{one.key}/{number}", text=step.what, of=alert_id, owner=step.owner,
            due_on=step.due_on,
        )  # fmt: skip
        report(saying, at, steps, part, reach)
    return alert_id


def _hear(saying: Saying, at: datetime, kind: Kind, one: Report, labels: dict[str, str]) -> str:
    own = {"by": one.by, "report": one.identity, "of": one.of, "owner": one.owner}
    own["due_on"] = one.due_on.isoformat() if one.due_on else ""
    heard = Heard(
        id=one.of,
        type="",
        at=at,
        as_of=date.fromordinal(saying.day),
        cause=saying.cause,
        labels=labels,
        fields=one.figures | {name: text for name, text in own.items() if text},
        by=one.by,
    )
    alert_id = open_(saying, kind, heard)
    alert = saying.case.alerts[alert_id]
    text = saying.of(alert, at, by=one.by, why=one.text, reference=one.reference, key=one.mark)
    saying.say(AlertCommented(**text))
    return alert_id


def _written(saying: Saying, one: Report) -> str | None:
    """The alert of the same report, where it was written before. Raises Conflict."""
    for alert in saying.case.alerts.values():
        for key in alert.keys:
            if key == one.mark:
                return alert.alert_id
            if key.startswith(f"{one.identity}/"):
                raise Conflict("the key was used for another report; give each report a key of its own")
    return None


def _whole(saying: Saying, kind: Kind, one: Report) -> Alert:
    """What *one* amends, or is a step of. Raises NotFound, Declined."""
    whole = saying.case.alerts.get(one.of)
    if whole is None:
        raise NotFound(UNKNOWN)
    is_step = any(one.plan == kind.kind for one in saying.rules.kinds.kinds)
    if whole.kind == kind.kind and not kind.same_again and not is_step:
        if whole.figures.get("by") != one.by:
            raise Declined(OF_ANOTHER)
        return whole
    planned = saying.rules.kinds.of(whole.kind)
    if planned is None or planned.plan != kind.kind or whole.is_over:
        raise Declined(NOT_PART)
    return whole


def _labels(saying: Saying, kind: Kind, one: Report, whole: Alert | None, reach: Reach) -> dict[str, str]:
    """By what it is routed. Raises NotFound: who may not be seen is not told from who is not known."""
    known, last = saying.case.known, next(reversed(saying.case.alerts.values()), None)
    if one.labels is not None and not kind.house and (known.is_known or last is not None):
        raise Malformed(KNOWN, pointer="/labels", rule="unknown-field")
    if whole is not None:
        return {name: text for name, text in whole.labels.items() if name != "task"}
    if kind.house:
        return one.labels or {}
    if known.is_known:
        labels = known.labels
    elif last is not None:
        labels = {name: text for name, text in last.labels.items() if name not in {"task", "purpose"}}
    elif one.labels is not None:
        labels = one.labels
    else:
        raise NotFound(STRANGER)
    if not reach.covers(labels):
        raise NotFound(STRANGER)
    return labels
