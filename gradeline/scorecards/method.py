"""A fitted scorecard as a method: the YAML of a version, and cases that hold what the table says on every edge."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from gradeline.scorecards.fitted import Characteristic, Fitted, points_of
from shared.core.errors import Misconfigured
from shared.core.policy.assessment import EXACT, plain
from shared.core.policy.measure import Kind, readable

_PLAIN = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_MOST_SUMS = 3000
Given = Decimal | int | str | None
Grades = tuple[tuple[str, Decimal | None], ...]
"""Grade and the lowest score of it, best first; None for the worst."""


def read_grades(text: str) -> Grades:
    """Return `A:640,B:600,C` as grades. Raises Misconfigured."""
    found: list[tuple[str, Decimal | None]] = []
    pieces = [piece.strip() for piece in text.split(",")]
    for place, piece in enumerate(pieces):
        name, _, edge = piece.partition(":")
        try:
            found.append((name, Decimal(edge) if place < len(pieces) - 1 else None))
        except ArithmeticError:
            raise Misconfigured(
                f"--grades {text}: write grades with their lowest score, best first, e.g. A:640,B:600,C"
            ) from None
    edges = [edge for _, edge in found if edge is not None]
    if (
        len(found) < 2
        or not all(name for name, _ in found)
        or edges != sorted(edges, reverse=True)
        or ":" in pieces[-1]
    ):
        raise Misconfigured(f"--grades {text}: write grades with their lowest score, best first, e.g. A:640,B:600,C")
    return tuple(found)


def method_of(fitted: Fitted, method: str, grades: Grades, effective: date) -> str:
    """Return the YAML of version 1 of *method*: points as fitted, a total of its own, grades as given."""
    names = ", ".join(f"{grade}: {12 if place < len(grades) / 2 else 3}" for place, (grade, _) in enumerate(grades))
    scale = "".join(
        f"  - {{grade: {_quoted(grade)}, rank: {100 - place * 100 // (len(grades) - 1)},"
        f" from: {'-inf' if edge is None else plain(edge)}}}\n"
        for place, (grade, edge) in enumerate(grades)
    )
    measures = "".join(_measure(one) for one in fitted.characteristics)
    cards = "".join(_card(one, fitted.source) for one in fitted.characteristics)
    return f"""# A fitted scorecard. Points and edges are those of the table; what is not theirs is marked below.
method: {method}
version: "1"
purpose: credit
effective: {effective}
approved: {effective}
owner: credit-policy
title: {{en: Fitted scorecard, zh: 统计评分卡}}
reference:
  title: {_quoted(fitted.source)}

total: {{start: {plain(fitted.start)}}}  # points of its own, not scaled to 100

scale:
{scale}
measures:  # another system reports them; write `from: …` where the measure is computed here
{measures}
cards:
{cards}
movement:
  fall: at_once
  rise: {{only_at: monthly_review, max_steps: 1, cooldown_days: 90, from_worst: {{approval: yes, clean_months: 6}}}}
  review_months: {{{names}}}
  valid_months: {{{names}}}
  reference: G-22, G-23
  assumed: true
  why: the table says nothing of movement
"""


def _measure(one: Characteristic) -> str:
    if readable(one.name):
        return f"  {_quoted(one.name)}: {{from: {one.name}}}\n"
    return (
        f"  {_quoted(one.name)}: {{reported: {_quoted(one.name)}, kind: {Kind.POINTS if one.steps else Kind.CODE}}}\n"
    )


def _card(one: Characteristic, source: str) -> str:
    if one.steps and len(one.steps) < 2:
        raise Misconfigured(
            f"{one.name!r} gives the same points whatever is seen; leave it out and add them to the start"
        )
    head = f"  - id: {_quoted(one.name)}\n    part: {_quoted(one.name)}\n"
    rows = [
        f"      - {{{'above' if step.excluded else 'from'}: {'-inf' if step.start is None else plain(step.start)},"
        f" points: {plain(step.points)}}}\n"
        for step in one.steps
    ] or [f"      - {{is: {_quoted(code)}, points: {plain(points)}}}\n" for code, points in one.codes.items()]
    reason = f"    reason: {one.reason}\n" if one.reason else ""
    then = "refuse" if one.missing is None else f"neutral, points: {plain(one.missing)}"
    form = "bands" if one.steps else "lookup"
    return (
        f"{head}    {form}:\n{''.join(rows)}{reason}    missing: {{then: {then}}}\n    reference: {_quoted(source)}\n"
    )


def cases_of(fitted: Fitted, grades: Grades) -> str:
    """Return cases on every edge, with the scores that the table itself gives."""
    base = {one.name: _first(one) for one in fitted.characteristics}
    lines = ['# The scores are those of the table, added up by its plain reading.\nversion: "1"\nbase:\n']
    lines += [f"  {_quoted(name)}: {_value(value)}\n" for name, value in base.items()]
    lines.append("cases:\n")
    for one in fitted.characteristics:
        for value in [*(step.start for step in one.steps if step.start is not None), *one.codes, None]:
            name = f"{one.name} is {'not known' if value is None else _value(value)}"
            lines.append(_case(name, {one.name: value}, fitted.score({**base, one.name: value}), grades))
    for edge, values in _on_edges(fitted, [edge for _, edge in grades if edge is not None]).items():
        lines.append(_case(f"A score of exactly {plain(edge)}", values, fitted.score(values), grades))
    return "".join(lines)


def _case(name: str, values: dict[str, Given], score: Decimal | None, grades: Grades) -> str:
    if score is None:
        expect = '{grade: "null", refusal: MEASURE_MISSING}'
    else:
        expect = f"{{grade: {_quoted(_grade(score, grades))}, score: {plain(_cut(score))}}}"
    told = ", ".join(f"{_quoted(key)}: {_value(value)}" for key, value in values.items())
    return f"  - name: {_quoted(name)}\n    values: {{{told}}}\n    expect: {expect}\n"


def _on_edges(fitted: Fitted, edges: list[Decimal]) -> dict[Decimal, dict[str, Given]]:
    """Values that come to exactly these scores, as far as there are any and the sums are few enough to try."""
    sums: dict[Decimal, dict[str, Given]] = {fitted.start: {}}
    for one in fitted.characteristics:
        sums = {
            EXACT.add(total, points): values | {one.name: value}
            for total, values in sums.items()
            for value, points in _outcomes(one)
        }
        if len(sums) > _MOST_SUMS:
            return {}
    return {edge: sums[edge] for edge in edges if edge in sums}


def _outcomes(one: Characteristic) -> list[tuple[Given, Decimal]]:
    """One value of each step or code, and what it earns."""
    beyond = [step.start + (1 if step.excluded else 0) for step in one.steps if step.start is not None]
    values: list[Given] = [*([_first(one), *beyond] if one.steps else one.codes), None]
    return [(value, points) for value in values if (points := points_of(one, value)) is not None]


def _first(one: Characteristic) -> Decimal | str:
    if not one.steps:
        return next(iter(one.codes))
    start = one.steps[1].start
    assert start is not None
    return start - 1


def _grade(score: Decimal, grades: Grades) -> str:
    return next(grade for grade, edge in grades if edge is None or score >= edge)


def _cut(score: Decimal) -> Decimal:
    return score.quantize(Decimal("1E-9"), rounding="ROUND_FLOOR", context=EXACT)


def _value(value: Given) -> str:
    if value is None:
        return "null"
    return _quoted(value) if isinstance(value, str) else plain(value)


def _quoted(text: str) -> str:
    """*text* as a scalar of YAML."""
    if _PLAIN.fullmatch(text) and text not in ("yes", "no", "true", "false", "null"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
