"""The rules of a policy file: conditions, guards, vetoes, caps, floors, corrections and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from shared.core.policy.condition import Condition, Operator, Rule
from shared.core.policy.label import is_late
from shared.core.policy.measure import (
    ATTRIBUTES,
    SEALED,
    Kind,
    Reading,
    Value,
    kind_of,
)
from shared.core.refusal import Refusal
from shared.edge.policy_names import Names
from shared.edge.policy_yaml import Section, read_flag, read_number, read_text

SECTIONS = ("guards", "vetoes", "caps", "floors", "factors", "corrections", "notes")
"""The sections that hold rules, in the order in which they are read."""

Kinds = Mapping[str, Kind]


def kinds_of(readings: Mapping[str, Reading]) -> dict[str, Kind]:
    """Return alias → what it is measured in."""
    return {alias: kind_of(reading) for alias, reading in readings.items()}


def read_condition(section: Section, kinds: Kinds, *, key: str = "measure", default: str | None = None) -> Condition:
    """Return one comparison; the operator must suit what the measure is measured in, and stand alone."""
    name = section.take(key, read_text, default)
    kind = _kind(section, key, name, kinds)
    found = [operator for operator in Operator if operator in section]
    if len(found) != 1:
        section.wrong(f"write exactly one of {', '.join(Operator)}")
    operator = found[0]
    against = _constant(section, operator, kind)
    if isinstance(kinds, Names) and name in kinds.codes and operator is not Operator.KNOWN:
        for code in against if isinstance(against, tuple) else (str(against),):
            if code not in kinds.codes[name]:
                section.wrong(f"{name} is never {code!r}; choose one of {', '.join(kinds.codes[name])}", operator)
    unknown = section.choice("unknown", ("holds", "fails"), "fails") == "holds"
    section.close()
    return Condition(name, operator, against, unknown)


def attribute_kinds() -> Kinds:
    """What `applies_to` may read: customer attributes, all of them codes."""
    return dict.fromkeys(ATTRIBUTES, Kind.CODE)


def _kind(section: Section, key: str, name: str, kinds: Kinds) -> Kind:
    if name in SEALED:
        section.wrong(f"{name!r} is personal and sealed; no rule may read it", key)
    if name not in kinds:
        section.wrong(f"{name!r} is not declared; choose one of {', '.join(sorted(kinds))}", key)
    return kinds[name]


def _constant(section: Section, operator: Operator, kind: Kind) -> Decimal | bool | str | tuple[str, ...]:
    if operator is Operator.KNOWN:
        return section.take(operator, read_flag)
    if operator is Operator.IN:
        if kind is not Kind.CODE:
            section.wrong(f"a {kind} cannot be compared with `in`; it is for codes", operator)
        return section.texts(operator)
    if operator is Operator.IS:
        if kind.is_number:
            section.wrong(f"a {kind} cannot be compared with `is`; write at_least, above, at_most or below", operator)
        return section.take(operator, read_flag) if kind is Kind.FLAG else section.take(operator, read_text)
    if not kind.is_number:
        section.wrong(f"a {kind} cannot be compared with `{operator}`; write `is`", operator)
    return section.take(operator, read_number)


class RuleReader:
    """Reads the rule sections of one policy. `use` takes a shared rule by its id."""

    def __init__(
        self,
        kinds: Kinds,
        grades: tuple[str, ...],
        parts: tuple[str, ...],
        shared: Mapping[str, Section],
        late: frozenset[str] = frozenset(),
    ) -> None:
        """*shared* holds the rules of the shared file by id; a rule that is used is read once for each policy.

        *late* are the labels that are known only after the cards.
        """
        self.kinds, self.grades, self.parts, self.shared, self.late = kinds, grades, parts, shared, late

    def read(self, policy: Section) -> tuple[Rule, ...]:
        """Return the rules of every section of *policy*, in order."""
        rules: list[Rule] = []
        for name in SECTIONS:
            for section in policy.sections(name):
                found = self._one(name, section)
                if any(rule.id == found.id for rule in rules):
                    section.wrong(f"the rule {found.id!r} stands twice; keep one")
                rules.append(found)
        return tuple(rules)

    def _one(self, name: str, section: Section) -> Rule:
        used = section.maybe("use", read_text)
        if used is not None:
            section.close()
            if used not in self.shared:
                section.wrong(
                    f"there is no shared rule {used!r}; choose one of {', '.join(sorted(self.shared))}", "use"
                )
            return self._rule(name, self.shared[used].again(), used)
        return self._rule(name, section, None)

    def _rule(self, name: str, section: Section, known_id: str | None) -> Rule:
        rule_id = known_id or section.take("id", read_text)
        conditions = section.sections("when")
        if not conditions:
            section.wrong("`when` is missing; write at least one condition")
        effects: dict[str, Any] = {}
        if name == "guards":
            effects["refuse"] = Refusal(section.choice("refuse", tuple(Refusal)))
        elif name == "vetoes":
            effects["cap"] = self.grades[-1]
        elif name == "caps":
            effects["cap"] = section.choice("cap", self.grades)
        elif name == "factors":
            effects["factor"] = section.take("factor", read_number)
            effects["part"] = section.choice("part", self.parts) if "part" in section else None
            effects["cap"] = section.choice("cap", self.grades) if "cap" in section else None
        elif name == "floors":
            effects["floor"] = section.choice("floor", self.grades)
        elif name == "corrections":
            effects["notches"] = section.take("notches", _read_notches)
        rule = Rule(
            id=rule_id,
            when=tuple(read_condition(condition, self.kinds) for condition in conditions),
            reason=section.take("reason", read_text),
            reference=section.take("reference", read_text, rule_id),
            task=section.maybe("task", read_text),
            **read_assumed(section),
        )
        section.close()
        if name == "factors" and any(is_late(c.measure) or c.measure in self.late for c in rule.when):
            section.wrong(
                "a factor changes the score, so it cannot read the score, a part, or a label of these", "when"
            )
        return msgspec.structs.replace(rule, **effects)


def _read_notches(text: str) -> int:
    try:
        notches = int(text)
    except ValueError:
        notches = 0
    if not notches:
        raise ValueError("write a whole number of steps, e.g. -1 for one step worse")
    return notches


def read_assumed(section: Section) -> dict[str, Any]:
    """Return `assumed` and `why`; an assumed number without a reason is refused."""
    assumed = section.take("assumed", read_flag, False)
    why = section.take("why", read_text, "")
    if assumed and not why:
        section.wrong("`assumed: true` needs its reason; add `why`")
    return {"assumed": assumed, "why": why}


def value_readers(kinds: Kinds) -> dict[str, Callable[[str], Value]]:
    """Return the reader of each alias, for values that arrive as text."""
    return {alias: _READERS.get(kind, read_number) for alias, kind in kinds.items()}


_READERS: Mapping[Kind, Callable[[str], Value]] = {Kind.FLAG: read_flag, Kind.CODE: read_text}
