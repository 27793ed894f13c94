"""What one evaluation costs by itself, its measures given: with and without the lines of its explanation."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import msgspec

from gradeline.commands.policy import SHIPPED
from gradeline.shapes import SHAPES, load_template
from shared.core.policy.evaluate import evaluate
from shared.core.policy.measure import Value
from shared.core.policy.policy import Policy
from shared.edge.policy_cases import load_cases
from shared.edge.policy_files import load_rules
from tests.bench.assessing import timed
from tests.bench.report import Report
from tests.bench.scale import Scale

CARDS = 15
SHAPED = ("p2", "p3", "p10", "p16")
"""Templates with several cards and what else there is: deductions, parts, templates, a grid."""


def explained(scale: Scale, _: Path, report: Report) -> None:
    """Time a method of 15 cards over the customers of its cases, and the slowest of the other shapes."""
    book = load_rules(SHIPPED).books["rm-32"]
    policy = _of_15(book.versions[-1])
    values = [case.values for case in load_cases(SHIPPED / "rm-32", book)]
    report.figure("evaluate", f"one evaluation, {CARDS} cards", _cost(scale, policy, values, lines=False), "µs")
    report.figure("evaluate_explained", f"one evaluation with its explanation, {CARDS} cards",
                  _cost(scale, policy, values, lines=True), "µs")  # fmt: skip
    slowest = 0.0
    for shape in SHAPED:
        template = load_template(shape)
        cases = [case.values for case in load_cases(SHAPES[shape], template)]
        slowest = max(slowest, _cost(scale, template.versions[0], cases, lines=True))
    report.figure("evaluate_shaped", f"the same, slowest of {', '.join(SHAPED)}", slowest, "µs")


def _of_15(policy: Policy) -> Policy:
    cards = list(policy.cards)
    while len(cards) < CARDS:
        cards.append(msgspec.structs.replace(cards[0], id=f"again_{len(cards)}"))
    return msgspec.structs.replace(policy, cards=tuple(cards[:CARDS]))


def _cost(scale: Scale, policy: Policy, values: list[dict[str, Value]], *, lines: bool) -> float:
    customers = cycle(values)
    if lines:
        return timed(scale.rounds, lambda: evaluate(policy, next(customers)).lines)
    return timed(scale.rounds, lambda: evaluate(policy, next(customers)))
