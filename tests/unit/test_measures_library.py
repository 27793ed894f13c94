"""Every measure of the library is what its declaration says: when nothing is known, over any window, on days passed over."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradeline.shapes import load_template
from services.rating.core.brain import RatingBrain
from services.rating.core.context import Context
from services.rating.core.measures.catalogue import CATALOGUE, compile_reading, is_daily
from services.rating.core.measures.reading import Reader
from services.rating.core.path import Standing, next_day, step
from services.rating.core.state import State
from shared.core.customer.state import Setting
from shared.core.errors import Misconfigured
from shared.core.measures.declared import PARAMETER_VALUES, Measure
from shared.core.measures.library import FAMILIES, LIBRARY, find, is_computed
from shared.core.policy.measure import Reading, is_whole
from shared.core.policy.methods import Applies, Methods, Order
from shared.core.policy.policy import Book, Reference, sealed
from shared.core.policy.rulebook import Rulebook
from tests.support.customer import RULES, SETTING, Customer, day
from tests.support.histories import START, history
from tests.unit.test_ledger_order import ASKED, folded

WINDOWS = ("", "45d", "3m", "12m")


def readings(measure: Measure) -> dict[str, Reading]:
    """The measure over several windows, raw and with every parameter that chooses among what was told."""
    found = {}
    chosen = {key: word for key, word in ASKED.items() if key in measure.params}
    for window in WINDOWS if measure.windowed else ("",):
        if not (measure.months_only and window.endswith("d")):
            full = f"{measure.name}_{window}" if window else measure.name
            found[full] = Reading(full)
            if chosen:
                found[f"{full} chosen"] = Reading(full, dict(chosen))
    return found


@pytest.mark.parametrize("name", LIBRARY)
def test_a_measure_is_what_it_says_of_a_customer_of_whom_nothing_is_known(name: str) -> None:
    state = State("C1", SETTING)
    state.ledger.move_to(START.toordinal())
    reader, measure = Reader(state, SETTING, Context()), CATALOGUE[name]
    for reading in readings(measure).values():
        seen = compile_reading(reading, SETTING.lenses)(reader)
        if measure.by:
            assert set(seen.values()) == {Decimal(0)}
        else:
            assert (seen, type(seen) is bool) == (measure.unknown, type(measure.unknown) is bool)


def test_every_parameter_says_what_it_may_be_and_its_default_is_that() -> None:
    for measure in LIBRARY.values():
        for name, default in measure.params.items():
            allowed = PARAMETER_VALUES[name]
            if isinstance(allowed, type):
                assert type(default) is allowed, (measure.name, name)
            elif default != "":
                fits = default in allowed if isinstance(allowed, tuple) else allowed.fullmatch(str(default))
                assert fits, (measure.name, name)


def test_families_and_measures_have_titles_in_both_languages_that_nobody_else_has() -> None:
    for words in ([(one.en, one.zh) for one in FAMILIES], [(one.en, one.zh) for one in LIBRARY.values()]):
        english, chinese = zip(*words, strict=True)
        assert len(set(english)) == len(english)
        assert len(set(chinese)) == len(chinese)
        assert all(text.isascii() or "÷" in text for text in english)


@pytest.mark.parametrize(
    ("name", "window"),
    [("worst_days_late_18m", "18m"), ("dso_91d", "91d"), ("dso", ""), ("monthly_sales_3m", "3m"), ("exposure", "")],
)
def test_a_window_follows_the_name(name: str, window: str) -> None:
    found = find(name)

    assert found is not None
    assert found[1] == window


@pytest.mark.parametrize(
    "name",
    ["exposure_12m", "worst_days_late_0d", "worst_days_late_", "worst_days_late_12y", "worst_days_late_1000m",
     "monthly_sales_90d", "nothing_12m", "worst_days_late_12m_12m", "worst_days_late_١d"],
)  # fmt: skip
def test_no_other_window_is_taken(name: str) -> None:
    assert find(name) is None
    with pytest.raises(Misconfigured, match="there is no measure"):
        compile_reading(Reading(name), SETTING.lenses)


def test_a_name_with_a_window_of_ours_cannot_be_reported_even_where_it_takes_none() -> None:
    assert is_computed("exposure_12m")
    assert not is_computed("exposure_of_the_project")


@pytest.mark.parametrize(
    ("measure", "whole"),
    [("due_documents_6m", True), ("days_beyond_terms_6m", False), ("sales_volume_3m", False), ("payment_index", False)],
)
def test_counts_are_whole_and_means_are_not(measure: str, whole: bool) -> None:
    assert is_whole(Reading(measure)) is whole


# --- days that are passed over


def _watching(chosen: dict[str, Reading]) -> RatingBrain:
    """Rates everybody by a template that reads *chosen* besides, from 2020 on."""
    (policy,) = load_template("p1").versions
    more = {f"m{place}": reading for place, reading in enumerate(chosen.values())}
    early = date(2020, 1, 1)
    policy = sealed(
        msgspec.structs.replace(policy, effective=early, approved=early, measures={**policy.measures, **more})
    )
    order = Order(date(2000, 1, 1), date(2000, 1, 1), Reference("test"), {"credit": (Applies("p1"),)})
    return RatingBrain(Rulebook(Methods((order,), {"p1": Book("p1", (policy,))}), RULES.warnings), Setting())


QUIET = {
    name: reading
    for measure in CATALOGUE.values()
    for name, reading in readings(measure).items()
    if not measure.by and not is_daily(reading)
}
BRAIN = _watching(QUIET)
NAMES = {f"m{place}": name for place, name in enumerate(QUIET)}


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
@pytest.mark.slow
def test_no_measure_moves_on_a_day_that_the_path_passes_over(seed: int) -> None:
    state, engine = folded(history(seed, documents=10)), BRAIN.engine(Context())
    state = BRAIN.load(BRAIN.dump(state))
    looked, standing, before = state.first, Standing(), dict[str, Any]()
    for on in range(state.first, START.toordinal() + 500):
        state.ledger.move_to(on)
        sheet = engine.sheet(state)
        seen = dict(sheet.values)  # before a default is carried on in them
        if on == looked:
            standing = step(state, standing, sheet, on)
            looked = next_day(state, standing, sheet, on, engine)
            assert not sheet.daily
        else:
            moved = {NAMES.get(alias, alias) for alias, value in seen.items() if value != before[alias]}
            assert moved == set(), date.fromordinal(on)
        before = seen


def test_what_moves_with_the_day_alone_makes_the_path_look_at_every_day() -> None:
    book = Customer()
    book.invoice("I", "100.00", "2025-01-03", due="2025-01-20")
    book.pays("P", "100.00", "2025-01-10", for_={"I": "100.00"})
    for name, daily in (("last_payment_days", True), ("broken_promises_90d", True), ("broken_promises_12m", False),
                        ("delphi_experts", True), ("dunning_letters_12m", True)):  # fmt: skip
        brain = _watching({name: Reading(name)})
        state, engine = book.folded(), brain.engine(Context())
        state.ledger.move_to(day("2025-02-13").toordinal())
        sheet = engine.sheet(state)

        assert sheet.daily is daily, name
        assert (next_day(state, Standing(), sheet, state.ledger.day, engine) == state.ledger.day + 1) is daily, name
