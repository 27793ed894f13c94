"""What alerts know of one subject: the alerts about it, and what of it they must know to open others."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, NamedTuple

import msgspec

from services.alerts.core.notice import Notice
from shared.core.events.approval import Committee
from shared.core.events.values import Severity

State = Literal["open", "acknowledged", "snoozed", "resolved", "withdrawn"]
ENDED: frozenset[str] = frozenset({"resolved", "withdrawn"})
ENDED_KEPT = 20
"""Alerts that are over, the newest kept in memory; all of them are in the log and in the table."""
KEYS_KEPT = 20
HOUSE = "~house/0"
"""The case of what people report about the house and not about one customer."""
FRESH_KEPT = 500
"""Notices of a log that is folded again and whose last alone are written again."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of others that nothing was decided about yet."""

    id: str
    type: str
    at: datetime
    as_of: date
    cause: str
    labels: dict[str, str]
    fields: dict[str, str]
    corrected: tuple[tuple[str, str], ...] = ()
    """Of a correction: the id of a decision, and what it would have said."""
    by: str = ""
    """The person who reports it; ``: a decision says it."""


class Request(msgspec.Struct):
    """A request that others approve."""

    roles: tuple[str, ...]
    by: str
    months: int = 0
    """Of an advance."""
    committees: dict[str, Committee] = {}
    """Those of `roles` that are committees."""
    again_on: date | None = None
    """The next sitting, where what waits was not decided at its own."""


class Known(msgspec.Struct):
    """What others said of the subject."""

    is_suspended: bool = False
    is_breached: bool = False
    has_grade: bool = False
    advance_until: int = 0
    """The last day (ordinal) of advance funding that was granted; 0: none was."""
    members: tuple[str, ...] = ()
    lead: str = ""
    """The member that leads the group; ``: none does, or it is no group."""
    labels: dict[str, str] = {}
    """region, manager, company …, as last said: what people report is routed by them."""
    is_known: bool = False
    """Anything was ever decided about it."""

    @property
    def has_credit(self) -> bool:
        """What those are told who have no need to know a grade (AL-14)."""
        return self.has_grade and not (self.is_suspended or self.is_breached)


class Alert(msgspec.Struct, kw_only=True):
    """One alert."""

    alert_id: str
    fingerprint: str
    kind: str
    severity: Severity
    state: State = "open"
    about: str = ""
    labels: dict[str, str]
    figures: dict[str, str]
    route: str = ""
    caused_by: str = ""
    opened_at: datetime
    opened_on: int
    since: datetime
    """From when its clocks run: it was opened, opened again, or woke."""
    changed_at: datetime
    owner: str = ""
    step: int = 0
    repeated: int = 0
    times: int = 1
    acknowledge_by: datetime | None = None
    resolve_by: datetime | None = None
    is_late: bool = False
    """That it was not resolved in time was said."""
    due_on: date | None = None
    reminded: int = 0
    """How many of the reminders of a task were given."""
    until: datetime | None = None
    """Snoozed until."""
    resolves_on: int = 0
    """Its cause ended; it is over on that day (ordinal); 0: it stands."""
    ended_on: int = 0
    ended_by: str = ""
    recorded_only: bool = False
    noticed: int = 0
    """How many notices it has given."""
    keys: tuple[str, ...] = ()
    """The keys of its last comments: the same again is the same."""
    version: int = 0
    """Of the case, when it last changed."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is done about it."""
        return self.state in ENDED


class Said(NamedTuple):
    """A notice, and why nobody is to hear of it where that is so."""

    notice: Notice
    quiet: str
    version: int


class Case:
    """One subject."""

    __slots__ = ("alerts", "count", "fresh", "known", "marks", "numbered", "pending", "requests", "stream")

    def __init__(self, stream: str) -> None:
        """A subject of which nothing is known."""
        self.stream = stream
        self.alerts: dict[str, Alert] = {}
        """In the order in which they were opened."""
        self.pending: list[Heard] = []
        self.known = Known()
        self.requests: dict[str, Request] = {}
        self.numbered = 0
        """How many alerts there ever were."""
        self.count = 0
        """How many of our own decisions were folded."""
        self.fresh: list[Said] = []
        """The notices of the last decisions."""
        self.marks = (0, 0)
        """`count` at the end of the last two decisions of the machine: what is later than the first may not be written yet."""

    @property
    def subject(self) -> str:
        """Whom or what it is about."""
        return self.stream.partition("/")[0] if self.stream.startswith("~") else self.stream

    def standing(self) -> list[Alert]:
        """Those that are not over."""
        return [one for one in self.alerts.values() if not one.is_over]

    def steps(self, alert_id: str, kind: str) -> list[Alert]:
        """Those of *kind* that are steps of *alert_id* and not over."""
        return [one for one in self.standing() if kind and one.kind == kind and one.figures.get("of") == alert_id]

    def next_id(self) -> str:
        """The id of the next alert: it says where its case is."""
        return f"{self.stream.replace('/', '.') if self.stream.startswith('~') else self.stream}.{self.numbered + 1}"


def case_of(alert_id: str) -> str:
    """The stream that *alert_id* belongs to; empty: it can be the id of none."""
    stream, dot, number = alert_id.rpartition(".")
    if not (dot and stream and number.isascii() and number.isdigit()):
        return ""
    if not stream.startswith("~"):
        return stream
    subject, dot, partition = stream.rpartition(".")
    return f"{subject}/{partition}" if dot and partition.isascii() and partition.isdigit() else ""
