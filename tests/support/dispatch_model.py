"""The dispatcher in memory, over the same core: what the one on the database must come to, and quick enough for thousands of cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from services.alerts.core.absence import standing_in
from services.alerts.core.message import Form
from services.alerts.core.notice import Notice
from services.alerts.core.planning import Before, Hearing, Known, State, arrivals, departures, state_of
from services.alerts.core.rerouting import Heard, next_way, onward
from services.alerts.core.resolving import Setting


class Sent(NamedTuple):
    at: datetime
    form: Form
    person: str
    channel: str
    hearings: tuple[Hearing, ...]


class Model:
    """Notices, hearings and messages as dictionaries."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.arriving: list[Notice] = []
        self.notices: dict[str, Notice] = {}
        self.ended: dict[str, State] = {}
        self.hearings: dict[tuple[str, str], tuple[str, Hearing]] = {}
        self.sent: list[Sent] = []
        self.last: dict[tuple[str, str], datetime] = {}
        self.in_flight: list[Sent] = []

    def arise(self, *notices: Notice) -> None:
        self.arriving += notices

    def plan(self, now: datetime) -> None:
        self._arrive(now)
        for _ in range(100):
            due = sorted(
                {one.person for state, one in self.hearings.values() if state == "pending" and one.due_at <= now}
            )
            before = (len(self.sent), dict(self.hearings))
            for person in due:
                self._depart(person, now)
            if not due or before == (len(self.sent), self.hearings):
                return

    def settle(self, delivers: Callable[[str, str], bool], now: datetime) -> None:
        """Say what became of every message under way."""
        flying, self.in_flight = self.in_flight, []
        for one in flying:
            held = [h for h in one.hearings if self.hearings[h.notice_id, h.person][0] == "planned"]
            if delivers(one.person, one.channel):
                for hearing in held:
                    self._keep(hearing, "told")
            elif held:
                tried = {
                    (s.channel, f"{s.person}@{s.channel}") for s in self.sent
                    if s.person == one.person and {h.notice_id for h in s.hearings} & {h.notice_id for h in held}
                }  # fmt: skip
                way = next_way(one.person, held[0].channels, tried, self.setting)
                if way is not None:
                    self._send(Sent(now, one.form, one.person, way.channel, tuple(held)))
                else:
                    self._onward(held, now)

    def state(self, notice_id: str) -> State:
        if notice_id in self.ended:
            return self.ended[notice_id]
        states = [state for (key, _), (state, _) in self.hearings.items() if key == notice_id]
        return state_of(states) if states else "waiting"

    def next_due(self) -> datetime | None:
        return min((one.due_at for state, one in self.hearings.values() if state == "pending"), default=None)

    def _arrive(self, now: datetime) -> None:
        batch, self.arriving = sorted(self.arriving, key=lambda n: (n.at, len(n.notice_id), n.notice_id)), []
        told: dict[str, dict[str, bool]] = defaultdict(dict)
        waiting: dict[str, list[Hearing]] = defaultdict(list)
        for state, one in self.hearings.values():
            if state in ("planned", "told"):
                told[one.alert_id][one.person] = one.sees_grades or told[one.alert_id].get(one.person, False)
            elif state == "pending":
                waiting[one.alert_id].append(one)
        found = arrivals(batch, self.setting, Known(told, waiting, self.last), now=now)
        self.notices |= {one.notice_id: one for one in batch}
        self.ended |= {key: state for key, state, _ in found.nobody}
        for quiet in found.quiet:
            self._keep(quiet.hearing, "quiet")
        for hearing in found.hearings:
            self._keep(hearing, "pending")

    def _depart(self, person: str, now: datetime) -> None:
        held = [one for state, one in self.hearings.values() if state == "pending" and one.person == person]
        due = [one for one in held if one.due_at <= now]
        instead = standing_in(person, self.setting.day(now, person), self.setting.organisation)
        assert instead is None or instead.person == person, "absences do not change in the model"
        if next_way(person, (), (), self.setting) is None:
            self._onward(due, now)
            return
        before = [Before(one.at, one.form) for one in self.sent if one.person == person]
        gone = departures(held, before, self.setting, now=now)
        for one in gone.moved:
            self._keep(one, "pending")
        for bundle in gone.bundles:
            way = next_way(person, bundle.hearings[0].channels, (), self.setting)
            assert way is not None
            self._send(Sent(now, bundle.form, person, way.channel, bundle.hearings))

    def _onward(self, held: list[Hearing], now: datetime) -> None:
        heard: dict[str, Heard] = {}
        for one in held:
            states = {person: state for (key, person), (state, _) in self.hearings.items() if key == one.notice_id}
            alive = frozenset(p for p, state in states.items() if state in ("pending", "planned", "told"))
            tried = frozenset(p for p, state in states.items() if state in ("passed", "undelivered"))
            heard[one.notice_id] = Heard(self.notices[one.notice_id], alive, tried)
        found = onward(held, heard, self.setting, now=now)
        for one, other in found.passed:
            self._keep(one, "passed")
            self._keep(other, "pending")
        for one, _ in found.ended:
            self._keep(one, "undelivered")

    def _send(self, one: Sent) -> None:
        self.sent.append(one)
        self.in_flight.append(one)
        for hearing in one.hearings:
            self._keep(hearing, "planned")
            self.last[hearing.person, hearing.group] = one.at

    def _keep(self, one: Hearing, state: str) -> None:
        self.hearings[one.notice_id, one.person] = (state, one)
