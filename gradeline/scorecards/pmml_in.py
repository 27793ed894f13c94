"""A PMML Scorecard as a fitted scorecard. What the model says that a card cannot is refused, never passed over."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from gradeline.scorecards.fitted import Characteristic, Fitted, Step, merged
from gradeline.scorecards.xml_nodes import Node, read_xml

Given = Decimal | str | None
Predicate = Callable[[Given], bool]
_PREDICATES = ("SimplePredicate", "CompoundPredicate", "SimpleSetPredicate", "True", "False")
_COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "lessThan": lambda value, against: value < against,
    "lessOrEqual": lambda value, against: value <= against,
    "greaterThan": lambda value, against: value > against,
    "greaterOrEqual": lambda value, against: value >= against,
}
_WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_UNSEEN = "\x00"
"""A code that no file can hold."""


def read_pmml(text: str, file: str) -> Fitted:
    """Return the scorecard of a PMML document. Raises Misconfigured, naming file and line."""
    root = read_xml(text, file)
    if root.name != "PMML":
        root.wrong("this is no PMML document")
    model = root.one("Scorecard")
    for node in (*root.all("TransformationDictionary"), *model.all("LocalTransformations")):
        if node.children:
            node.wrong("derived fields are not read; fit on the fields as they are, or derive them in the method")
    numeric = {
        field.get("name"): field.get("optype") == "continuous" for field in root.one("DataDictionary").all("DataField")
    }
    replaced = {
        field.get("name"): field.attributes["missingValueReplacement"]
        for field in model.one("MiningSchema").all("MiningField")
        if "missingValueReplacement" in field.attributes
    }
    found = [_characteristic(node, numeric, replaced) for node in model.one("Characteristics").all("Characteristic")]
    return Fitted(f"PMML Scorecard, {file}", _number(model, model.attributes.get("initialScore", "0")), tuple(found))


class _Attribute:
    """One attribute: its predicate and its points, and what the predicate names."""

    def __init__(self, node: Node, numeric: dict[str, bool], fields: set[str], named: list[Decimal | str]) -> None:
        predicates = [child for child in node.children if child.name in _PREDICATES]
        if len(predicates) != 1:
            node.wrong("there must be one predicate")
        if "partialScore" not in node.attributes:
            node.wrong("a partial score that is computed is not read; write the attribute partialScore")
        self.node = node
        self.points = _number(node, node.get("partialScore"))
        self.holds = _predicate(predicates[0], numeric, fields, named)


def _characteristic(node: Node, numeric: dict[str, bool], replaced: dict[str, str]) -> Characteristic:
    fields: set[str] = set()
    named: list[Decimal | str] = []
    attributes = [_Attribute(child, numeric, fields, named) for child in node.all("Attribute")]
    if len(fields) != 1:
        node.wrong(f"its attributes look at {', '.join(sorted(fields)) or 'no field'}; a card looks at one")
    (field,) = fields

    def points(value: Given) -> Decimal | None:
        return next((attribute.points for attribute in attributes if attribute.holds(value)), None)

    reason = node.attributes.get("reasonCode")
    missing = points(None)
    if field in replaced:
        missing = points(_number(node, replaced[field]) if numeric[field] else replaced[field])
    if numeric[field]:
        marks = sorted({mark for mark in named if isinstance(mark, Decimal)})
        return Characteristic(name=field, steps=_steps(node, marks, points), missing=missing, reason=reason)
    codes = {code: given for code in dict.fromkeys(map(str, named)) if (given := points(code)) is not None}
    if points(_UNSEEN) not in (None, missing):
        node.wrong("codes that are not listed earn other points than a missing value; list every code")
    return Characteristic(name=field, codes=codes, missing=missing, reason=reason)


def _steps(node: Node, marks: list[Decimal], points: Callable[[Given], Decimal | None]) -> tuple[Step, ...]:
    """The points of a number: on every mark, and between each two."""
    if not marks:
        node.wrong("no attribute names a number")
    between = [(low + high) / 2 for low, high in pairwise(marks)]
    seen: list[tuple[Decimal | None, bool, Decimal | None]] = [(None, False, points(marks[0] - 1))]
    for mark, after in zip(marks, [*between, marks[-1] + 1], strict=True):
        seen += [(mark, False, points(mark)), (mark, True, points(after))]
    if any(given is None for _, _, given in seen):
        node.wrong("some numbers meet no attribute; add one that always holds")
    return merged([Step(start, excluded, given) for start, excluded, given in seen if given is not None])


def _predicate(node: Node, numeric: dict[str, bool], fields: set[str], named: list[Decimal | str]) -> Predicate:
    if node.name in ("True", "False"):
        return lambda _: node.name == "True"
    if node.name == "CompoundPredicate":
        parts = [_predicate(one, numeric, fields, named) for one in node.children if one.name in _PREDICATES]
        how = node.get("booleanOperator")
        if how not in ("and", "or"):
            node.wrong(f"the operator {how!r} is not read; write and, or")
        return (lambda v: all(p(v) for p in parts)) if how == "and" else (lambda v: any(p(v) for p in parts))
    field = node.get("field")
    if field not in numeric:
        node.wrong(f"{field!r} is not in the data dictionary")
    fields.add(field)
    if node.name == "SimpleSetPredicate":
        return _set(node, numeric[field], named)
    return _simple(node, numeric[field], named)


def _set(node: Node, number: bool, named: list[Decimal | str]) -> Predicate:
    if number:
        node.wrong("a set of numbers is not read; write intervals")
    codes = frozenset(_codes_in(node.one("Array")))
    named += sorted(codes)
    inside = node.get("booleanOperator") == "isIn"
    return lambda value: value is not None and (value in codes) is inside


def _codes_in(array: Node) -> list[str]:
    """The words of an array; in double quotes where they hold blanks."""
    found = [quoted or bare for quoted, bare in _WORDS.findall(array.text)]
    return [word.replace('\\"', '"') for word in found]


def _simple(node: Node, number: bool, named: list[Decimal | str]) -> Predicate:
    operator = node.get("operator")
    if operator in ("isMissing", "isNotMissing"):
        return lambda value: (value is None) is (operator == "isMissing")
    text = node.get("value")
    against: Decimal | str = _number(node, text) if number else text
    named.append(against)
    if operator in ("equal", "notEqual"):
        return lambda value: value is not None and (value == against) is (operator == "equal")
    if operator not in _COMPARE or not isinstance(against, Decimal):
        node.wrong(f"the operator {operator!r} does not suit the field")
    compare = _COMPARE[operator]
    return lambda value: isinstance(value, Decimal) and compare(value, against)


def _number(node: Node, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        node.wrong(f"{text!r} is no number")
