"""The grade path is a pure function of the facts: however they arrived, whenever snapshots were taken, days skipped or not."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.core import snapshot
from services.rating.core.brain import RatingBrain
from services.rating.core.context import Context
from services.rating.core.engine import Engine
from services.rating.core.path import Path, walk
from shared.core.customer.state import Setting
from shared.core.envelope import Event
from tests.support.histories import START, history
from tests.unit.test_ledger_order import RULES, SETTING, folded

BRAIN = RatingBrain(RULES, Setting())
CONTEXT = Context()
END = START.toordinal() + 500

pytestmark = pytest.mark.slow


def scratch(events: list[Event], end: int = END, *, daily: bool = True) -> Path:
    """The path computed at once, one step every single day."""
    state, path = folded(events), []
    walk(state, path, state.first, end, Engine(RULES, SETTING, CONTEXT), daily=daily)
    return path


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25)
def test_skipping_days_on_which_nothing_can_change_changes_nothing(seed: int) -> None:
    events = history(seed, documents=14)

    assert scratch(events, daily=False) == scratch(events)


@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 10**6))
@settings(max_examples=25)
def test_the_live_path_equals_the_path_from_scratch_for_any_arrival_order(seed: int, shuffle: int) -> None:
    random = Random(shuffle)
    events = history(seed, documents=10)
    arrivals = list(events)
    random.shuffle(arrivals)
    state = BRAIN.initial("C1")
    day = START.toordinal() + random.randint(0, 60)
    while arrivals or day < END:
        for _ in range(random.randint(0, 6)):
            if arrivals:
                BRAIN.evolve(state, arrivals.pop())
        if random.random() < 0.2:
            state = BRAIN.load(BRAIN.dump(state))
        BRAIN.decide(state, date.fromordinal(day), CONTEXT, cause="fact")
        if not arrivals or random.random() < 0.5:
            day = min(END, day + random.choice([0, 1, 1, 2, 30, 90]))
    BRAIN.decide(state, date.fromordinal(END), CONTEXT, cause="day")

    assert state.path == scratch(events)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_a_snapshot_is_the_state(seed: int) -> None:
    state = folded(history(seed))
    BRAIN.decide(state, date.fromordinal(END), CONTEXT, cause="day")

    assert snapshot.dump(snapshot.load(snapshot.dump(state), SETTING)) == snapshot.dump(state)
