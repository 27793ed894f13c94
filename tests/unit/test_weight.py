"""What a state takes in memory is what its weight says, about: whatever kind of facts it was made of."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from services.rating.core.state import State
from services.rating.worker import brain
from shared.edge import codec
from shared.edge.worker.states import BYTES_OF_ONE
from tests.support.histories import START, Story

RATING = brain("CNY")
COUNT = 60
DAY = START + timedelta(days=400)


def on(number: int) -> date:
    return START + timedelta(days=number % 300)


def paid(story: Story, number: int) -> None:
    story.tell("transaction.recorded", on(number), transaction_id=f"I{number}", kind="invoice", amount="100.00",
               currency="CNY", booked_on=on(number), due_on=on(number) + timedelta(days=30))  # fmt: skip
    story.tell("payment.recorded", on(number), payment_id=f"P{number}", amount="100.00", currency="CNY", paid_on=on(number),
               allocations=[{"transaction_id": f"I{number}", "amount": "100.00"}])  # fmt: skip


def signals(story: Story, number: int) -> None:
    story.tell("signal.reported", on(number), signal_id=f"S{number}", kind="press", severity="info", on=on(number))


def measures(story: Story, number: int) -> None:
    story.tell("measure.reported", on(number), name="register_check", value="1", period_end=on(number))


def overdues(story: Story, number: int) -> None:
    story.tell("overdue.reported", on(number), transaction_id=f"I{number % 3}", amount="1.00", currency="CNY",
               days_past_due=3, reported_on=on(number))  # fmt: skip


def promises(story: Story, number: int) -> None:
    story.tell("promise.made", on(number), promise_id=f"R{number}", made_on=on(number), due_on=on(number), amount="1.00",
               currency="CNY")  # fmt: skip


def statements(story: Story, number: int) -> None:
    story.tell("financials.reported", on(number), statement_id=f"F{number}", period_end=on(number), months=12,
               currency="CNY", lines={f"line_{line}": "1000000.00" for line in range(40)})  # fmt: skip


def spread(story: Story, number: int) -> None:
    many = [{"transaction_id": f"I{number}-{at}", "amount": "1.00"} for at in range(40)]
    story.tell("payment.recorded", on(number), payment_id=f"P{number}", amount="40.00", currency="CNY", paid_on=on(number),
               allocations=many)  # fmt: skip


def schedules(story: Story, number: int) -> None:
    many = [{"seq": at + 1, "kind": "instalment", "amount": "1.00", "due_on": on(number + at)} for at in range(40)]
    story.tell("transaction.recorded", on(number), transaction_id=f"I{number}", kind="invoice", amount="40.00",
               currency="CNY", booked_on=on(number), schedule=many)  # fmt: skip


def goods(story: Story, number: int) -> None:
    many = [{"product_class": f"class {at}", "quantity": "1", "amount": "1.00"} for at in range(40)]
    story.tell("transaction.recorded", on(number), transaction_id=f"I{number}", kind="invoice", amount="40.00",
               currency="CNY", booked_on=on(number), due_on=on(number), lines=many)  # fmt: skip


KINDS = (paid, signals, measures, overdues, promises, statements, spread, schedules, goods)


def grown(tell: Callable[[Story, int], None], count: int) -> tuple[State, int]:
    """The state after *count* times what *tell* tells, decided, and the bytes of the facts."""
    story = Story(1)
    for number in range(count):
        tell(story, number)
    written = [codec.encode(event) for event in story.events]
    state, context = RATING.initial("C1"), RATING.context()
    for raw in written:
        RATING.evolve(state, codec.decode(raw))
    RATING.decide(state, DAY, context, cause="fact")
    return state, sum(len(codec.encode_data(event.data)) for event in story.events)


@pytest.mark.slow
@pytest.mark.parametrize("tell", KINDS, ids=lambda kind: kind.__name__)
def test_the_weight_of_a_state_is_about_the_memory_it_takes(tell: Callable[[Story, int], None]) -> None:
    grown(tell, COUNT)  # what is made once and shared: rules compiled, and the dates of the same days in bounded caches
    gc.collect()
    tracemalloc.start()
    try:
        state, size = grown(tell, COUNT)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    weight = max(RATING.weight(state), size // BYTES_OF_ONE)
    assert 0.1 < taken / 1_000 / weight < 3, f"{taken} bytes, {weight} counted"


@pytest.mark.parametrize("tell", KINDS, ids=lambda kind: kind.__name__)
def test_twice_the_facts_weigh_more(tell: Any) -> None:
    less, more = grown(tell, 20)[0], grown(tell, 40)[0]
    assert RATING.weight(more) - RATING.weight(less) >= 20


def test_a_state_that_came_from_a_snapshot_weighs_what_it_weighed() -> None:
    state, _ = grown(paid, 30)
    assert RATING.weight(RATING.load(RATING.dump(state))) == pytest.approx(RATING.weight(state), rel=0.1)
