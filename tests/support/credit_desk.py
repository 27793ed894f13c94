"""A credit desk in a few sentences: facts come in, grades are told, limits are granted, orders are checked, days open.

It does what the machine does: a command is decided on the account, its decisions are folded, and the account is decided again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from services.exposure.adapters.rule_files import load
from services.exposure.core import holds
from services.exposure.core.answering import Checked
from services.exposure.core.brain import ExposureBrain
from services.exposure.core.checking import check
from services.exposure.core.figures import Figures, Moment
from services.exposure.core.instants import instant
from services.exposure.core.judging import Asked
from services.exposure.core.records import placed
from services.exposure.core.telling import expired
from shared.core.approval.commands import Actor
from shared.core.brain import Decided
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.events.base import Decision
from shared.core.events.granting import LimitGranted
from shared.core.events.rating import GradeChanged, PolicyRef
from shared.core.ledger.documents import units
from shared.core.money import settle
from tests.support.customer import Customer, Day, day

ZONE = timezone(timedelta(hours=8))
RULES = load()
BRAIN = ExposureBrain(RULES, Setting())
OPENED = date(2026, 3, 2)


class CreditDesk:
    """One customer, from the day *opened* on, at nine in the morning."""

    def __init__(self, opened: Day = OPENED, brain: ExposureBrain = BRAIN) -> None:
        self.brain = brain
        self.customer = Customer()
        self.account = brain.initial("C1")
        self.today = day(opened)
        self.now = datetime(self.today.year, self.today.month, self.today.day, 9, tzinfo=ZONE)
        self.heard = 0
        self.version = 0
        self.log: list[Decided] = []
        self.events: list[Event] = []
        """Everything that was folded, in order."""
        self.row: Any = None
        self.wakes_on: date | None = None
        self.seen_at: datetime | None = None

    # --- what happens

    def hears(self) -> list[Decided]:
        """Fold what was told of the customer since, and decide."""
        for event in self.customer.events[self.heard :]:
            self._fold(event)
        self.heard = len(self.customer.events)
        return self.decides()

    def decides(self, cause: str = "fact") -> list[Decided]:
        outcome = self.brain.decide(self.account, self.today, self.customer.context, cause=cause)
        self.row, self.wakes_on = outcome.row, outcome.wakes_on
        for one in outcome.decisions:
            self._keep(one)
        return outcome.decisions

    def opens(self, on: Day) -> list[Decided]:
        """The day *on* opens, after every day before it on which something may change."""
        made: list[Decided] = []
        while self.today < day(on):
            self.today += timedelta(days=1)
            self.now = datetime(self.today.year, self.today.month, self.today.day, 9, tzinfo=ZONE)
            made += self.decides("day")
        return made

    def waits(self, hours: float) -> None:
        """The clock goes on; no day opens."""
        self.now += timedelta(hours=hours)

    def graded(self, grade: str | None, on: Day | None = None, **more: Any) -> list[Decided]:
        """Rating publishes a grade."""
        more = {"purpose": "credit", **more}
        said = GradeChanged(as_of=day(on or self.today), cause="fact", method="rm-32", from_=None, to=grade, direction="first",
                            policy=PolicyRef(id="rm-32", version="1", sha256="0" * 64), **more)  # fmt: skip
        self.version += 1
        self._fold(self._event(said, source="/gradeline/test/rating"))
        return self.decides()

    def granted(self, amount: str, kind: str = "management", id: str = "", **more: Any) -> list[Decided]:
        """A limit was approved."""
        grade = self.account.grade_on(self.today.toordinal())
        said: dict[str, Any] = {
            "limit_id": id or f"L{len(self.account.limits) + 1}",
            "currency": "CNY",
            "valid_from": self.today,
            "valid_to": date(2027, 3, 1),
            "grade": grade.grade if grade else None,
            **more,
        }
        money = settle(Decimal(amount), said["currency"])
        self._keep(
            Decided(LimitGranted(as_of=self.today, cause="override", kind=kind, amount=money, **said), publish=False)
        )  # type: ignore[arg-type]
        return self.decides("override")

    def asks(self, order: str = "SO-1", amount: str = "1000.00", kind: str = "reserve", at: str = "order", *,
             place: dict[str, str] | None = None, currency: str = "CNY", **more: Any) -> Checked:  # fmt: skip
        """A credit check."""
        asked = Asked(order_id=order, amount=units(Decimal(amount)), currency=currency, control_point=at,
                      kind=kind, place=placed(place or {}), **more)  # type: ignore[arg-type]  # fmt: skip
        act = check(self.moment(), asked)
        self.does(act.decisions)
        answer: Checked = act.answer
        return answer

    def does(self, decisions: Sequence[Decided], cause: str = "fact") -> None:
        """Append what a command gave, and decide again."""
        for one in decisions:
            self._keep(one)
        if decisions:
            self.decides(cause)

    def releases(
        self, order: str, *roles: str, who: str = "zhao", note: str = "paid tomorrow"
    ) -> holds.LetGo | holds.Why:
        """Somebody lets a held order go."""
        made = holds.release(self.moment(), order, Actor(who, who, frozenset(roles)), note, {})
        if isinstance(made, holds.Why):
            return made
        self.does(made.decisions, "override")
        answer: holds.LetGo = made.answer
        return answer

    def sweeps(self) -> list[Decided]:
        """What ran out is written down."""
        made = expired(self.account, self.today.toordinal(), instant(self.now))
        self.does(made, "day")
        return made

    # --- looking

    def moment(self) -> Moment:
        seen = instant(self.seen_at)
        at = instant(self.now)
        return self.brain.moment(
            self.account, self.today, self.customer.context, now=at, version=self.version, seen_at=seen
        )

    @property
    def figures(self) -> Figures:
        return Figures(self.moment())

    @property
    def headroom(self) -> int:
        """Limit less exposure less reservations, in whole yuan."""
        figures = self.figures
        return (figures.effective.amount - figures.total - figures.reserved()) // 10_000

    def said(self, of: type, decisions: Sequence[Decided] | None = None) -> list[Any]:
        """Every decision of the class *of*."""
        return [one.data for one in (self.log if decisions is None else decisions) if isinstance(one.data, of)]

    # --- inside

    def _keep(self, one: Decided) -> None:
        self.version += 1
        self.log.append(one)
        self._fold(self._event(one.data))

    def _event(self, data: Decision, source: str = "/gradeline/test/exposure") -> Event:
        name = f"C1/{self.version}"
        return Event(id=name, source=source, type=data.TYPE, subject="C1", time=self.now, data=data,
                     sequence=f"{self.version:020d}")  # fmt: skip

    def _fold(self, event: Event) -> None:
        self.brain.evolve(self.account, event)
        self.events.append(event)


def steps(answer: Checked) -> dict[str, str]:
    """Step → verdict, of those that did not pass."""
    return {step.name: step.verdict for step in answer.judged.steps if step.verdict != "pass"}
