"""The rules of a policy file: measures it reads, conditions, guards, vetoes, caps, factors and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from shared.core.policy.condition import Condition, Operator, Rule
from shared.core.policy.measure import (
    ATTRIBUTES,
    MEASURES,
    PARAMETER_VALUES,
    PARAMETERS,
    SEALED,
    Kind,
    Parameter,
    Reading,
    Value,
)
from shared.core.refusal import Refusal
from shared.edge.policy_yaml import Section, read_flag, read_number, read_text, read_whole

SECTIONS = ("guards", "vetoes", "caps", "factors", "notes")
"""The sections that hold rules, in the order in which they are read."""

Kinds = Mapping[str, Kind]


def read_readings(section: Section) -> dict[str, Reading]:
    """Return alias → reading of a `measures:` section. Refuses what is not on the closed lists."""
    return {alias: _reading(section.section(alias)) for alias in section.names()}


def kinds_of(readings: Mapping[str, Reading]) -> dict[str, Kind]:
    """Return alias → what it is measured in."""
    return {alias: MEASURES[reading.measure] for alias, reading in readings.items()}


def _reading(section: Section) -> Reading:
    measure = section.take("from", read_text)
    if measure in SEALED:
        section.wrong(f"{measure!r} is personal and sealed; no rule may read it", "from")
    if measure not in MEASURES:
        section.wrong(f"{measure!r} is not a measure; choose one of {', '.join(sorted(MEASURES))}", "from")
    params: dict[str, Parameter] = {}
    given = section.maybe_section("with")
    if given is not None:
        for name in given.names():
            if name not in PARAMETERS.get(measure, ()):
                given.wrong(f"{measure} takes no parameter {name!r}", name)
            params[name] = given.take(name, _parameter(name))
    section.close()
    return Reading(measure, params)


def _parameter(name: str) -> Callable[[str], Parameter]:
    allowed = PARAMETER_VALUES[name]
    if allowed is int:
        return read_whole
    if allowed is bool:
        return read_flag

    def read(text: str) -> str:
        if not isinstance(allowed, tuple) or text not in allowed:
            raise ValueError(f"write one of {', '.join(allowed) if isinstance(allowed, tuple) else ''}")
        return text

    return read


def read_condition(section: Section, kinds: Kinds, *, key: str = "measure", default: str | None = None) -> Condition:
    """Return one comparison; the operator must suit what the measure is measured in, and stand alone."""
    name = section.take(key, read_text, default)
    kind = _kind(section, key, name, kinds)
    found = [operator for operator in Operator if operator in section]
    if len(found) != 1:
        section.wrong(f"write exactly one of {', '.join(Operator)}")
    operator = found[0]
    against = _constant(section, operator, kind)
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
        self, kinds: Kinds, grades: tuple[str, ...], parts: frozenset[str], shared: Mapping[str, Section]
    ) -> None:
        """*shared* holds the rules of the shared file by id; a rule that is used is read once for each policy."""
        self.kinds, self.grades, self.parts, self.shared = kinds, grades, parts, shared

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
            effects["part"] = section.choice("part", tuple(sorted(self.parts)))
            effects["cap"] = section.choice("cap", self.grades) if "cap" in section else None
        rule = Rule(
            id=rule_id,
            when=tuple(read_condition(condition, self.kinds) for condition in conditions),
            reason=section.take("reason", read_text),
            reference=section.take("reference", read_text, rule_id),
            task=section.maybe("task", read_text),
            **read_assumed(section),
        )
        section.close()
        return msgspec.structs.replace(rule, **effects)


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
