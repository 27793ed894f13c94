"""Mutants of a policy: every threshold, weight, veto, cap, code and switch changed a little, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from shared.core.policy.card import Card, Missing
from shared.core.policy.condition import Condition, Operator, Rule
from shared.core.policy.derived import Derived
from shared.core.policy.label import Clause, Label
from shared.core.policy.measure import is_whole
from shared.core.policy.policy import Policy

Mutant = tuple[str, Policy]

NUMBERS = {"start", "percent", "points", "zero", "full", "against", "factor", "known_at_least", "of"}
EDGES = {"start", "zero", "full", "against"}
CODES = {"cap", "floor", "letter", "gives", "otherwise", "cells", "table", "veto"}
SWAPPED = {
    Operator.AT_LEAST: Operator.ABOVE, Operator.ABOVE: Operator.AT_LEAST,
    Operator.AT_MOST: Operator.BELOW, Operator.BELOW: Operator.AT_MOST,
}  # fmt: skip
THEN = {"refuse": "worst", "worst": "best", "best": "worst", "neutral": "worst", "leave_out": "worst"}
LEFT_ALONE = {
    "movement",
    "words",
    "measures",
    "reference",
    "title",
    "rank",
    "pd",
    "default",
    "quotas",
    "reason",
    "why",
    "task",
}


class Place(NamedTuple):
    """Where in the policy something stands."""

    policy: Policy
    whole: frozenset[str]
    """Aliases whose values are whole numbers."""
    counts: bool = False
    """Whether the value that is compared here is a whole number."""
    earns: bool = True
    """Whether the card here gives points or letters."""

    def reading(self, alias: str, struct: Any) -> Place:
        """The place inside *struct*, which reads *alias*."""
        earns = not isinstance(struct, Card) or struct.points is not None or self.policy.letters is not None
        return self._replace(counts=alias in self.whole, earns=earns)


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Every mutant of *policy*, with what was changed."""
    whole = frozenset(alias for alias, reading in policy.measures.items() if is_whole(reading))
    for path, changed in _of_struct(policy, Place(policy, whole)):
        yield path, msgspec.structs.replace(changed, sha256="mutant")


def _of(value: Any, key: str, place: Place, parent: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, msgspec.Struct):
        yield from _of_struct(value, place)
    elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
        for i, item in enumerate(value):
            for path, changed in _of(item, key, place, parent):
                yield f"[{i}]{path}", (*value[:i], changed, *value[i + 1 :])
            if isinstance(item, Rule | Clause):
                yield f"[{i}] left out", (*value[:i], *value[i + 1 :])
    elif isinstance(value, dict):
        for name, inner in value.items():
            for path, changed in _of(inner, key, place, parent):
                yield f".{name}{path}", value | {name: changed}
    else:
        yield from _of_leaf(value, key, place, parent)


def _of_struct(struct: Any, place: Place) -> Iterator[tuple[str, Any]]:
    if isinstance(struct, Card | Condition | Label):
        place = place.reading(struct.of if isinstance(struct, Label) else struct.measure, struct)
    for field in struct.__struct_fields__:
        if field in LEFT_ALONE or (isinstance(struct, Derived) and field == "of" and struct.how not in ("mean", "sum")):
            continue
        for path, changed in _of(getattr(struct, field), field, place, struct):
            yield f".{field}{path}", msgspec.structs.replace(struct, **{field: changed})
    if isinstance(struct, Missing) and struct.then in THEN and place.earns:
        other: Any = THEN[struct.then]
        yield f" {other}", msgspec.structs.replace(struct, then=other, percent=None, points=None)
    if isinstance(struct, Condition) and struct.operator in SWAPPED:
        yield " swaps its edge", msgspec.structs.replace(struct, operator=SWAPPED[struct.operator])


def _of_leaf(value: Any, key: str, place: Place, parent: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Decimal) and key in NUMBERS:
        step = Decimal(1) if key in EDGES and place.counts else abs(value) * Decimal("0.02") or Decimal("0.02")
        for sign, other in (("+", value + step), ("-", value - step)):
            yield f" {sign}", other
    elif isinstance(value, bool) and key in ("against", "start_excluded", "unknown_holds") and _counts(key, parent):
        yield " flipped", not value
    elif isinstance(value, str) and key in CODES:
        other = _other(value, place.policy, parent)
        if other != value:
            yield f" {other}", other
    elif isinstance(value, int) and key == "notches":
        yield " one more", value + (1 if value > 0 else -1)


def _counts(key: str, parent: Any) -> bool:
    """Whether flipping it can change anything."""
    if key == "unknown_holds":
        return bool(parent.operator is not Operator.KNOWN)
    return key != "start_excluded" or parent.start is not None


def _other(value: str, policy: Policy, parent: Any) -> str:
    """A neighbour on the scale, or another code."""
    if value in policy.grades:
        place = policy.grades.index(value)
        return policy.grades[place - 1 if place else 1]
    if isinstance(parent, Label) or not policy.letters:
        return "moon"
    letters = sorted({str(item.letter) for card in policy.cards for item in card.outcomes})
    return letters[(letters.index(value) + 1) % len(letters)]
