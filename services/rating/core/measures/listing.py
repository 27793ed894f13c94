"""The library as people and programs see it: every measure with its words, formula, parameters and what it is unknown."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from services.rating.core.measures.catalogue import CATALOGUE, Measure
from shared.core.measures.declared import PARAMETER_VALUES, WEIGHTS, Parameter
from shared.core.measures.library import FAMILIES
from shared.core.measures.reported import REPORTED_MEASURES, Reported

REPORTED_FAMILY = ("reported", "reported by other systems", "外部报送")


class ParameterSummary(msgspec.Struct, frozen=True):
    """One parameter, as `with:` gives it."""

    name: str
    default: str
    """How it is read where nothing is said; empty: no restriction."""
    values: str
    """What it may be."""


class MeasureSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of the library."""

    name: str
    family: str
    family_title: str
    family_title_zh: str
    kind: str
    unit: str
    title: str
    title_zh: str
    formula: str
    source: str
    window: str
    """none · any · months: whether `_90d`, `_12m` may follow its name."""
    parameters: tuple[ParameterSummary, ...]
    unknown: str | None
    """What it is of a customer of whom nothing is known; None: not known."""
    in_rules: bool
    """Whether a method or a warning may read it."""
    reported_by: str | None
    """The system that knows it; None: computed from events."""


def library() -> Iterator[MeasureSummary]:
    """Every measure, family by family; what only other systems know comes last."""
    families = {family.name: family for family in FAMILIES}
    for measure in CATALOGUE.values():
        family = families[measure.family]
        yield _computed(measure, (family.name, family.en, family.zh))
    yield from map(_reported, REPORTED_MEASURES)


def _computed(measure: Measure, family: tuple[str, str, str]) -> MeasureSummary:
    return MeasureSummary(
        name=measure.name,
        family=family[0],
        family_title=family[1],
        family_title_zh=family[2],
        kind=str(measure.kind),
        unit=measure.unit,
        title=measure.en,
        title_zh=measure.zh,
        formula=measure.formula,
        source=measure.source,
        window="none" if not measure.windowed else "months" if measure.months_only else "any",
        parameters=tuple(_parameter(name, default) for name, default in measure.params.items()),
        unknown=None if measure.unknown is None else _text(measure.unknown),
        in_rules=not measure.by,
        reported_by=None,
    )


def _reported(measure: Reported) -> MeasureSummary:
    name, title, title_zh = REPORTED_FAMILY
    return MeasureSummary(
        name=measure.name,
        family=name,
        family_title=title,
        family_title_zh=title_zh,
        kind=str(measure.kind),
        unit=str(measure.kind),
        title=measure.en,
        title_zh=measure.zh,
        formula="As last reported: credit.measure.reported.v1.",
        source="contracts A",
        window="none",
        parameters=(ParameterSummary("valid_months", "0", "a number"),),
        unknown=None,
        in_rules=True,
        reported_by=measure.system,
    )


def _parameter(name: str, default: Parameter) -> ParameterSummary:
    allowed = PARAMETER_VALUES[name]
    if isinstance(allowed, tuple):
        values = " · ".join(allowed)
    elif allowed is bool or allowed is int:
        values = "yes · no" if allowed is bool else "a number"
    else:
        values = "numbers, as 50/30/20" if allowed is WEIGHTS else "a word"
    return ParameterSummary(name, _text(default), values)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
