"""The brain of alerts: folds what others decided and what became of the alerts. Implements shared.core.brain.Brain."""

from __future__ import annotations

from datetime import date, datetime

from services.alerts.core import snapshot
from services.alerts.core.case import Case
from services.alerts.core.evolve import evolve
from services.alerts.core.opening import hear
from services.alerts.core.row import row_of
from services.alerts.core.rules import Rules
from services.alerts.core.saying import Saying
from services.alerts.core.timing import fall_due, next_day, pass_day
from services.alerts.core.worktime import Hours
from shared.core.brain import Decided, Outcome
from shared.core.envelope import Event

FOLD_VERSION = "alerts-5"
"""Raised by hand whenever the fold or the snapshot changes."""


class AlertsBrain:
    """One set of rules, one working time, one installation."""

    fold_version = FOLD_VERSION
    walks = False

    def __init__(self, rules: Rules, hours: Hours, go_live: date = date.min) -> None:
        """*go_live*: what was decided of earlier days is recorded, and nobody is told."""
        self.rules, self.hours, self.go_live = rules, hours, go_live
        self.types = rules.kinds.heard()

    def context(self) -> None:
        """Alerts need no reference facts."""

    def refer(self, context: None, event: Event) -> None:
        """Alerts need no reference facts."""

    def initial(self, stream: str) -> Case:
        """A subject of which nothing is known."""
        return Case(stream)

    def evolve(self, state: Case, event: Event) -> None:
        """Fold one event."""
        evolve(state, self.rules, self.types, event)

    def decide(self, state: Case, day: date, context: None, *, cause: str, patience: int | None = None) -> Outcome:
        """Say what follows of what was heard, and what the day brings. Never walks days, so it needs no patience."""
        state.fresh = [one for one in state.fresh if one.version > state.marks[0]]
        saying = Saying(state, self.rules, self.hours, day.toordinal(), "day")
        for one in state.pending:
            saying.cause = one.cause
            hear(saying, one, self.go_live)
        saying.cause = "day"
        pass_day(saying)
        state.pending.clear()
        row = row_of(saying.case, self.rules, self.hours)
        state.moved = {}
        state.marks = (state.marks[1], saying.case.count)
        wakes_on = next_day(saying.case, self.rules, self.hours, day.toordinal())
        return Outcome(saying.decided, row, date.fromordinal(wakes_on) if wakes_on else None)

    def due(self, state: Case, day: date, now: datetime) -> list[Decided]:
        """What is due at *now* with no event but the time."""
        saying = Saying(state, self.rules, self.hours, day.toordinal(), "day")
        fall_due(saying, now)
        return saying.decided

    def dump(self, state: Case) -> bytes:
        """A snapshot of *state*."""
        return snapshot.dump(state)

    def load(self, raw: bytes) -> Case:
        """The state that `dump` wrote."""
        return snapshot.load(raw)

    def weight(self, state: Case) -> int:
        """About how many kB the state takes."""
        return 2 + 2 * len(state.alerts) + len(state.pending) + len(state.fresh) + len(state.requests) // 4
