"""The early-warning rules of a folder: one folder a rule, each file one whole version."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from shared.core.errors import Misconfigured
from shared.core.measures.declared import Kind
from shared.core.policy.condition import Operator
from shared.core.policy.measure import Reading, kind_of
from shared.core.policy.policy import fingerprint
from shared.core.policy.warning import Level, Mark, WarningBook, WarningKind, WarningRule
from shared.edge.policy_head import in_order, read_file, read_head, version_files
from shared.edge.policy_readings import read_readings
from shared.edge.policy_rules import kinds_of, read_assumed, read_condition
from shared.edge.policy_yaml import Section, read_number, read_section, read_text, read_whole


def load_warnings(folder: Path) -> WarningBook:
    """Return every early-warning rule under *folder*. Raises Misconfigured, naming file, line and remedy."""
    rules: dict[str, tuple[WarningRule, ...]] = {}
    if not folder.is_dir():
        return WarningBook(rules)
    for place in sorted(place for place in folder.iterdir() if place.is_dir() and place.name != "cases"):
        versions = []
        for file in version_files(place):
            name = f"warnings/{place.name}/{file.name}"
            rule = read_warning(read_file(file), name)
            if (rule.id.lower(), rule.version) != (place.name, file.stem):
                raise Misconfigured(
                    f"{name}, line 1: it states {rule.id} version {rule.version}; file and folder must agree"
                )
            versions.append((name, rule))
        if versions:
            rules[versions[0][1].id] = in_order(versions)
    _one_reading_each(rules)
    return WarningBook(rules)


def read_warning(text: str, file: str) -> WarningRule:
    """Return the rule that *text* states, with its sha256. Raises Misconfigured."""
    top = read_section(text, file)
    readings = read_readings(top.section("measures"))
    marks = _marks(top.section("levels"), readings)
    best = top.maybe("best", read_number)
    clear = top.section("clear")
    clear_at = clear.take("at", read_number)
    if not 0 < clear_at <= 1:
        clear.wrong("write the share of the raise mark at which a level is left, above 0 and at most 1", "at")
    _check_marks(top, marks, best)
    rule = {
        "id": top.take("id", read_text),
        "kind": WarningKind(top.choice("kind", tuple(WarningKind))),
        "measures": readings,
        "marks": marks,
        "best": best,
        "again": _again(top, readings),
        "clear_at": clear_at,
        "least_days": clear.take("least_days", read_whole),
        "silent_days": clear.take("silent_days", read_whole),
        **read_head(top),
        **read_assumed(top),
    }
    clear.close()
    top.close()
    found = WarningRule(**rule)
    return WarningRule(**rule, sha256=fingerprint(found))


def _again(top: Section, readings: Mapping[str, Reading]) -> str:
    name = top.take("again", read_text, "")
    if name and (name not in readings or kind_of(readings[name]) not in (Kind.COUNT, Kind.MONEY)):
        top.wrong("write the name of a measure of the rule that is a count or an amount", "again")
    return name


def _marks(section: Section, readings: Mapping[str, Reading]) -> tuple[Mark, ...]:
    only = next(iter(readings)) if len(readings) == 1 else None
    found: list[Mark] = []
    for level in (Level.INFO, Level.WARNING, Level.CRITICAL):
        name = level.name.lower()
        if name in section:
            conditions = section.sections(name) if section.is_list(name) else (section.section(name),)
            if not conditions:
                section.wrong("write at least one condition", name)
            found += [Mark(level, read_condition(one, kinds_of(readings), default=only)) for one in conditions]
    if not found:
        section.wrong("write at least one of info, warning, critical")
    section.close()
    return tuple(found)


def _check_marks(top: Section, marks: tuple[Mark, ...], best: Decimal | None) -> None:
    """Upward marks are not negative, downward ones not above `best`; else the hold mark lies on the wrong side."""
    last: dict[str, tuple[Operator, Decimal]] = {}
    for mark in marks:
        condition = mark.condition
        against = condition.against
        if condition.unknown_holds:
            top.wrong("a measure that is not known neither raises nor clears; remove `unknown`", "levels")
        if isinstance(against, bool) or not isinstance(against, Decimal):
            continue
        if condition.operator is Operator.AT_MOST:
            top.wrong("write `below`, not `at_most`, in a warning", "levels")
        downward = condition.operator is Operator.BELOW
        if downward and (best is None or against > best):
            top.wrong(
                "a rule with `below` needs `best`, the best value of the measure, not under its marks; add it", "levels"
            )
        if not downward and against < 0:
            top.wrong("a mark of an upward rule may not be negative", "levels")
        before = last.get(condition.measure)
        if before and (downward != (before[0] is Operator.BELOW) or (against < before[1]) != downward):
            top.wrong("levels must become more serious: each mark lies beyond the one before", "levels")
        last[condition.measure] = (condition.operator, against)


def _one_reading_each(rules: Mapping[str, tuple[WarningRule, ...]]) -> None:
    """An alias means one thing on any day: all rules receive the same mapping of values."""
    seen: dict[str, Reading] = {}
    for versions in rules.values():
        for rule in versions:
            for alias, reading in rule.measures.items():
                if seen.setdefault(alias, reading) != reading:
                    raise Misconfigured(
                        f"warnings/{rule.id.lower()}/{rule.version}.yaml, line 1: another rule reads {alias!r} in"
                        " another way; give it an alias of its own"
                    )
