"""The bodies of the answers. Figures are text; nothing is ever a float."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from shared.edge.http.approving import Answer, Next


class Alert(Answer):
    """One alert. Who has no need to know a grade is told in `figures` whether credit is available, and no more."""

    alert_id: str
    subject: str = Field(description="the customer, the group (g:…) or the matter (~policy, ~house)")
    kind: str
    severity: str = Field(description="info, warning or critical")
    state: str = Field(description="open, acknowledged, snoozed, resolved or withdrawn")
    about: str
    labels: dict[str, str]
    figures: dict[str, str]
    route: str = Field(description="the first route that it takes; see /v1/routes/test")
    opened_at: datetime
    changed_at: datetime
    owner: str | None
    step: int = Field(description="of the escalation; 0: nobody was called up")
    times: int = Field(description="how often its cause came")
    acknowledge_by: datetime | None
    resolve_by: datetime | None
    due_on: date | None
    wakes_at: datetime | None = Field(description="when something falls due with no event but the time")
    snoozed_until: datetime | None
    clearing: bool = Field(description="its cause ended; it is resolved once that has held")
    recorded_only: bool = Field(description="older than the go-live, or than the day: nobody was told")
    caused_by: str = Field(description="the id of the decision that it is about")


class Alerts(Answer):
    """A page of alerts, the newest first."""

    alerts: list[Alert]
    next: Next


class Happened(Answer):
    """One thing that happened to an alert."""

    what: str = Field(description="opened, recurred, cleared, acknowledged, assigned, snoozed, reminded, escalated …")
    at: datetime = Field(description="when it fell due or was done; the clocks of the alert run from it")
    written_at: datetime
    by: str | None = Field(description="the person; null: the rules did")
    why: str | None
    severity: str
    more: dict[str, str] = Field(description="owner, until, step, to, times, reference … where it has them")


class Notice(Answer):
    """What was to be told to whom."""

    notice_id: str
    what: str
    to: list[str] = Field(
        description="owner, line, role:NAME, person:NAME, line:PERSON, unit:NAME, lead:CUSTOMER, assisting:CUSTOMER, told"
    )
    route: str
    at: datetime
    state: str = Field(description="waiting, planned, told, quiet or undelivered")
    why: str | None = Field(description="why it is quiet or was not delivered")


class Step(Answer):
    """One step of a plan: an alert of its own."""

    alert_id: str
    what: str
    owner: str | None
    due_on: date
    state: str


class Life(Alert):
    """One alert with everything that happened to it. What somebody reported is the first comment, by who answers for it."""

    plan: list[Step]
    history: list[Happened]
    notices: list[Notice]


class Silence(Answer):
    """A silence."""

    silence_id: str
    matchers: dict[str, list[str]]
    author: str
    reason: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None


class Silences(Answer):
    """A page of silences, the oldest first."""

    silences: list[Silence]
    next: Next


class Told(Answer):
    """One step of an escalation."""

    at: datetime
    to: list[str]
    after: str = Field(description="so long after it was opened and not acknowledged")


class Taken(Answer):
    """One route that is taken."""

    route: str
    line: int = Field(description="of routes.yaml")
    path: list[str]
    because: list[str]
    to: list[str]
    unknown: list[str] = Field(description="receivers whose name the labels do not fill in")
    group: str
    wait_seconds: int
    interval_seconds: int
    digest: bool
    urgent: bool
    channels: list[str]
    repeat: str = Field(description="how often; empty: never")
    repeats: int = Field(description="how often at most")
    escalation: list[Told]
    acknowledge_by: datetime | None
    resolve_by: datetime | None
    inhibited_while: list[str]


class Ways(Answer):
    """The routes that an alert would take."""

    routes: list[Taken]
