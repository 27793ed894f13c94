"""Which rules hold. They are sorted by the kind of their condition, so that a quiet rule costs one look-up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shared.core.policy.condition import COMPARE, Operator, Rule, all_of, whole
from shared.core.policy.measure import Value


class Holding:
    """The rules of one policy, compiled."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """Sort *rules*; their order in the answers stays that of the file."""
        self._switches: list[tuple[str, bool, bool, int]] = []
        self._numbers: list[tuple[str, Any, Any, Any, bool, int]] = []
        self._others: list[tuple[Any, int]] = []
        self._rules = rules
        for place, rule in enumerate(rules):
            first = rule.when[0]
            if len(rule.when) == 1 and first.operator is Operator.IS and isinstance(first.against, bool):
                self._switches.append((first.measure, first.against, first.unknown_holds, place))
            elif len(rule.when) == 1 and first.operator in COMPARE:
                compare, limit = COMPARE[Operator(first.operator)], first.against
                exact = whole(limit) if isinstance(limit, Decimal) else limit
                self._numbers.append((first.measure, compare, limit, exact, first.unknown_holds, place))
            else:
                self._others.append((all_of(rule.when), place))

    def at(self, values: dict[str, Value]) -> list[Rule]:
        """Return the rules that hold at *values*, in the order of the policy."""
        get = values.get
        places = []
        for key, against, unknown, place in self._switches:
            value = get(key)
            if value is against or (unknown and value is None and key in values):
                places.append(place)
        for key, compare, limit, exact, unknown, place in self._numbers:
            value = get(key)
            if value is None:
                if unknown and key in values:
                    places.append(place)
            elif compare(value, exact if value.__class__ is int else limit):
                places.append(place)
        for test, place in self._others:
            if test(values):
                places.append(place)
        return [self._rules[place] for place in sorted(places)] if places else []
