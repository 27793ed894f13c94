"""Arrival order, duplication, snapshots and the day never change what a customer's measures are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.core import snapshot
from services.rating.core.context import Context
from services.rating.core.engine import setting_for
from services.rating.core.evolve import evolve
from services.rating.core.measures.catalogue import CATALOGUE, compile_reading
from services.rating.core.measures.reading import Reader
from services.rating.core.state import State
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from shared.core.policy.measure import Reading
from shared.edge.policy_files import load_rules
from tests.support.covers import covers
from tests.support.histories import START, history

RULES = load_rules(Path(__file__).parents[2] / "services/rating/policies")
SETTING = setting_for(RULES, Setting())
GRADING = {"exclude_disputed": 60, "due_roll": True, "grace_days": 0}
WINDOWS = ("90d", "12m", "24m")
ASKED = {"product_class": "A", "unit": "case", "kind": "violation", "severity": "serious", "question": "outlook"}
"""Parameters that choose among what was told."""

pytestmark = pytest.mark.slow


def _readings() -> dict[str, Reading]:
    readings = {}
    for name, measure in CATALOGUE.items():
        windows = ("3m", "12m") if measure.months_only else WINDOWS
        for window in ("", *windows) if measure.windowed else ("",):
            full = f"{name}_{window}" if window else name
            readings[full] = Reading(full)
            if chosen := {key: word for key, word in ASKED.items() if key in measure.params}:
                readings[full + " chosen"] = Reading(full, dict(chosen))
            if "grace_days" in measure.params:
                readings[full + " graded"] = Reading(full, dict(GRADING))
            if name in {"worst_days_late", "undisputed_days_past_due", "days_beyond_terms"}:
                readings[full + " material"] = Reading(full, {**GRADING, "min_amount": "G-06"})
    return readings


MEASURES = {name: compile_reading(reading, SETTING.lenses) for name, reading in _readings().items()}


def measured(state: State, day: int) -> dict[str, object]:
    state.ledger.move_to(day)
    reader = Reader(state, SETTING, Context())
    return {name: measure(reader) for name, measure in MEASURES.items()}


def folded(events: list[Event], day: int = 0) -> State:
    state = State("C1", SETTING)
    if day:  # from here on every fact is posted as it comes; before, all at once when a day is asked for
        state.ledger.move_to(day)
    seen = set()
    for event in events:
        if event.identity not in seen:
            seen.add(event.identity)
            evolve(state, event)
    return state


def days(seed: int, count: int = 4) -> list[int]:
    random = Random(seed)
    return [START.toordinal() + random.randint(-20, 520) for _ in range(count)]


@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
def test_any_permutation_and_duplication_of_a_history_gives_equal_measures_at_every_date(
    seed: int, shuffle: int
) -> None:
    events = history(seed)
    random = Random(shuffle)
    mixed = events + random.choices(events, k=len(events))
    random.shuffle(mixed)
    one, other = folded(events), folded(mixed, day=START.toordinal() + random.randint(0, 400))

    for day in days(shuffle):
        assert measured(one, day) == measured(other, day)


@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
def test_moving_the_day_forward_and_back_comes_to_the_same_sums(seed: int, shuffle: int) -> None:
    events = history(seed)
    state = folded(events)

    for day in days(shuffle, 3):
        assert measured(state, day) == measured(folded(events), day)


@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
def test_a_snapshot_taken_anywhere_changes_nothing(seed: int, shuffle: int) -> None:
    events = history(seed)
    random = Random(shuffle)
    random.shuffle(events)
    cut = random.randint(0, len(events))
    state = folded(events[:cut], day=START.toordinal() + random.randint(0, 400))
    state = snapshot.load(snapshot.dump(state), SETTING)
    for event in events[cut:]:
        evolve(state, event)

    for day in days(shuffle, 3):
        assert measured(state, day) == measured(folded(events), day)


@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
def test_facts_after_the_day_do_not_count(seed: int, shuffle: int) -> None:
    events = history(seed)
    for day in days(shuffle, 3):
        known = [event for event in events if event.business_date.toordinal() <= day]

        assert measured(folded(known), day) == measured(folded(events), day)


@covers("MN-54")
@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
@settings(max_examples=40)
def test_the_ageing_always_adds_up_to_the_balance(seed: int, shuffle: int) -> None:
    state = folded(history(seed))
    for day in days(shuffle):
        seen = measured(state, day)
        if not state.ledger.positions:
            continue

        assert sum(seen["ageing"].values()) == seen["receivable_balance"]
        assert sum(seen["receivable_age"].values()) == seen["receivable_balance"]
        assert seen["receivable_balance"] - seen["ageing"]["not_due"] == seen["overdue_amount"]


def test_a_history_reaches_the_end_of_the_range() -> None:
    assert any(event.business_date > START + timedelta(days=300) for event in history(3))
