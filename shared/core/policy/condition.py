"""Conditions and the rules that stand on them. The operators are a closed set; there are no expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from shared.core.policy.measure import Value
from shared.core.refusal import Refusal


class Operator(StrEnum):
    """How a value is compared. `at_least` and `at_most` include the number itself."""

    AT_LEAST = "at_least"
    ABOVE = "above"
    AT_MOST = "at_most"
    BELOW = "below"
    IS = "is"
    IN = "in"
    KNOWN = "known"


COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.AT_LEAST: operator.ge,
    Operator.ABOVE: operator.gt,
    Operator.AT_MOST: operator.le,
    Operator.BELOW: operator.lt,
}


class Condition(msgspec.Struct, frozen=True, omit_defaults=True):
    """One comparison of one measure (or attribute) with a constant."""

    measure: str
    operator: Operator
    against: Decimal | bool | str | tuple[str, ...]
    unknown_holds: bool = False
    """Whether it holds when the measure is asked for and not known. A measure that is not asked for never holds."""


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """When all its conditions hold, its effects apply: a refusal, a cap, a factor on a part, a reason, a task."""

    id: str
    when: tuple[Condition, ...]
    reason: str
    reference: str
    refuse: Refusal | None = None
    cap: str | None = None
    factor: Decimal | None = None
    part: str | None = None
    """The part of the card that `factor` multiplies; the rule is silent where nothing of that part is known.

    None: the whole score.
    """
    task: str | None = None
    assumed: bool = False
    why: str = ""
    floor: str | None = None
    """At least this grade; a cap beats it."""
    notches: int | None = None
    """Steps of the scale that the grade is corrected by: -1 is one step worse."""


def against_text(condition: Condition) -> str:
    """The constant of *condition* as it stands in a file."""
    against = condition.against
    if isinstance(against, bool):
        return "yes" if against else "no"
    return (
        " ".join(against) if isinstance(against, tuple) else f"{against:f}" if isinstance(against, Decimal) else against
    )


_ABSENT: Any = object()


def whole(number: Decimal) -> Decimal | int:
    """Return *number* as an int where it is one: ints compare with ints many times faster."""
    return int(number) if number == int(number) else number


Test = Callable[[Mapping[str, Value]], bool]


def test_of(condition: Condition) -> Test:
    """Return *condition* as a function of the values: one look-up and one comparison."""
    key, against, unknown = condition.measure, condition.against, condition.unknown_holds
    if condition.operator is Operator.KNOWN:
        return lambda values: key in values and (values[key] is not None) == against
    if condition.operator is Operator.IS:
        return lambda values: unknown if (v := values.get(key, _ABSENT)) is None else bool(v == against)
    if condition.operator is Operator.IN:
        codes = frozenset(against if isinstance(against, tuple) else (str(against),))
        return lambda values: unknown if (v := values.get(key, _ABSENT)) is None else v in codes
    compare = COMPARE[condition.operator]
    exact = whole(against) if isinstance(against, Decimal) else against

    def holds(values: Mapping[str, Value]) -> bool:
        value = values.get(key, _ABSENT)
        if value is None:
            return unknown
        if value.__class__ is int:
            return compare(value, exact)
        return value is not _ABSENT and compare(value, against)

    return holds


def all_of(conditions: tuple[Condition, ...]) -> Test:
    """Return one function that says whether every condition holds; none at all always holds."""
    tests = tuple(test_of(condition) for condition in conditions)
    if not tests:
        return lambda values: True
    if len(tests) == 1:
        return tests[0]
    return lambda values: all(test(values) for test in tests)
