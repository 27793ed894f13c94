"""The lines of an explanation that are no cards: the conditions of a list, and labels."""

from __future__ import annotations

from shared.core.policy.assessment import Line, wire
from shared.core.policy.card import band_at, band_text
from shared.core.policy.condition import Condition, against_text, test_of
from shared.core.policy.label import Clause, Label
from shared.core.policy.measure import Value


def condition_text(condition: Condition) -> str:
    """Return *condition* in words of the file: `worst_days_late at_least 10`."""
    text = f"{condition.measure} {condition.operator} {against_text(condition)}"
    return text + " or not known" if condition.unknown_holds else text


def clause_line(clause: Clause, seen: dict[str, Value]) -> Line:
    """What was seen of a condition, and the grade or code where it holds."""
    holds = all(test_of(condition)(seen) for condition in clause.when)
    values = [seen.get(condition.measure) for condition in clause.when]
    told = (
        wire(values[0]) if len(values) == 1 else ", ".join("not known" if v is None else str(wire(v)) for v in values)
    )
    return Line(
        clause.id,
        told,
        " and ".join(map(condition_text, clause.when)),
        (clause.reason,) if holds and clause.reason else (),
        clause.reference,
        letter=clause.gives if holds else None,
        assumed=clause.assumed,
        aside=True,
    )


def label_line(name: str, label: Label, labels: dict[str, str], seen: dict[str, Value]) -> Line:
    """The code of a label, and the condition or value that gave it."""
    clause = next((c for c in label.first if all(test_of(one)(seen) for one in c.when)), None)
    value = seen.get(label.of)
    if clause is not None:
        band = " and ".join(map(condition_text, clause.when))
    elif label.bands and value is not None and not isinstance(value, str):
        band = f"{label.of} in {band_text(label.bands, band_at(label.bands, value))}"
    else:
        band = f"by {label.of}" if label.of else "otherwise"
    reasons = (clause.reason,) if clause and clause.reason else ()
    return Line(
        name,
        wire(value),
        band,
        reasons,
        label.reference,
        labels.get(name),
        assumed=label.assumed,
        aside=True,
    )
