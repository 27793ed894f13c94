"""Every edge of a policy: the values on which a case must stand, derived from the rules themselves."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from shared.core.policy.assessment import Assessment
from shared.core.policy.condition import Condition, Operator
from shared.core.policy.label import PART, Label
from shared.core.policy.measure import Value
from shared.core.policy.policy import Policy
from shared.core.policy.shape import Shape
from shared.core.policy.shaped import ShapedPlan


class Edge(msgspec.Struct, frozen=True):
    """A value on which something changes: of a measure (in a sector, where that matters), or of the score."""

    measure: str
    """An alias, a label, `score`, `part.NAME`, or `ROWS × COLUMNS` of a grid."""
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
    shape = policy.shape or Shape()
    found += [edge for rule in policy.rules for condition in rule.when for edge in _of_condition(condition)]
    for label in (*shape.labels.values(), *([shape.lists] if shape.lists else [])):
        found += _of_label(label)
    if shape.templates:
        found += [Edge(shape.templates.by, name) for name in shape.templates.names]
    if shape.grid:
        across = _across(policy)
        found += [Edge(across, f"{row} × {column}") for row, line in shape.grid.cells.items() for column in line]
    axes = dict.fromkeys(PART + card.part.split(".")[0] for card in policy.cards if card.part)
    scores = list(axes) if shape.weakest else ["score"]
    found += [Edge(name, step.start) for name in scores for step in policy.scale if step.start is not None]
    return tuple(dict.fromkeys(found))


def _of_condition(condition: Condition) -> list[Edge]:
    if condition.operator is Operator.KNOWN:
        return [Edge(condition.measure, None)]
    constants = condition.against if isinstance(condition.against, tuple) else (condition.against,)
    unknown = [Edge(condition.measure, None)] if condition.unknown_holds else []
    return [*(Edge(condition.measure, constant) for constant in constants), *unknown]


def _of_label(label: Label) -> list[Edge]:
    found = [edge for clause in label.first for condition in clause.when for edge in _of_condition(condition)]
    found += [Edge(label.of, band.start) for band in label.bands if band.start is not None]
    return [*found, *(Edge(label.of, entry.code) for entry in label.lookup)]


def _across(policy: Policy) -> str:
    assert policy.shape is not None
    assert policy.shape.grid is not None
    return f"{policy.shape.grid.rows} × {policy.shape.grid.columns}"


def stands_on(edge: Edge, policy: Policy, seen: Mapping[str, Value]) -> bool:
    """Whether a case in which *seen* was seen (see `Case.seen`) stands exactly on *edge*."""
    if edge.measure not in seen:
        return False
    value = seen[edge.measure]
    if value != edge.value or isinstance(edge.value, bool) != isinstance(value, bool):
        return False
    if edge.sector is None:
        return True
    card = next(card for card in policy.cards if card.measure == edge.measure and edge.sector in card.marks)
    alias, lines = card.sector, card.marks
    sector = seen.get(alias) if alias else None
    return sector not in lines if edge.sector == "default" else sector == edge.sector


def seen_in(policy: Policy, assessment: Assessment) -> dict[str, Value]:
    """Everything that *assessment* looked at or came to, by the names of `Edge.measure`."""
    plan = policy.plan
    seen: dict[str, Value] = dict(assessment.values)
    if isinstance(plan, ShapedPlan):
        seen = plan.looked_at(seen, assessment)
        if policy.shape and policy.shape.grid:
            grid = policy.shape.grid
            seen[_across(policy)] = f"{seen.get(grid.rows)} × {seen.get(grid.columns)}"
    return {"score": assessment.score} | seen
