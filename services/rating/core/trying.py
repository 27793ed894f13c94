"""What a method makes of given measures, told to people: lines, reasons, what would help most, what would give a grade."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from services.rating.core.engine import Engine, Values
from services.rating.core.measures.catalogue import CATALOGUE, compile_reading
from services.rating.core.path import Path, walk
from services.rating.core.state import State
from services.rating.core.view import Line, MeasureValue, PolicyId, Told
from shared.core.policy import improve
from shared.core.policy.assessment import Assessment, line_record, plain, wire
from shared.core.policy.evaluate import evaluate, refused
from shared.core.policy.explain import explain
from shared.core.policy.explain import told as in_words
from shared.core.policy.flaws import Finding
from shared.core.policy.measure import REPORTED
from shared.core.policy.policy import Policy, Title
from shared.core.refusal import Refusal

_WINDOW = re.compile(r"_\d+[dm]$")


class Change(msgspec.Struct, frozen=True):
    """One measure, or derived value, and what it would have to be."""

    measure: str
    en: str
    """What it is called."""
    zh: str
    now: str | bool | None
    needed: str | bool | None


class Way(msgspec.Struct, frozen=True):
    """Changes that together have an effect, and that effect."""

    changes: tuple[Change, ...]
    grade: str | None
    score: str | None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One assessment, told."""

    policy: PolicyId
    as_of: date
    grade: str | None
    """What the rules say by themselves, before movement and overrides."""
    score: str | None
    refusal: str | None
    refusal_detail: str | None
    reasons: tuple[Told, ...]
    caps: tuple[str, ...]
    tasks: tuple[str, ...]
    labels: dict[str, str]
    measures: dict[str, MeasureValue]
    lines: tuple[Line, ...]
    improvements: tuple[Way, ...]
    """The most useful single changes, the best first."""
    reach: str | None = None
    """The grade that was asked for."""
    ways: tuple[Way, ...] = ()
    """The smallest sets of changes that give it."""


class Trial(msgspec.Struct, frozen=True, kw_only=True, tag="trial", array_like=True):
    """What is to be tried, and on what."""

    method: str
    version: str | None = None
    """Else the one in force on the day."""
    draft: str | None = None
    """The YAML of a version, in place of any that is loaded."""
    cases: str = ""
    measures: dict[str, MeasureValue] | None = None
    customer_id: str | None = None
    as_of: date | None = None
    known_at: datetime | None = None
    reach: str | None = None
    is_fact: bool = False
    """Whether the measures come from facts, which may hold any code."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    findings: tuple[Finding, ...] = ()
    """Of the draft; one that is grave means that it should not be activated."""
    tried: Tried | None = None
    """None: the draft cannot be read, or nothing was given to try it on."""


def tried(
    policy: Policy, values: Values | Refusal, as_of: date, reach: str | None, words: Mapping[str, Title]
) -> Tried:
    """Assess *values* under *policy* and tell it. *reach* is a grade of its scale; *words* are for codes it does not explain."""
    if isinstance(values, Refusal):
        return _told(policy, refused(policy, values), {}, as_of, None, words)
    return _told(policy, evaluate(policy, values), values, as_of, reach, words)


def _told(
    policy: Policy, found: Assessment, values: Values, as_of: date, reach: str | None, words: Mapping[str, Title]
) -> Tried:
    told = explain(policy, found, words)
    lines = [
        Line(
            characteristic=line.characteristic,
            value=line.value,
            band=line.band,
            letter=line.letter,
            points=line_record(line).get("points"),
            max_points=line_record(line).get("max_points"),
            part=line.part,
            reasons=line.reasons,
            reference=line.reference,
            assumed=line.assumed,
            left_out=line.left_out,
            lost=None if said.lost is None else plain(said.lost),
            told=tuple(Told(one.code, one.en, one.zh) for one in said.reasons),
        )
        for line, said in zip(found.lines, told.lines, strict=True)
    ]
    refusal = () if found.refusal is None else (in_words(str(found.refusal), words),)
    helpful = improve.improvements(policy, values) if values else ()
    return Tried(
        policy=PolicyId(policy.method, policy.version, policy.sha256),
        as_of=as_of,
        grade=found.grade,
        score=None if found.score is None else plain(found.score),
        refusal=None if found.refusal is None else str(found.refusal),
        refusal_detail=found.refusal_detail or None,
        reasons=tuple(Told(one.code, one.en, one.zh) for one in (*refusal, *told.reasons)),
        caps=found.caps,
        tasks=found.tasks,
        labels=dict(found.labels),
        measures={alias: wire(value) for alias, value in values.items()},
        lines=tuple(lines),
        improvements=tuple(_way(policy, way) for way in helpful),
        reach=reach,
        ways=tuple(_way(policy, way) for way in improve.ways(policy, values, reach)) if reach else (),
    )


def _way(policy: Policy, way: improve.Way) -> Way:
    changes = []
    for change in way.changes:
        called = title(policy, change.measure)
        changes.append(Change(change.measure, called.en, called.zh, wire(change.now), wire(change.needed)))
    return Way(tuple(changes), way.grade, None if way.score is None else plain(way.score))


def title(policy: Policy, alias: str) -> Title:
    """What a measure is called; a derived value and a reported measure by their own names."""
    reading = policy.measures.get(alias)
    if reading is None or reading.measure.startswith(REPORTED):
        return Title(alias, alias)
    measure = CATALOGUE.get(reading.measure) or CATALOGUE.get(_WINDOW.sub("", reading.measure))
    return Title(measure.en, measure.zh) if measure else Title(alias, alias)


def measured(state: State, day: int, engine: Engine, policy: Policy) -> Values | Refusal:
    """What *policy* looks at of *state* on *day*, whoever it rates. *state* is not used afterwards.

    The lenses of *engine* must hold those of *policy*. A default lasts as the grade path says (G-18).
    """
    path: Path = []
    if state.first and state.first <= day:
        walk(state, path, state.first, day, engine)
    state.ledger.move_to(day)
    sheet = engine.sheet(state)
    if sheet.reader.without_rate:
        return Refusal.RATE_MISSING
    lenses = engine.setting.lenses
    sheet.values = {alias: compile_reading(reading, lenses)(sheet.reader) for alias, reading in policy.measures.items()}
    return sheet.in_default_since(path[-1][1].default_on if path else 0)
