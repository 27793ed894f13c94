"""Every edge of a policy: the values on which a case must stand, derived from the rules themselves."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.core.policy.measure import Value
from shared.core.policy.policy import Policy


class Edge(msgspec.Struct, frozen=True):
    """A value on which something changes: of a measure (in a sector, where that matters), or of the score."""

    measure: str
    """An alias, or `score`."""
    value: Value
    sector: str | None = None


def edges(policy: Policy) -> tuple[Edge, ...]:
    """Return every edge of *policy*: band starts, codes, ends of lines, constants of rules, "not known", edges of grades."""
    found: list[Edge] = []
    for card in policy.cards:
        found.append(Edge(card.measure, None))
        found += [Edge(card.measure, band.start) for band in card.bands if band.start is not None]
        found += [Edge(card.measure, entry.code) for entry in card.lookup]
        for sector, marks in card.marks.items():
            found += [Edge(card.measure, end, sector) for end in (marks.zero, marks.full)]
    for rule in policy.rules:
        for condition in rule.when:
            constants = condition.against if isinstance(condition.against, tuple) else (condition.against,)
            found += [Edge(condition.measure, constant) for constant in constants]
            if condition.unknown_holds:
                found.append(Edge(condition.measure, None))
    found += [Edge("score", step.start) for step in policy.scale if step.start is not None]
    return tuple(dict.fromkeys(found))


def stands_on(edge: Edge, policy: Policy, values: dict[str, Value], score: Decimal | None) -> bool:
    """Whether a case with *values* and this *score* stands exactly on *edge*."""
    if edge.measure == "score":
        return score == edge.value
    if edge.measure not in values or values[edge.measure] != edge.value:
        return False
    if isinstance(edge.value, bool) != isinstance(values[edge.measure], bool):
        return False
    if edge.sector is None:
        return True
    alias = next(card.sector for card in policy.cards if card.measure == edge.measure)
    return values.get(alias or "") == (None if edge.sector == "default" else edge.sector)
