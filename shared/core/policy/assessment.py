"""What an evaluation says: the grade and every line it stands on. The explanation is the result."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from shared.core.policy.measure import Value
from shared.core.refusal import Refusal

if TYPE_CHECKING:
    from shared.core.policy.hit import Hit
    from shared.core.policy.plan import Plan

EXACT = Context(prec=60)
"""Points are added and compared exactly; no thread's own decimal context has a say."""

_SHOWN = Decimal("1E-9")


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One characteristic: what was seen, which band it hit, what it gave, and by which reference."""

    characteristic: str
    value: str | bool | None
    """As on the wire: numbers as decimal strings. None: not known."""
    band: str
    reasons: tuple[str, ...]
    reference: str
    letter: str | None = None
    points: Decimal | None = None
    """Cut to 9 decimals, never rounded up."""
    max_points: Decimal | None = None
    part: str | None = None
    left_out: bool = False
    assumed: bool = False
    aside: bool = False
    """Whether it is no card but a condition of a list, or a label."""


class Assessment(msgspec.Struct, frozen=True, gc=False):
    """A grade or a refusal. Grade, score and reasons are computed at once, lines and parts when they are asked for."""

    method: str
    version: str
    sha256: str
    grade: str | None
    score: Decimal | None
    """0 to 100, cut to 9 decimals so that it never shows an edge that was not reached. None in a method of letters."""
    refusal: Refusal | None
    refusal_detail: str
    reasons: tuple[str, ...]
    caps: tuple[str, ...]
    """Ids of the vetoes and caps that decided; empty where the cards did."""
    tasks: tuple[str, ...]
    plan: Plan | None
    values: dict[str, Value]
    hits: tuple[Hit, ...]
    factors: tuple[tuple[str, Decimal], ...]
    labels: dict[str, str] = {}
    """What stands beside the grade: label to code, and in a method of the weakest part each part to its grade."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """One line for each card, in the order of the policy; none where no policy was in force."""
        return self.plan.lines(self) if self.plan else ()

    @property
    def parts(self) -> dict[str, str]:
        """The letter of each card, or the points of each part of the card, as text; and every label."""
        parts: dict[str, Decimal] = {}
        letters: dict[str, str] = {}
        for line in self.lines:
            if line.aside:
                continue
            if line.letter is not None:
                letters[line.characteristic] = line.letter
            elif line.points is not None:
                name = line.part or line.characteristic
                parts[name] = EXACT.add(parts.get(name, Decimal(0)), line.points)
        return (letters or {name: plain(points) for name, points in parts.items()}) | self.labels

    def record(self) -> dict[str, Any]:
        """Everything as JSON values, with the lines; equal values under an equal policy give an equal record."""
        record = {
            "method": self.method,
            "version": self.version,
            "sha256": self.sha256,
            "grade": self.grade,
            "score": None if self.score is None else plain(self.score),
            "refusal": None if self.refusal is None else str(self.refusal),
            "refusal_detail": self.refusal_detail or None,
            "reasons": list(self.reasons),
            "caps": list(self.caps),
            "tasks": list(self.tasks),
            "parts": self.parts,
            "lines": [line_record(line) for line in self.lines],
        }
        return record | {"labels": self.labels} if self.labels else record


def line_record(line: Line) -> dict[str, Any]:
    """Return *line* as JSON values: `letter` in a method of letters, else `points` and `max_points`."""
    record: dict[str, Any] = {"characteristic": line.characteristic, "value": line.value}
    if line.max_points is None:
        record["letter"] = line.letter
    else:
        record["points"] = None if line.points is None else plain(line.points)
        record["max_points"] = plain(line.max_points)
        record["part"] = line.part
    record |= {"band": line.band, "reasons": list(line.reasons), "reference": line.reference, "assumed": line.assumed}
    if line.left_out:
        record["left_out"] = True
    return record


def shown(points: Decimal) -> Decimal:
    """Return *points* cut to 9 decimals."""
    return points.quantize(_SHOWN, rounding=ROUND_FLOOR, context=EXACT)


def plain(number: Decimal | int) -> str:
    """Return *number* without exponent and without trailing zeros: `72.5`, `80`, `0`."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def wire(value: Value) -> str | bool | None:
    """Return *value* as it stands in a record: numbers as decimal text."""
    if value is None or isinstance(value, bool | str):
        return value
    return plain(value)
