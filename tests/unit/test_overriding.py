"""Overrides on the grade path: they hold until their day, the rules go on underneath, and nothing of it is silent."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.core import snapshot
from services.rating.core.context import Context
from services.rating.core.engine import Engine
from services.rating.core.overriding import renewals
from services.rating.core.path import Path, walk
from services.rating.core.standing import Standing
from services.rating.core.state import State
from shared.core.brain import Decided
from shared.core.envelope import Event
from shared.core.events.approval import OverrideExpired, OverrideSet, OverrideWithdrawn
from shared.core.events.base import Decision
from shared.core.events.rating import DecisionCorrected, GradeChanged
from tests.support.covers import covers
from tests.support.customer import BRAIN, SETTING, Customer, Desk, day
from tests.support.histories import START, ZONE, history
from tests.unit.test_ledger_order import RULES, folded

OPENED = date(2026, 3, 2)


def decided(data: Decision, version: int = 9_000) -> Event:
    """*data* as it comes out of the log."""
    time = datetime(2026, 3, 2, 9, tzinfo=ZONE)
    return Event(
        id=f"C1/{version}", source="/gradeline/test/rating", type=data.TYPE, subject="C1", time=time, data=data
    )


def override(on: date, until: date, *, id: str = "OV-1", **what: Any) -> OverrideSet:
    return OverrideSet(as_of=on, cause="override", override_id=id, expires_on=until, reason="a guarantee", **what)


class Office:
    """A desk at which people override: a customer of grade B by the rules."""

    def __init__(self) -> None:
        self.customer = Customer()
        self.customer.registered("2024-01-02", opened_on="2024-01-02", segment="dealer")
        self.customer.months("2024-01-05", 26, late=0)
        self.customer.visited("2026-02-20")
        self.desk = Desk(self.customer, opened=OPENED)

    def hears(self, data: Decision) -> list[Decided]:
        """The decision is appended, and the customer decided again, as the API does."""
        BRAIN.evolve(self.desk.state, decided(data))
        assert self.desk.today is not None
        return self.desk.decides(self.desk.today, "override")

    def grade(self) -> tuple[str | None, str | None]:
        standing = self.desk.standing(self.desk.today or OPENED)
        return standing.grade, standing.underlying


@pytest.fixture
def office() -> Office:
    return Office()


def changes(made: list[Decided]) -> list[tuple[str, str | None, str | None, str | None, bool]]:
    return [
        (one.data.cause, one.data.from_, one.data.to, one.data.underlying, one.publish)
        for one in made
        if isinstance(one.data, GradeChanged)
    ]


def worse(grade: str | None) -> str:
    return {"A": "B", "B": "C", "C": "D"}[grade or "D"]


@covers("G-25")
def test_an_override_replaces_the_grade_until_its_day_and_is_said_once(office: Office) -> None:
    stood, underlying = office.grade()
    assert stood is not None
    made = office.hears(override(OPENED, date(2026, 3, 20), grade=worse(stood)))
    assert changes(made) == [("override", stood, worse(stood), underlying, True)]
    (change,) = [one.data for one in made]
    assert change.override_id == "OV-1"
    assert "OVERRIDE" in change.reasons
    assert office.desk.decides(OPENED) == []

    lived = office.desk.lives("2026-03-20")
    assert not [one for one in lived if isinstance(one.data, OverrideExpired)]
    assert office.grade()[0] == worse(stood)
    after = office.desk.lives("2026-03-21")
    (expired,) = [one for one in after if isinstance(one.data, OverrideExpired)]
    assert (expired.data.as_of, expired.publish) == (date(2026, 3, 21), True)
    assert changes(after) == [("override", worse(stood), stood, office.grade()[1], True)]
    assert office.desk.lives("2026-06-30") is not None
    assert len(office.desk.said(OverrideExpired)) == 1


def test_the_customer_is_looked_at_when_the_override_ends_though_nothing_else_happens(office: Office) -> None:
    office.hears(override(OPENED, date(2026, 3, 3), grade="D"))
    outcome = BRAIN.decide(office.desk.state, OPENED, office.customer.context, cause="day")
    assert outcome.wakes_on is not None
    assert outcome.wakes_on <= date(2026, 3, 4)


def test_a_cap_holds_only_what_is_better(office: Office) -> None:
    stood, _ = office.grade()
    assert stood is not None
    made = office.hears(override(OPENED, date(2026, 3, 20), cap="A"))
    assert [(c[1], c[2], c[4]) for c in changes(made)] == [(stood, stood, False)], "recorded, and published to nobody"
    made = office.hears(override(OPENED, date(2026, 3, 20), id="OV-2", cap=worse(stood)))
    assert [c[2] for c in changes(made)] == [worse(stood)]
    assert "OVERRIDE_CAP" in made[0].data.reasons


def test_an_override_that_is_withdrawn_ends_on_that_day(office: Office) -> None:
    stood, _ = office.grade()
    office.hears(override(OPENED, date(2026, 5, 20), grade="D"))
    office.desk.lives("2026-03-10")
    made = office.hears(OverrideWithdrawn(as_of=date(2026, 3, 10), cause="override", override_id="OV-1"))
    assert changes(made) == [("override", "D", stood, office.grade()[1], True)]
    assert office.desk.standing("2026-03-09").grade == "D"
    office.desk.lives("2026-05-25")
    assert office.desk.said(OverrideExpired) == []


def test_of_two_the_one_that_was_set_last_holds_and_the_first_goes_on_after_it(office: Office) -> None:
    stood, _ = office.grade()
    office.hears(override(OPENED, date(2026, 3, 20), grade="D"))
    office.hears(override(OPENED, date(2026, 3, 5), id="OV-2", grade="C"))
    assert [(office.desk.lives(on) and None) or office.grade()[0] for on in ("2026-03-05", "2026-03-06", "2026-03-21")] == [
        "C", "D", stood,
    ]  # fmt: skip


def test_a_fact_that_comes_late_restates_the_rules_below_and_the_override_stands(office: Office) -> None:
    stood, _ = office.grade()
    office.hears(override(OPENED, date(2026, 4, 20), grade="C"))
    office.desk.lives("2026-03-10")
    office.customer.signals("S-1", "dishonest_debtor", "2026-03-05")
    made = office.desk.decides("2026-03-10")
    assert office.grade() == ("C", "D")
    assert office.desk.standing("2026-03-04").underlying == stood
    assert not [one for one in made if isinstance(one.data, DecisionCorrected)], "the effective grade was what it is"
    assert [c[2:] for c in changes(made)] == [("C", "D", False)]


def test_a_grade_of_another_scale_holds_nothing_and_says_so(office: Office) -> None:
    stood, _ = office.grade()
    office.hears(override(OPENED, date(2026, 3, 20), grade="5"))
    assert office.grade()[0] == stood
    assert "OVERRIDE_OFF_SCALE" in office.desk.standing(OPENED).held


def test_the_view_shows_who_what_and_why_beside_the_grade_of_the_rules(office: Office) -> None:
    stood, underlying = office.grade()
    said = override(OPENED, date(2026, 3, 20), grade="D", by="li", evidence="DOC-7", approval_id="AP-1")
    office.customer.events.append(decided(said))
    view = office.customer.view("2026-03-10")
    assert view.credit is not None
    assert (view.credit.grade, view.credit.without_override, view.credit.override_id) == ("D", stood, "OV-1")
    assert view.credit.underlying == underlying
    (shown,) = view.explanations[0].overrides
    assert (shown.grade, shown.in_force, shown.by, shown.reason) == ("D", True, "li", "a guarantee")
    after = office.customer.view("2026-03-25")
    assert after.credit is not None
    assert (after.credit.grade, after.credit.override_id) == (stood, None)
    assert not after.explanations[0].overrides[0].in_force


def test_overrides_that_follow_each_other_are_counted(office: Office) -> None:
    state = office.desk.state
    assert renewals(state, day("2026-03-02").toordinal(), "rm-22") == 0
    office.hears(override(OPENED, date(2026, 3, 20), grade="C"))
    assert renewals(state, day("2026-03-15").toordinal(), "rm-22") == 1
    assert renewals(state, day("2026-03-21").toordinal(), "rm-22") == 1
    assert renewals(state, day("2026-03-22").toordinal(), "rm-22") == 0
    office.hears(override(date(2026, 3, 21), date(2026, 4, 20), id="OV-2", grade="C"))
    assert renewals(state, day("2026-04-01").toordinal(), "rm-22") == 2
    office.hears(override(date(2026, 4, 21), date(2026, 4, 30), id="OV-3", grade="large", method="level"))
    assert renewals(state, day("2026-04-22").toordinal(), "rm-22") == 0, "those of another method are no renewals"


def test_a_grade_is_valid_no_longer_than_the_override_that_put_it_there(office: Office) -> None:
    def said() -> date | None:
        found: date | None = office.desk.said(GradeChanged)[-1].valid_until
        return found

    reviewed = said()
    assert reviewed is not None
    stood = office.grade()[0]
    office.hears(override(OPENED, date(2026, 3, 20), grade=worse(stood)))
    assert said() == date(2026, 3, 20)
    put = decided(override(OPENED, date(2026, 3, 20), grade=worse(stood)))
    rating = office.customer.view("2026-03-10", [*office.customer.events, put]).credit
    assert rating is not None
    assert rating.valid_until == date(2026, 3, 20)
    office.hears(OverrideWithdrawn(as_of=OPENED, cause="override", override_id="OV-1"))
    assert said() == reviewed
    office.hears(override(OPENED, date(2026, 3, 20), id="OV-2", cap=stood))
    assert said() == reviewed, "a cap under which the grade lies holds nothing"


def rules_alone(path: Path) -> Path:
    """The path without what overrides laid over it."""
    bare: Path = []
    for on, standing in path:
        now = standing.rules or standing
        if not bare or bare[-1][1] != now:
            bare.append((on, now))
    return bare


def scratch(events: list[Event], said: list[OverrideSet], end: int, *, daily: bool) -> tuple[State, Path]:
    state, path = folded(events), []
    for number, one in enumerate(said):
        BRAIN.evolve(state, decided(one, number))
    walk(state, path, state.first, end, Engine(RULES, SETTING, Context()), daily=daily)
    return state, path


def some(random: Random) -> list[OverrideSet]:
    made = []
    for number in range(random.randint(1, 4)):
        on = START + timedelta(days=random.randint(60, 400))
        what = random.choice([{"grade": "A"}, {"grade": "C"}, {"cap": "B"}, {"cap": "D"}, {"grade": "9"}])
        made.append(override(on, on + timedelta(days=random.randint(0, 90)), id=f"OV-{number}", **what))
    return made


@pytest.mark.slow
@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_rules_go_on_underneath_and_no_day_is_missed(seed: int) -> None:
    events, said, end = history(seed, documents=12), some(Random(seed)), START.toordinal() + 500
    _, bare = scratch(events, [], end, daily=True)
    state, path = scratch(events, said, end, daily=True)

    assert scratch(events, said, end, daily=False)[1] == path
    assert rules_alone(path) == bare
    held: dict[int, Standing] = {}
    at, now = 0, Standing()
    for on in range(state.first, end + 1):
        if at < len(path) and path[at][0] == on:
            now, at = path[at][1], at + 1
        held[on] = now
    for on, standing in held.items():
        wanted = [one for one in said if one.as_of.toordinal() <= on <= one.expires_on.toordinal()]
        last = wanted[-1] if wanted else None
        rules = (standing.rules or standing).grade
        expected = rules
        if last is not None and rules is not None and (last.grade or last.cap) != "9":
            expected = last.grade or max(rules, str(last.cap))
        assert standing.grade == expected, date.fromordinal(on)
    assert snapshot.dump(snapshot.load(snapshot.dump(state), SETTING)) == snapshot.dump(state)


@pytest.mark.slow
@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_live_path_with_overrides_equals_the_path_from_scratch(seed: int, shuffle: int) -> None:
    random, context, end = Random(shuffle), Context(), START.toordinal() + 450
    events, said = history(seed, documents=10), some(Random(seed))
    arrivals = list(events)
    random.shuffle(arrivals)
    state, waiting, number = BRAIN.initial("C1"), list(said), 0
    today = START.toordinal() + random.randint(0, 60)
    lived: list[OverrideSet] = []
    while today < end or arrivals:
        for _ in range(random.randint(0, 4)):
            if arrivals:
                BRAIN.evolve(state, arrivals.pop())
        if waiting and random.random() < 0.2 and state.head:
            one = msgspec.structs.replace(waiting.pop(), as_of=date.fromordinal(today))
            one = msgspec.structs.replace(one, expires_on=max(one.expires_on, one.as_of))
            lived.append(one)
            BRAIN.evolve(state, decided(one, number := number + 1))
        if random.random() < 0.2:
            state = BRAIN.load(BRAIN.dump(state))
        for made in BRAIN.decide(state, date.fromordinal(today), context, cause="fact").decisions:
            BRAIN.evolve(state, decided(made.data, number := number + 1))
        if not arrivals or random.random() < 0.5:
            today = min(end, today + random.choice([1, 1, 2, 30]))
    BRAIN.decide(state, date.fromordinal(end), context, cause="day")

    assert state.path == scratch(events, lived, end, daily=False)[1]
