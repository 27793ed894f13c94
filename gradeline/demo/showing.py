"""What the demonstration knows: filled by threads that listen, read by the one that shows. No clock, no input, no output."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import Any, NamedTuple

from gradeline.demo.words import Words, alerted, dealt, explain, warned

KEPT = 60
"""So many grade changes and warnings are kept to be shown."""
KNOWN = 200_000
"""So many ids of decisions are remembered, to recognise one that a broker delivers again."""
SPAN_S = 5.0
"""Rates are those of the last seconds."""
LONG_SPAN_S = 20.0
"""Customers are graded a handful at a time: their rate, and the time left, need a longer look."""
GRADE_CHANGED = "credit.grade.changed.v1"
WARNING = "credit.warning."
ORDERS = {
    "credit.reservation.made.v1": "reserved",
    "credit.order.held.v1": "held",
    "credit.order.released.v1": "released",
}
"""Decisions about orders → what is said of them."""
ALERT = "credit.alert."
STEPS = frozenset({"opened", "acknowledged", "escalated", "resolved", "withdrawn"})
"""What is shown of the life of an alert; `told` comes from the mail server."""
GETTING_READY = Words("getting ready", "准备中")


class Change(NamedTuple):
    """One grade change."""

    at: str
    """`09:30:00`, when it was decided."""
    customer: str
    name: str
    was: str | None
    now: str | None
    direction: str
    why: Words


class Alarm(NamedTuple):
    """One early warning that began or ended."""

    at: str
    customer: str
    name: str
    rule: str
    severity: str
    what: str
    """raised, cleared or withdrawn"""
    about: Words


class Dealt(NamedTuple):
    """What was decided about one order."""

    at: str
    customer: str
    name: str
    what: str
    """reserved, held or released"""
    order: str
    amount: Decimal
    currency: str
    why: Words


class Step(NamedTuple):
    """One step in the life of an alert that somebody is told of."""

    at: str
    customer: str
    name: str
    severity: str
    what: str
    """opened, told, acknowledged, escalated, resolved or withdrawn"""
    about: Words
    who: str
    """To whom a mail went, or who acted; empty: the rules."""


class Totals(NamedTuple):
    """What is owed in one currency."""

    receivable: Decimal
    overdue: Decimal


class Rate:
    """How fast a total grows."""

    def __init__(self, span_s: float = SPAN_S) -> None:
        """Over the last *span_s* seconds."""
        self.total = 0
        self._span_s = span_s
        self._seen: deque[tuple[float, int]] = deque()

    def at(self, now: float, total: int) -> None:
        """At second *now* of some clock it is *total*."""
        self.total = total
        self._seen.append((now, total))
        while len(self._seen) > 2 and self._seen[1][0] < now - self._span_s:
            self._seen.popleft()

    def per_second(self, now: float) -> float:
        """Over the last seconds, up to *now*."""
        if len(self._seen) < 2:
            return 0.0
        (first, start), (last, end) = self._seen[0], self._seen[-1]
        return max(0, end - start) / max(now - first, last - first, 0.001)


@dataclass
class Showing:
    """Everything that is shown. Take `lock` to read or write more than one thing."""

    rating: str
    kafka: str
    data: str
    lock: Lock = field(default_factory=Lock)
    names: dict[str, str] = field(default_factory=dict)
    phase: Words = GETTING_READY
    history: tuple[int, int] | None = None
    """Facts that are posted, or customers that are graded, of how many; None: no history is being told."""
    telling: Rate = field(default_factory=lambda: Rate(LONG_SPAN_S))
    """How fast the history proceeds, in the unit of `history`."""
    accepted: Rate = field(default_factory=Rate)
    applied: Rate = field(default_factory=Rate)
    waiting: int = 0
    """Facts that are accepted and not yet applied."""
    grades: Counter[str | None] = field(default_factory=Counter)
    """Grade → customers; None: without one."""
    graded: dict[str, str | None] = field(default_factory=dict)
    """Customer → grade."""
    owed: dict[str, Totals] = field(default_factory=dict)
    """Currency → totals."""
    standing: int = 0
    """Warnings that stand."""
    directions: Counter[str] = field(default_factory=Counter)
    alarmed: Counter[str] = field(default_factory=Counter)
    changes: deque[Change] = field(default_factory=lambda: deque(maxlen=KEPT))
    """Newest first, as are the alarms."""
    alarms: deque[Alarm] = field(default_factory=lambda: deque(maxlen=KEPT))
    dealt: Counter[str] = field(default_factory=Counter)
    """reserved, held, released → orders of this run."""
    orders: deque[Dealt] = field(default_factory=lambda: deque(maxlen=KEPT))
    alerts: deque[Step] = field(default_factory=lambda: deque(maxlen=KEPT))
    stepped: Counter[str] = field(default_factory=Counter)
    """opened, told, … → steps of this run."""
    first_change_s: float | None = None
    """Seconds from the start of the instance to the first grade change."""
    notice: str = ""
    """What is out of order, in a sentence; empty: nothing is."""
    repeated: int = 0
    """Decisions that came again and were recognised by their id."""
    _ids: dict[str, None] = field(default_factory=dict)
    _about: dict[str, Words] = field(default_factory=dict)
    """Alert → what it is about."""
    _last: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def decided(
        self, event: Mapping[str, Any], *, lived: bool, at: str, since_start: float
    ) -> Change | Alarm | Dealt | Step | None:
        """Take note of one decision, a decoded CloudEvent, and answer what is new to show.

        *lived*: it was decided since the instance started; an earlier one, which a broker without its log is given again,
        only tells what held before.
        """
        data, kind, customer = event["data"], event["type"], str(event["subject"])
        with self.lock:
            if event["id"] in self._ids:
                self.repeated += 1
                return None
            self._ids[event["id"]] = None
            if len(self._ids) > KNOWN:
                del self._ids[next(iter(self._ids))]
            if kind == GRADE_CHANGED:
                return self._changed(customer, data, lived, at, since_start)
            if kind.startswith(WARNING) and lived:
                return self._warned(customer, kind.removeprefix(WARNING).removesuffix(".v1"), data, at)
            if kind in ORDERS and lived:
                return self._dealt(customer, ORDERS[kind], data, at)
            if kind.startswith(ALERT) and lived:
                return self._stepped(customer, kind.removeprefix(ALERT).removesuffix(".v1"), data, at)
        return None

    def _stepped(self, customer: str, what: str, data: Mapping[str, Any], at: str) -> Step | None:
        """Information is for the morning, and history for nobody."""
        if what not in STEPS or data["severity"] == "info" or data.get("recorded_only"):
            return None
        alert, kind = str(data["alert_id"]), str(data.get("kind", ""))
        if what == "opened":
            self._about[alert] = alerted(kind, data.get("figures", {}), customer)
            if len(self._about) > KNOWN:
                del self._about[next(iter(self._about))]
        about = self._about.get(alert) or Words(kind.replace("_", " "), "")
        name, who = self.names.get(customer, ""), str(data.get("by") or "")
        return self._step(Step(at, customer, name, data["severity"], what, about, who))

    def _step(self, step: Step) -> Step:
        self.stepped[step.what] += 1
        self.alerts.appendleft(step)
        return step

    def mailed(self, at: str, to: str, title: str) -> Step:
        """Take note of a mail that arrived."""
        with self.lock:
            return self._step(Step(at, "", "", "", "told", Words(title, ""), to))

    def _dealt(self, customer: str, what: str, data: Mapping[str, Any], at: str) -> Dealt:
        name, amount = self.names.get(customer, ""), Decimal(data["amount"])
        one = Dealt(at, customer, name, what, data["order_id"], amount, data["currency"], dealt(what, data))
        self.dealt[what] += 1
        self.orders.appendleft(one)
        return one

    def _changed(
        self, customer: str, data: Mapping[str, Any], lived: bool, at: str, since_start: float
    ) -> Change | None:
        before, self._last[customer] = self._last.get(customer), data
        if not lived:
            return None
        if self.first_change_s is None:
            self.first_change_s = since_start
        direction = str(data["direction"])
        name = self.names.get(customer, "")
        change = Change(at, customer, name, data["from"], data["to"], direction, explain(data, before))
        self.directions[direction] += 1
        self.changes.appendleft(change)
        return change

    def _warned(self, customer: str, what: str, data: Mapping[str, Any], at: str) -> Alarm:
        rule = str(data["rule"])
        alarm = Alarm(at, customer, self.names.get(customer, ""), rule, data["severity"], what, warned(rule))
        self.alarmed[what] += 1
        self.alarms.appendleft(alarm)
        return alarm

    def counted(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take note of how all customers stand: the rows of `GET /v1/customers`."""
        grades: Counter[str | None] = Counter(row["grade"] for row in rows)
        owed: dict[str, Totals] = {}
        for row in rows:
            had = owed.get(row["currency"], Totals(Decimal(0), Decimal(0)))
            owed[row["currency"]] = Totals(
                had.receivable + Decimal(row["receivable_balance"] or 0),
                had.overdue + Decimal(row["overdue_amount"] or 0),
            )
        with self.lock:
            self.grades, self.owed = grades, owed
            self.graded = {row["customer_id"]: row["grade"] for row in rows}
            self.standing = sum(row["warnings"] for row in rows)

    def say(self, phase: Words, *, history: tuple[int, int] | None = None, at: float | None = None) -> None:
        """What is being done now. *at*: the second of the rates' clock at which so much of the history is done."""
        with self.lock:
            if phase != self.phase:
                self.telling = Rate(LONG_SPAN_S)
            self.phase, self.history = phase, history
            if history is not None and at is not None:
                self.telling.at(at, history[0])

    def warn(self, notice: str) -> None:
        """Something is out of order; empty: no longer."""
        with self.lock:
            self.notice = notice
