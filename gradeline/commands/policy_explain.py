"""An explained assessment for people and for programs: lines with words, the most useful improvements, ways to a grade."""

from __future__ import annotations

from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from gradeline.language import both, say
from services.rating.adapters.trials import WORDS
from services.rating.core.trying import title
from shared.core.policy.assessment import Assessment, plain, wire
from shared.core.policy.explain import Explained, Explanation, Told, explain
from shared.core.policy.improve import Way, improvements, ways
from shared.core.policy.measure import Value
from shared.core.policy.policy import Policy, Title


class Explaining(msgspec.Struct, frozen=True):
    """Everything that is told of one assessment."""

    policy: Policy
    explanation: Explanation
    improvements: tuple[Way, ...]
    grade: str | None
    """The grade that was asked for."""
    ways: tuple[Way, ...]
    """To that grade."""


def explaining(policy: Policy, values: dict[str, Value], assessment: Assessment, grade: str | None) -> Explaining:
    """Explain *assessment* of *values*, and search the ways to *grade*."""
    found = ways(policy, values, grade) if grade else ()
    return Explaining(policy, explain(policy, assessment, WORDS), improvements(policy, values), grade, found)


def record(told: Explaining) -> dict[str, Any]:
    """Return it as JSON values."""
    said: dict[str, Any] = {
        "lines": [_line_record(line) for line in told.explanation.lines],
        "reasons": msgspec.to_builtins(told.explanation.reasons),
        "improvements": [_way_record(way) for way in told.improvements],
    }
    if told.grade is not None:
        said |= {"reach": told.grade, "ways": [_way_record(way) for way in told.ways]}
    return said


def print_explaining(told: Explaining) -> None:
    """Print the lines, the improvements and the ways."""
    console = Console()
    table = Table(
        *map(say, ("characteristic", "seen", "band", "result", "lost", "because", "reference")), title=say("Why")
    )
    for line in told.explanation.lines:
        result = line.letter or (say("left out") if line.left_out else "")
        if line.points is not None and line.best is not None:
            result = say("{points} of {most}", points=plain(line.points), most=plain(line.best))
        value = say("not known") if line.value is None else str(line.value)
        lost = "" if line.lost is None else plain(line.lost)
        because = "\n".join(map(_words, line.reasons))
        table.add_row(line.characteristic, value, line.band, result, lost, because, line.reference)
    console.print(table)
    for reason in told.explanation.reasons:
        console.print(say("because: {words}", words=_words(reason)))
    _print_ways(console, told.policy, say("what would help most"), told.improvements)
    if told.grade is not None:
        _print_ways(console, told.policy, say("what would give {grade}", grade=told.grade), told.ways)


def _print_ways(console: Console, policy: Policy, title: str, found: tuple[Way, ...]) -> None:
    if not found:
        console.print(say("{title}: nothing, or more than three changes", title=title))
        return
    console.print(f"{title}:")
    for way in found:
        changes = "; ".join(
            f"{_title(policy, change.measure)}: {_shown(change.now)} -> {_shown(change.needed)}"
            for change in way.changes
        )
        score = "" if way.score is None else say(", score {score}", score=plain(way.score))
        console.print(f"  {changes} = {way.grade}{score}")


def _words(told: Told) -> str:
    return told.code if told.en == told.code else f"{both(Title(told.en, told.zh))} ({told.code})"


def _title(policy: Policy, alias: str) -> str:
    """What a measure is called, behind its name."""
    called = both(title(policy, alias))
    return alias if called == alias else f"{alias} ({called})"


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return say("not known") if value is None else str(wire(value))


def _line_record(line: Explained) -> dict[str, Any]:
    numbers = {"points": line.points, "best": line.best, "lost": line.lost}
    shown = {key: plain(number) for key, number in numbers.items() if number is not None}
    return {**msgspec.to_builtins(line), **shown}


def _way_record(way: Way) -> dict[str, Any]:
    return {
        "changes": [
            {"measure": change.measure, "now": wire(change.now), "needed": wire(change.needed)}
            for change in way.changes
        ],
        "grade": way.grade,
        "score": None if way.score is None else plain(way.score),
    }
