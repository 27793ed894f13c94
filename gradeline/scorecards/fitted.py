"""A fitted scorecard as plain values, whoever fitted it: a start, and for each characteristic the points of its bands or codes."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal

import msgspec

from shared.core.policy.assessment import EXACT


class Step(msgspec.Struct, frozen=True):
    """The values from `start` on, up to the next step. `start` None: from minus infinity."""

    start: Decimal | None
    excluded: bool
    """Whether `start` itself belongs to the step before."""
    points: Decimal


class Characteristic(msgspec.Struct, frozen=True, kw_only=True):
    """One variable: steps of a number, or points of codes."""

    name: str
    steps: tuple[Step, ...] = ()
    codes: dict[str, Decimal] = {}
    missing: Decimal | None = None
    """Points where the value is not known, and for a code that is not listed; None: there is no score then."""
    reason: str | None = None


class Fitted(msgspec.Struct, frozen=True):
    """A whole scorecard."""

    source: str
    """What it was read from, for the reference of the method."""
    start: Decimal
    characteristics: tuple[Characteristic, ...]

    def score(self, values: dict[str, Decimal | int | str | None]) -> Decimal | None:
        """Return the score of *values* by the plain reading of the table: what the method made of it must equal."""
        total = self.start
        for characteristic in self.characteristics:
            points = points_of(characteristic, values.get(characteristic.name))
            if points is None:
                return None
            total = EXACT.add(total, points)
        return total


def points_of(characteristic: Characteristic, value: Decimal | int | str | None) -> Decimal | None:
    """Return the points of one value; None where there is no score without it."""
    if value is None or isinstance(value, str) == bool(characteristic.steps):
        return characteristic.missing
    if isinstance(value, str):
        return characteristic.codes.get(value, characteristic.missing)
    starts = [step.start for step in characteristic.steps[1:] if step.start is not None]
    place = bisect_right(starts, value)
    while place and characteristic.steps[place].start == value and characteristic.steps[place].excluded:
        place -= 1
    return characteristic.steps[place].points


def merged(steps: list[Step]) -> tuple[Step, ...]:
    """*steps* without those that give what the one before gives."""
    found: list[Step] = []
    for step in steps:
        if not found or found[-1].points != step.points:
            found.append(step)
    return tuple(found)
