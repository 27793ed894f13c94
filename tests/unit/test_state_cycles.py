"""A state that leaves memory is gone at once: it holds no cycle, so the worker needs no full garbage collection."""

from __future__ import annotations

import gc

import pytest

from shared.core.ledger.ledger import Ledger
from tests.support.customer import BRAIN
from tests.support.histories import history
from tests.unit.test_path import CONTEXT, END, date


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_state_that_is_let_go_is_freed_without_the_collector(seed: int) -> None:
    gc.collect()
    gc.disable()
    try:
        before = ledgers()
        state = BRAIN.initial("C1")
        for event in history(seed):
            BRAIN.evolve(state, event)
        BRAIN.decide(state, date.fromordinal(END), CONTEXT, cause="day")
        state = BRAIN.load(BRAIN.dump(state))
        assert ledgers() > before
        del state

        assert ledgers() == before
    finally:
        gc.enable()


def ledgers() -> int:
    return sum(type(one) is Ledger for one in gc.get_objects())
