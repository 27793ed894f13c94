"""Arrival order, duplication and the way to a day never change exposure, nor hide any of it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.exposure.core.exposure import Exposure, Line, exposure, lines
from services.exposure.core.holding import APART, Holding
from services.exposure.core.reading import Commitments
from services.exposure.core.rules import DEFAULT
from shared.core.customer.evolve import evolve
from shared.core.customer.state import Customer, Setting
from shared.core.envelope import Event
from shared.core.ledger.documents import Place
from shared.core.references import References
from tests.support.covers import covers
from tests.support.dealings import DAYS, dealings
from tests.support.histories import START, history
from tests.support.plain_exposure import Exposed

covers("LT-61")

pytestmark = pytest.mark.slow

SEEDS = {"seed": st.integers(0, 10**6), "shuffle": st.integers(0, 10**6)}
Seen = tuple[Exposure, list[Line], list[tuple[str, dict[tuple[str, Place], int], dict[str, dict[str, int]]]]]


def folded(events: list[Event], day: int = 0) -> Customer[Holding]:
    held = Customer("C1", Setting(), Commitments())
    if day:  # from here on every fact is posted as it comes; before, all at once when a day is asked for
        held.ledger.move_to(day)
    seen = set()
    for event in events:
        if event.identity not in seen:
            seen.add(event.identity)
            evolve(held, event)
    return held


def seen(held: Customer[Holding], day: int) -> Seen:
    shown = exposure(held, day, DEFAULT, References(), "CNY")
    kept = [(code, one.sums, one.open) for code, one in sorted(held.ledger.positions.items()) if one.sums or one.open]
    return shown, lines(held, day, DEFAULT), kept


def story(seed: int) -> list[Event]:
    currencies = ("CNY", "CNY", "USD") if seed % 5 == 0 else ("CNY",)
    return history(seed, currencies=currencies) if seed % 4 == 0 else dealings(seed, currencies=currencies)


def days(seed: int, count: int = 4) -> list[int]:
    random = Random(seed)
    return [START.toordinal() + random.randint(-5, DAYS + 200) for _ in range(count)]


@given(**SEEDS)
def test_any_permutation_and_duplication_of_a_history_gives_equal_exposure_at_every_date(
    seed: int, shuffle: int
) -> None:
    events, random = story(seed), Random(shuffle)
    mixed = events + random.choices(events, k=len(events))
    random.shuffle(mixed)
    one, other = folded(events), folded(mixed, day=START.toordinal() + random.randint(0, DAYS))

    for day in days(shuffle):
        assert seen(one, day) == seen(other, day)


@given(**SEEDS)
def test_moving_day_by_day_comes_to_what_is_seen_afresh(seed: int, shuffle: int) -> None:
    events = story(seed)
    held = folded(events)
    first = days(shuffle, 1)[0]

    for day in (*range(first, first + 40), first + 3, first - 20):
        assert seen(held, day) == seen(folded(events), day)


@given(**SEEDS)
def test_facts_after_the_day_do_not_count(seed: int, shuffle: int) -> None:
    events = story(seed)
    for day in days(shuffle, 3):
        known = [event for event in events if event.business_date.toordinal() <= day]

        assert seen(folded(known), day) == seen(folded(events), day)


@given(**SEEDS)
@settings(max_examples=60)
def test_the_lines_of_a_figure_add_up_to_it_to_the_unit(seed: int, shuffle: int) -> None:
    held = folded(story(seed * 5 + 1))  # in one currency
    for day in days(shuffle):
        shown, found, _ = seen(held, day)
        for category, amount in {**shown.by_category, **shown.apart}.items():
            weighed = sum(line.units * line.weight for line in found if line.category == category)
            assert (-(-weighed // 10**4) if category not in APART else weighed // 10**4) == amount * 100, category
        assert shown.total == sum(shown.by_category.values()) >= 0
        assert all(amount >= 0 for amount in (*shown.by_category.values(), *shown.apart.values()))


def plain(events: list[Event], day: int) -> dict[tuple[str, str, tuple[str, ...]], int]:
    return Exposed(events, day).exposure()


@given(**SEEDS)
@settings(max_examples=150)
def test_what_is_added_up_is_what_is_found_without_adding_up(seed: int, shuffle: int) -> None:
    events = dealings(seed)
    held = folded(events)
    for day in days(shuffle):
        held.ledger.move_to(day)
        found = {(code, category, tuple(place)): units for code, one in held.ledger.positions.items()
                 for (category, place), units in one.sums.items()}  # fmt: skip
        assert found == plain(events, day)
