"""Early warnings are raised at once, eased and cleared late, and silent for a while afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradeline.commands.policy import SHIPPED
from shared.core.policy.measure import Value
from shared.core.policy.warning import Change, Level, Watch, next_change, watch
from shared.edge.policy_files import load_rules
from tests.support.covers import covers

covers("MN-26")

DAY = date(2013, 5, 1)
RULES = load_rules(SHIPPED).warnings.at(DAY)


def at(rule: str, alias: str, *steps: tuple[int, Value]) -> list[tuple[int, str, Level]]:
    """What one rule says when *alias* has each value on day n."""
    only = tuple(one for one in RULES if one.id == rule)
    assert only
    states: tuple[Watch, ...] = ()
    said: list[tuple[int, str, Level]] = []
    for day, value in steps:
        states, changes = watch(only, {alias: value}, states, DAY + timedelta(days=day))
        said += [(day, str(change.step), change.level) for change in changes]
    return said


RATE, LATE, ARREARS = "net_collection_rate", "recent_days_late", "arrears_days_24m"


@covers("MN-01", "MN-02", "MN-05", "MN-07")
@pytest.mark.parametrize(
    ("rule", "alias", "value", "level"),
    [
        ("MN-01", RATE, Decimal(1), None),
        ("MN-01", RATE, Decimal("0.9999"), Level.INFO),
        ("MN-01", RATE, Decimal("0.95"), Level.INFO),
        ("MN-01", RATE, Decimal("0.9499"), Level.WARNING),
        ("MN-01", RATE, Decimal("0.90"), Level.WARNING),
        ("MN-01", RATE, Decimal("0.8999"), Level.CRITICAL),
        ("MN-02", LATE, 0, None),
        ("MN-02", LATE, 1, Level.INFO),
        ("MN-02", LATE, Decimal("4.99"), Level.INFO),
        ("MN-02", LATE, 5, Level.WARNING),
        ("MN-02", LATE, 10, Level.CRITICAL),
        ("MN-05", ARREARS, 0, None),
        ("MN-05", ARREARS, 1, Level.INFO),
        ("MN-05", ARREARS, 30, Level.INFO),
        ("MN-05", ARREARS, 31, Level.WARNING),
        ("MN-05", ARREARS, 90, Level.WARNING),
        ("MN-05", ARREARS, 91, Level.CRITICAL),
        ("MN-05", "breaches_24m", 0, None),
        ("MN-05", "breaches_24m", 1, Level.INFO),
        ("MN-07", "turnover_falling", False, None),
        ("MN-07", "turnover_falling", True, Level.WARNING),
        ("MN-07", "heavy_losses", True, Level.CRITICAL),
        ("MN-01", RATE, None, None),
    ],
)
def test_each_edge_raises_the_level_that_the_rule_states(
    rule: str, alias: str, value: Value, level: Level | None
) -> None:
    assert at(rule, alias, (0, value)) == ([] if level is None else [(0, "raised", level)])


def test_a_rate_clears_only_when_a_tenth_of_the_shortfall_is_made_good() -> None:
    assert at("MN-01", RATE, (0, Decimal("0.949")), (5, Decimal("0.9549"))) == [(0, "raised", Level.WARNING)]
    assert at("MN-01", RATE, (0, Decimal("0.949")), (5, Decimal("0.955"))) == [
        (0, "raised", Level.WARNING),
        (5, "eased", Level.INFO),
    ]


def test_lateness_eases_below_nine_tenths_of_the_mark() -> None:
    assert at("MN-02", LATE, (0, 10), (5, 9)) == [(0, "raised", Level.CRITICAL)]
    assert at("MN-02", LATE, (0, 10), (5, Decimal("8.99"))) == [
        (0, "raised", Level.CRITICAL),
        (5, "eased", Level.WARNING),
    ]


def test_a_warning_stands_for_two_days() -> None:
    said = at("MN-02", LATE, (0, 1), (1, 0), (2, 0))
    assert said == [(0, "raised", Level.INFO), (2, "cleared", Level.NONE)]


def test_it_worsens_at_once() -> None:
    assert at("MN-02", LATE, (0, 1), (0, 12)) == [(0, "raised", Level.INFO), (0, "escalated", Level.CRITICAL)]


def test_it_is_silent_for_seven_days_after_clearing_unless_it_is_worse_than_before() -> None:
    cleared = [(0, 6), (2, 0)]
    said = [(0, "raised", Level.WARNING), (2, "cleared", Level.NONE)]
    assert at("MN-02", LATE, *cleared, (3, 6), (8, 6)) == said
    assert at("MN-02", LATE, *cleared, (3, 6), (9, 6)) == [*said, (9, "raised", Level.WARNING)]
    assert at("MN-02", LATE, *cleared, (3, 10)) == [*said, (3, "raised", Level.CRITICAL)]


def test_what_is_not_known_neither_raises_nor_clears() -> None:
    assert at("MN-02", LATE, (0, 6), (30, None)) == [(0, "raised", Level.WARNING)]
    assert at("MN-02", LATE, (0, 6), (30, None), (31, 0)) == [(0, "raised", Level.WARNING), (31, "cleared", Level.NONE)]


def test_one_sign_that_ends_leaves_the_other() -> None:
    only = tuple(rule for rule in RULES if rule.id == "MN-07")
    states, _ = watch(only, {"turnover_falling": True, "heavy_losses": True}, (), DAY)
    states, changes = watch(only, {"turnover_falling": True, "heavy_losses": False}, states, DAY + timedelta(days=9))
    assert [(change.step, change.level) for change in changes] == [("eased", Level.WARNING)]
    states, changes = watch(only, {"turnover_falling": None, "heavy_losses": True}, (), DAY)
    _, changes = watch(only, {"turnover_falling": None, "heavy_losses": False}, states, DAY + timedelta(days=9))
    assert [(change.step, change.level) for change in changes] == [("cleared", Level.NONE)]


def test_of_two_conditions_of_one_level_either_raises_it_and_both_must_be_over() -> None:
    only = tuple(rule for rule in RULES if rule.id == "MN-05")
    states: tuple[Watch, ...] = ()
    said = []
    for day, arrears, breaches in ((0, 0, 1), (9, 3, 1), (20, 3, 0), (30, 40, 0), (40, 0, 0)):
        values: dict[str, Value] = {ARREARS: arrears, "breaches_24m": breaches}
        states, changes = watch(only, values, states, DAY + timedelta(days=day))
        said += [(day, str(change.step), change.level) for change in changes]
    assert said == [(0, "raised", Level.INFO), (30, "escalated", Level.WARNING), (40, "cleared", Level.NONE)]


def test_when_nothing_changes_the_states_are_the_same_object() -> None:
    values: dict[str, Value] = {LATE: 6, RATE: Decimal("0.5")}
    states, changes = watch(RULES, values, (), DAY)
    assert [change.rule for change in changes] == ["MN-01", "MN-02"]
    again, changes = watch(RULES, values, states, DAY + timedelta(days=1))
    assert again is states
    assert changes == ()


def test_a_change_carries_its_figures_and_the_day_that_names_it() -> None:
    states, _ = watch(RULES, {LATE: 1}, (), DAY)
    _, (change,) = watch(RULES, {LATE: 6}, states, DAY + timedelta(days=4))
    assert (change.raised_on, change.before, change.figures) == (DAY, Level.INFO, {LATE: 6})


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.integers(0, 60), st.sampled_from([None, 0, 1, Decimal("4.6"), 5, Decimal("8.9"), 9, 10]), max_size=8
    )
)
def test_walking_only_the_days_that_matter_equals_walking_every_day(facts: dict[int, Value]) -> None:
    def values(day: int) -> dict[str, Value]:
        return {LATE: next((facts[d] for d in sorted(facts, reverse=True) if d <= day), None)}

    daily: tuple[Watch, ...] = ()
    said: list[Change] = []
    for day in range(80):
        daily, changes = watch(RULES, values(day), daily, DAY + timedelta(days=day))
        said += changes
    skipped: tuple[Watch, ...] = ()
    heard: list[Change] = []
    day: int | None = 0
    while day is not None and day < 80:
        today = DAY + timedelta(days=day)
        skipped, changes = watch(RULES, values(day), skipped, today)
        heard += changes
        wakes = next_change(RULES, values(day), skipped, today)
        following = [d for d in facts if d > day] + ([(wakes - DAY).days] if wakes else [])
        day = min(following, default=None)
    assert (daily, said) == (skipped, heard)
