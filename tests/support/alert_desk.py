"""A case of alerts without a database: decisions of others in, what was decided and who is told out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.alerts.adapters import rule_files
from services.alerts.core.brain import AlertsBrain
from services.alerts.core.case import Alert, Case
from services.alerts.core.notice import Notice
from services.alerts.core.rules import Rules
from services.alerts.core.saying import Saying
from services.alerts.core.worktime import Hours
from shared.core.brain import Decided
from shared.core.envelope import Event
from shared.core.events.rating import (
    DecisionCorrected,
    FactRef,
    GradeChanged,
    PolicyRef,
    Restated,
    WarningRaised,
    WarningWithdrawn,
)
from shared.edge.workdays import china

MONDAY = date(2026, 3, 2)
NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai, on a working day."""
LABELS = {"manager": "S-204", "region": "east", "segment": "dealer"}
RULES = rule_files.load()
HOURS = Hours(china(), ZoneInfo("Asia/Shanghai"), RULES.routes.begins, RULES.routes.ends)


class Desk:
    """One case, as a worker keeps it."""

    def __init__(self, stream: str = "C-1", *, rules: Rules = RULES, go_live: date = date.min) -> None:
        self.brain = AlertsBrain(rules, HOURS, go_live)
        self.case: Case = self.brain.initial(stream)
        self.day, self.version = MONDAY, 0
        self.log: list[Event] = []
        self.decided: list[Decided] = []
        self.notices: dict[str, tuple[Notice, str]] = {}
        self.rows: list[Any] = []
        self.at = NINE

    def hears(self, *said: Any, at: datetime | None = None) -> list[Decided]:
        """Decisions of others, in one batch."""
        self.at = at or self.at
        for data in said:
            self._fold(data, "/gradeline/main/rating", self.at)
        return self._decide("fact")

    def opens(self, day: date) -> list[Decided]:
        """A day opens."""
        self.day = day
        return self._decide("day")

    def does(self, command: Any, at: datetime | None = None) -> list[Decided]:
        """A command: `command(saying, at)` says what it does."""
        self.at = at or self.at
        self._decide("day")
        saying = Saying(self.case, self.brain.rules, self.brain.hours, self.day.toordinal(), "override")
        command(saying, self.at)
        return self._own(saying.decided)

    def waits(self, until: datetime) -> list[Decided]:
        """The clock goes to *until*, and what is due is said."""
        self.at = until
        self._decide("day")
        return self._own(self.brain.due(self.case, self.day, until))

    def _own(self, decisions: list[Decided]) -> list[Decided]:
        for one in decisions:
            self._fold(one.data, "/gradeline/main/alerts", self.at)
        self.decided += decisions
        self._decide("override")
        return decisions

    def _decide(self, cause: str) -> list[Decided]:
        outcome = self.brain.decide(self.case, self.day, None, cause=cause)
        for one in outcome.decisions:
            self._fold(one.data, "/gradeline/main/alerts", self.at)
        self.decided += outcome.decisions
        self.wakes_on = outcome.wakes_on
        if outcome.row is not None:
            self.rows.append(outcome.row)
            for said in outcome.row.said:
                self.notices.setdefault(said.notice.notice_id, (said.notice, said.quiet))
        return outcome.decisions

    def _fold(self, data: Any, source: str, at: datetime) -> None:
        self.version += 1
        event = Event(
            id=f"{self.case.stream}/{self.version}", source=source, type=data.TYPE, subject=self.case.subject, time=at,
            data=data, recordedtime=at,
        )  # fmt: skip
        self.log.append(event)
        self.brain.evolve(self.case, event)

    @property
    def last_id(self) -> str:
        """The id of the last event."""
        return self.log[-1].id

    def only(self) -> Alert:
        """The one alert there is."""
        (one,) = self.case.alerts.values()
        return one

    def told(self) -> list[tuple[str, tuple[str, ...]]]:
        """What was said to whom, loudly, in order."""
        return [(one.what, one.to) for one, quiet in self.notices.values() if not quiet]


def types(decided: list[Decided]) -> list[str]:
    """What was decided, in short."""
    return [one.data.TYPE.removeprefix("credit.").removesuffix(".v1") for one in decided]


def grade(was: str | None, to: str | None, notches: int | None, **more: Any) -> GradeChanged:
    """A grade that changed; `notches` < 0: worse."""
    direction = "lost" if to is None else "first" if was is None else "up" if (notches or 0) > 0 else "down"
    told = {"as_of": MONDAY, "cause": "fact", "labels": LABELS, "method": "rm-32", "purpose": "credit"} | more
    return GradeChanged(
        from_=was, to=to, direction=direction, policy=PolicyRef(id="rm-32", version="1", sha256="0" * 64), notches=notches,
        **told,
    )  # fmt: skip


def warning(cls: type[Any] = WarningRaised, name: str = "mn-05", severity: str = "warning", **more: Any) -> Any:
    """A warning that was raised, cleared or withdrawn."""
    told = {"as_of": MONDAY, "cause": "fact", "labels": LABELS, "kind": "transaction"} | more
    return cls(warning_id=f"{name}/2026-03-02", rule=name, severity=severity, **told)


def withdrawn(name: str = "mn-05") -> WarningWithdrawn:
    """Its cause never was."""
    made: WarningWithdrawn = warning(WarningWithdrawn, name, cause="correction")
    return made


def corrected(event_id: str, would_be: str | None, was: str | None = "C") -> DecisionCorrected:
    """A decision would have been another one."""
    return DecisionCorrected(
        as_of=MONDAY, cause="correction", labels=LABELS, fact=FactRef(source="/erp", id="p-1"), from_=MONDAY,
        decisions=(Restated(id=event_id, as_of=MONDAY, was=was, would_be=would_be),),
    )  # fmt: skip


def later(**span: float) -> datetime:
    """So long after nine."""
    return NINE + timedelta(**span)
